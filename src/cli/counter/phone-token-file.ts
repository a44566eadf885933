import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LatchkeyError } from '../../domain/errors.ts';
import { newPhoneToken } from '../../roles/pos/subjects.ts';
import { withLock } from '../../secrets/lock.ts';
import { LineFile } from '../line-file.ts';
import { systemRandom } from '../local-registry.ts';
import { paths } from '../paths.ts';
import { readGivenSecret, type SecretSources } from '../secret-input.ts';

/**
 * The token for which a receipt code is redeemed (protocol.md section 8), from --phone-token-file or LATCHKEY_PHONE_TOKEN.
 * A file that is not there is made with a new one, on the disk before anything is sent: after a reply that was lost the
 * same command asks again by the same token. Errors: `missing_input`, those of reading a secret and of writing a file.
 */
export async function phoneTokenToRedeem(file: string | undefined, sources: SecretSources): Promise<string> {
  if (file !== undefined && file !== '-') {
    await makeTokenFile(file);
  }
  const token = await readGivenSecret('phone-token', file, sources);
  if (token === undefined) {
    throw new LatchkeyError('missing_input', '--receipt goes with --phone-token-file PATH|-, or LATCHKEY_PHONE_TOKEN.', {
      hint: 'Name a file for this phone; if it is not there, it is made with a new token. Without the code, `latchkey grant show ID --qr` hands the password out.',
    });
  }
  return token;
}

/** By one of several at once, and whole: whoever reads it after that has its token. */
function makeTokenFile(path: string): Promise<void> {
  return withLock(join(paths().state, 'pos', 'phone-tokens.lock'), async () => {
    if (!existsSync(path)) {
      LineFile.replace(path, '--phone-token-file', `${newPhoneToken({ random: systemRandom })}\n`);
    }
  });
}
