import { LatchkeyError } from '../domain/errors.ts';
import type { VerificationSender } from '../roles/wallet/ports.ts';

export interface VerificationFlags {
  readonly 'verification-command'?: string | undefined;
  readonly 'verification-file'?: string | undefined;
}

/** How verification codes leave this machine: as a flag says, else as LATCHKEY_VERIFICATION_COMMAND or _FILE. */
export async function openVerificationSender(flags: VerificationFlags = {}): Promise<VerificationSender | undefined> {
  const isGiven = flags['verification-command'] !== undefined || flags['verification-file'] !== undefined;
  const { LATCHKEY_VERIFICATION_COMMAND, LATCHKEY_VERIFICATION_FILE } = isGiven ? {} : process.env;
  const command = flags['verification-command'] ?? (LATCHKEY_VERIFICATION_COMMAND || undefined);
  const file = flags['verification-file'] ?? (LATCHKEY_VERIFICATION_FILE || undefined);
  if (command === undefined && file === undefined) {
    return undefined;
  }
  if (command !== undefined && file !== undefined) {
    throw new LatchkeyError('invalid_input', 'Verification codes go to a command or to a file, not to both.');
  }
  const { execVerificationSender, fileVerificationSender } = await import('../prompts/verification.ts');
  return command === undefined ? fileVerificationSender(file!) : execVerificationSender(command);
}
