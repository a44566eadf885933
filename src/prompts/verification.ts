import { open } from 'node:fs/promises';
import { LatchkeyError } from '../domain/errors.ts';
import type { VerificationMessage, VerificationSender } from '../roles/wallet/ports.ts';
import { runWithJson, wordsOf } from './child.ts';

const sendingMs = 20_000;

/** Has a program send the verification code: the message is JSON on its standard input, exit code 0 is sent. */
export function execVerificationSender(command: string): VerificationSender {
  const words = wordsOf(command);
  return {
    async send(message) {
      const code = await runWithJson(words, wireOf(message), AbortSignal.timeout(sendingMs)).catch((error: unknown) => {
        // Who asks for a code is not told what there is on the server's disk.
        throw new LatchkeyError('verification_unavailable', 'The sending program cannot be started.', { cause: error });
      });
      if (code !== 0) {
        throw new LatchkeyError('verification_unavailable', `The sending program ended with ${code ?? 'no exit code'}.`);
      }
    },
  };
}

/** Appends it to a file that its owner alone reads, a line of JSON each: for tests and for a post room of one's own. */
export function fileVerificationSender(path: string): VerificationSender {
  return {
    async send(message) {
      try {
        await using file = await open(path, 'a', 0o600);
        await file.appendFile(`${JSON.stringify(wireOf(message))}\n`);
      } catch (error) {
        throw new LatchkeyError('verification_unavailable', 'The file of verification codes cannot be written.', { cause: error });
      }
    },
  };
}

function wireOf({ contact, accountName, code, expiresAt }: VerificationMessage) {
  return { contact: contact ?? null, account_name: accountName, verification_code: code, expires_at: expiresAt.toISOString() };
}
