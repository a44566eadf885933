import { Buffer } from 'node:buffer';
import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { LatchkeyError } from '../domain/errors.ts';
import type { SecretStore } from '../roles/secret-store.ts';
import { decrypt, encrypt } from './aead.ts';
import { checkName, checkValue } from './entry.ts';
import { deriveKey, keySource, newDerivation, type Derivation } from './file-key.ts';
import { withLock } from './lock.ts';
import { readPrivateFile, writePrivateFile } from './private-file.ts';
import { damagedFile, formatSecretsFile, parseSecretsFile, type SecretsFile } from './secrets-file.ts';

interface OpenFile {
  readonly file: SecretsFile;
  readonly key: KeyObject;
}

const longestFile = 64 * 1024 * 1024;
const noHeader = Buffer.alloc(0);
/** No secret has the empty name: the box under it only shows whether the key is right. */
const check = '';

/**
 * `secrets.json` in the data folder: every secret sealed on its own with AES-256-GCM, associated data = its name, by
 * a key from LATCHKEY_PASSPHRASE or LATCHKEY_SECRET_KEY_FILE. Any number of processes may write at once.
 */
export class FileStore implements SecretStore {
  readonly kind = 'file';
  readonly #path: string;
  readonly #lock: string;
  readonly #env: NodeJS.ProcessEnv;
  /** The key last derived and for which salt: scrypt is slow on purpose. */
  #derived: { readonly salt: Buffer; readonly key: Promise<KeyObject> } | undefined;

  constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.#path = join(folder, 'secrets.json');
    this.#lock = join(folder, 'secrets.lock');
    this.#env = env;
  }

  async get(name: string): Promise<string | undefined> {
    checkName(name);
    const opened = await this.#open();
    const box = opened?.file.entries.get(name);
    if (opened === undefined || box === undefined) {
      return undefined;
    }
    const value = decrypt(opened.key, box, Buffer.from(name), 0);
    if (value === undefined) {
      throw damagedFile(this.#path, `the secret ${name} does not open`);
    }
    return value.toString('utf8');
  }

  async set(name: string, value: string): Promise<void> {
    checkName(name);
    checkValue(name, value);
    await withLock(this.#lock, async () => {
      const { file, key } = (await this.#open()) ?? (await this.#create());
      file.entries.set(name, encrypt(key, value, Buffer.from(name), noHeader));
      await writePrivateFile(this.#path, formatSecretsFile(file));
    });
  }

  async delete(name: string): Promise<boolean> {
    checkName(name);
    return withLock(this.#lock, async () => {
      const opened = await this.#open();
      if (opened === undefined || !opened.file.entries.delete(name)) {
        return false;
      }
      await writePrivateFile(this.#path, formatSecretsFile(opened.file));
      return true;
    });
  }

  async names(): Promise<string[]> {
    const opened = await this.#open();
    return [...(opened?.file.entries.keys() ?? [])].sort();
  }

  /** The file and its key, which was seen to be right; undefined if there is no file yet. */
  async #open(): Promise<OpenFile | undefined> {
    const source = keySource(this.#env);
    const text = await readPrivateFile(this.#path, longestFile);
    if (text === undefined) {
      return undefined;
    }
    const file = parseSecretsFile(this.#path, text);
    const key = await this.#derive(file.derivation);
    if (decrypt(key, file.check, Buffer.from(check), 0) === undefined) {
      const what = source.from === 'passphrase' ? 'passphrase' : 'key file';
      throw new LatchkeyError('secret_store_locked', `${this.#path} does not open with this ${what}.`);
    }
    return { file, key };
  }

  async #create(): Promise<OpenFile> {
    const derivation = newDerivation(keySource(this.#env));
    const key = await this.#derive(derivation);
    return { file: { derivation, check: encrypt(key, '', Buffer.from(check), noHeader), entries: new Map() }, key };
  }

  async #derive(derivation: Derivation): Promise<KeyObject> {
    if (this.#derived?.salt.equals(derivation.salt) !== true) {
      this.#derived = { salt: derivation.salt, key: deriveKey(keySource(this.#env), derivation) };
    }
    const { key } = this.#derived;
    try {
      return await key;
    } catch (error) {
      this.#derived = undefined;
      throw error;
    }
  }
}
