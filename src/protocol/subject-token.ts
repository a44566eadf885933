import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';
import { LatchkeyError } from '../domain/errors.ts';
import type { TerminalToken } from './card-messages.ts';
import { base64url, parseBase64url } from './encoding.ts';

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

const macBytes = 32;
const form = /^([\w-]{1,64})\.([\w-]{1,64})\.([1-9]\d{0,14})\.([1-9]\d{0,11})\.([\w-]{43})$/;

/**
 * HMAC-SHA-256(temporary code, "latchkey/1 subject" ‖ 0x00 ‖ account_id ‖ 0x00 ‖ terminal_id ‖ 0x00 ‖ ap_id ‖ 0x00 ‖ seconds
 * since 1970), 32 bytes: a cash register that carries it can ask in the terminal's name at that one network, for two minutes.
 */
export function subjectMac(temporaryCode: Uint8Array, { accountId, terminalId, apId, at }: SubjectClaim): Buffer {
  const seconds = Math.floor(at.getTime() / 1000);
  return createHmac('sha256', temporaryCode).update(['latchkey/1 subject', accountId, terminalId, apId, String(seconds)].join('\0')).digest();
}

/** A terminal's word as text: `account_id.terminal_id.code_number.seconds since 1970.mac`, the last in base64url. */
export function subjectTokenText({ accountId, terminalId, codeNumber, at, mac }: TerminalToken): string {
  return [accountId, terminalId, codeNumber, Math.floor(at.getTime() / 1000), base64url(mac)].join('.');
}

/** As `subjectTokenText` writes it and in no other form. Errors: `invalid_input`. */
export function parseSubjectToken(text: string): TerminalToken {
  const [, accountId, terminalId, number, seconds, code = ''] = form.exec(text) ?? [];
  const mac = parseBase64url(code, macBytes);
  if (accountId === undefined || terminalId === undefined || mac === undefined) {
    throw new LatchkeyError('invalid_input', 'This is no subject token.');
  }
  return { accountId, terminalId, codeNumber: Number(number), at: new Date(Number(seconds) * 1000), mac };
}
