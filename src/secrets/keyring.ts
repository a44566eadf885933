import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { LatchkeyError } from '../domain/errors.ts';
import { base64url, parseBase64url } from '../protocol/encoding.ts';
import type { Sealer } from '../roles/sealer.ts';
import type { SecretStore } from '../roles/secret-store.ts';
import { withLock } from './lock.ts';
import { readPrivateFile, writePrivateFile } from './private-file.ts';
import { keyLength, KeyringSealer } from './seal.ts';

const storeName = 'storage-key';
const longestFile = 64 * 1024;
const howToMakeOne = '`head -c 32 /dev/urandom | basenc --base64url | tr -d =` makes one.';

export interface KeyringOptions {
  /** LATCHKEY_KEY_FILE names a file of mode 0600 with the keys; without it they are in the secret store. */
  readonly env: NodeJS.ProcessEnv;
  readonly store: () => Promise<SecretStore>;
  /** The user's data folder, for the lock under which keys are changed. */
  readonly data: string;
}

export interface Keyring extends Sealer {
  /** What `seal` uses: 32 bytes. */
  readonly newestKey: Uint8Array;
  /** Takes what is in the file or store now: keys that were added or retired meanwhile. */
  reload(): Promise<void>;
}

/** Where the keys are: one a line in base64url, newest first. */
interface KeyPlace {
  readonly words: string;
  read(): Promise<string | undefined>;
  write(text: string): Promise<void>;
}

/**
 * The keys of the database. `create`: make the first one if there is none, as for a new database; of any number of
 * processes that do so at once all get the same one. Errors: `storage_key_missing`, those of the secret store.
 */
export async function openKeyring(options: KeyringOptions & { readonly create?: boolean }): Promise<Keyring> {
  const place = await placeOf(options);
  const keys = await readKeys(place);
  if (keys !== undefined || options.create !== true) {
    return keyringOf(place, keys ?? noKeys(place));
  }
  return change(options, place, (present) => present ?? [randomBytes(keyLength)]);
}

/**
 * A new newest key beside the others. Boxes of the older ones still open, here and from backups; whoever runs with
 * this keyring needs `reload` before it meets a box of the new key. Errors: as `openKeyring`.
 */
export async function addKey(options: KeyringOptions): Promise<Keyring> {
  const place = await placeOf(options);
  return change(options, place, (present) => [randomBytes(keyLength), ...(present ?? noKeys(place))]);
}

/**
 * Forgets all keys but the newest: what they sealed never opens again, from old backups neither.
 * Errors: as `openKeyring`.
 */
export async function retireKeys(options: KeyringOptions): Promise<Keyring> {
  const place = await placeOf(options);
  return change(options, place, (present) => (present ?? noKeys(place)).slice(0, 1));
}

async function change(
  { data }: KeyringOptions,
  place: KeyPlace,
  edit: (present: readonly Uint8Array[] | undefined) => readonly Uint8Array[],
): Promise<Keyring> {
  const lock = join(data, 'storage-key.lock');
  return withLock(lock, async () => {
    await place.write(edit(await readKeys(place)).map((key) => `${base64url(key)}\n`).join(''));
    // What is there now counts: a keychain may be shared with a process that has another data folder and lock.
    return keyringOf(place, (await readKeys(place)) ?? noKeys(place));
  });
}

function keyringOf(place: KeyPlace, keys: readonly Uint8Array[]): Keyring {
  const sealer = new KeyringSealer(keys);
  const reload = async () => sealer.use((await readKeys(place)) ?? noKeys(place));
  return Object.assign(sealer, { reload });
}

async function readKeys(place: KeyPlace): Promise<Uint8Array[] | undefined> {
  const lines = (await place.read())?.split(/\s+/).filter((line) => line !== '');
  const keys = lines?.map((line, index) => {
    const key = parseBase64url(line, keyLength);
    if (key === undefined) {
      throw new LatchkeyError('storage_key_missing', `Line ${index + 1} of ${place.words} is no key.`, {
        hint: `A key is ${keyLength} bytes in base64url; ${howToMakeOne}`,
      });
    }
    return key;
  });
  return keys === undefined || keys.length === 0 ? undefined : keys;
}

async function placeOf({ env, store }: KeyringOptions): Promise<KeyPlace> {
  const path = env['LATCHKEY_KEY_FILE'];
  if (path) {
    return {
      words: path,
      read: () => readPrivateFile(path, longestFile),
      write: (text) => writePrivateFile(path, text),
    };
  }
  const opened = await store();
  return {
    words: `${storeName} in the secret store (${opened.kind})`,
    read: () => opened.get(storeName),
    write: async (text) => {
      if (opened.kind === 'env') {
        throw new LatchkeyError('storage_key_missing', 'The key of the database is to come from the environment, and is not there.', {
          hint: `Set LATCHKEY_SECRET_STORAGE_KEY, or LATCHKEY_KEY_FILE to a file of mode 0600; ${howToMakeOne}`,
        });
      }
      await opened.set(storeName, text);
    },
  };
}

function noKeys(place: KeyPlace): never {
  throw new LatchkeyError('storage_key_missing', `There is no key of the database: nothing in ${place.words}.`);
}
