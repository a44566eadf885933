import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';

/** What a terminal says of itself at the counter (protocol.md section 8). */
export interface SubjectClaim {
  readonly accountId: string;
  readonly terminalId: string;
  /** The network that it asks for. */
  readonly apId: string;
  readonly at: Date;
}

/** How far a claim's time may be from the server's, in milliseconds. */
export const subjectTokenMs = 120_000;

/**
 * HMAC-SHA-256(temporary code, "latchkey/1 subject" ‖ 0x00 ‖ account_id ‖ 0x00 ‖ terminal_id ‖ 0x00 ‖ ap_id ‖ 0x00 ‖ seconds
 * since 1970), 32 bytes: a cash register that carries it can ask in the terminal's name at that one network, for two minutes.
 */
export function subjectMac(temporaryCode: Uint8Array, { accountId, terminalId, apId, at }: SubjectClaim): Buffer {
  const seconds = Math.floor(at.getTime() / 1000);
  return createHmac('sha256', temporaryCode).update(['latchkey/1 subject', accountId, terminalId, apId, String(seconds)].join('\0')).digest();
}
