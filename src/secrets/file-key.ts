import { createSecretKey, hkdfSync, randomBytes, scrypt, type KeyObject, type ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';
import { LatchkeyError } from '../domain/errors.ts';
import { readPrivateFile } from './private-file.ts';

const keyLength = 32;
const longestKeyFile = 4096;
const shortestKeyFile = 32;
const scryptAsync = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** scrypt (RFC 7914) at 32 MiB: a quarter of a second on a slow core, once a process. */
const cost = { n: 2 ** 15, r: 8, p: 3 };

/** How the key of the secrets file comes from what its owner gives; kept in the file. */
export type Derivation =
  | { readonly from: 'passphrase'; readonly salt: Buffer; readonly n: number; readonly r: number; readonly p: number }
  | { readonly from: 'key_file'; readonly salt: Buffer };

export type KeySource =
  | { readonly from: 'passphrase'; readonly passphrase: string }
  | { readonly from: 'key_file'; readonly path: string };

/** Errors: `secret_store_unavailable` if neither is given, `invalid_input` if both are. */
export function keySource(env: NodeJS.ProcessEnv): KeySource {
  const passphrase = env['LATCHKEY_PASSPHRASE'];
  const path = env['LATCHKEY_SECRET_KEY_FILE'];
  if (passphrase && path) {
    throw new LatchkeyError('invalid_input', 'LATCHKEY_PASSPHRASE and LATCHKEY_SECRET_KEY_FILE are both set.', {
      hint: 'Unset one of them.',
    });
  }
  if (passphrase) {
    return { from: 'passphrase', passphrase };
  }
  if (path) {
    return { from: 'key_file', path };
  }
  throw new LatchkeyError('secret_store_unavailable', 'LATCHKEY_SECRET_STORE=file has no key for the secrets file.', {
    hint: 'Set LATCHKEY_PASSPHRASE, or LATCHKEY_SECRET_KEY_FILE to a file of mode 0600 that holds at least 32 random characters.',
  });
}

export function newDerivation(source: KeySource): Derivation {
  const salt = randomBytes(16);
  return source.from === 'passphrase' ? { from: 'passphrase', salt, ...cost } : { from: 'key_file', salt };
}

/** Errors: `secret_store_locked` if the file was made with the other kind, `secret_store_unavailable` for a bad key file. */
export async function deriveKey(source: KeySource, derivation: Derivation): Promise<KeyObject> {
  if (source.from === 'passphrase' && derivation.from === 'passphrase') {
    const { salt, n, r, p } = derivation;
    // RFC 7914: 128·N·r bytes, and 128·r·p beside them.
    return createSecretKey(await scryptAsync(source.passphrase, salt, keyLength, { N: n, r, p, maxmem: 256 * (n + p) * r }));
  }
  if (source.from === 'key_file' && derivation.from === 'key_file') {
    const content = await readKeyFile(source.path);
    return createSecretKey(
      Buffer.from(hkdfSync('sha256', content, derivation.salt, 'latchkey/1 secrets-file', keyLength)),
    );
  }
  const variable = derivation.from === 'passphrase' ? 'LATCHKEY_PASSPHRASE' : 'LATCHKEY_SECRET_KEY_FILE';
  throw new LatchkeyError('secret_store_locked', `The secrets file was made with ${variable}, which is not set.`, {
    hint: `Set ${variable} and nothing else.`,
  });
}

async function readKeyFile(path: string): Promise<string> {
  const content = (await readPrivateFile(path, longestKeyFile))?.replace(/\r?\n$/, '');
  if (content === undefined) {
    throw new LatchkeyError('secret_store_unavailable', `There is no file ${path}, which LATCHKEY_SECRET_KEY_FILE names.`, {
      hint: 'Check the path.',
    });
  }
  if (content.length < shortestKeyFile) {
    throw new LatchkeyError('secret_store_unavailable', `${path} holds too little for a key.`, {
      hint: `Put at least ${shortestKeyFile} random characters into it, or use LATCHKEY_PASSPHRASE.`,
    });
  }
  return content;
}
