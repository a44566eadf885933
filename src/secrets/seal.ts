import { Buffer } from 'node:buffer';
import { createHash, createSecretKey, type KeyObject } from 'node:crypto';
import { LatchkeyError } from '../domain/errors.ts';
import type { Place, Sealer } from '../roles/sealer.ts';
import { decrypt, encrypt, overhead } from './aead.ts';

const version = 1;
const headerLength = 5;

export const keyLength = 32;

interface Key {
  readonly id: number;
  readonly secret: KeyObject;
  readonly header: Uint8Array;
}

interface Ring {
  readonly newest: Key;
  readonly byId: ReadonlyMap<number, Key>;
}

/** Seals with the first key, opens with any. `keys`: at least one of 32 bytes, newest first. */
export class KeyringSealer implements Sealer {
  #keys: readonly Uint8Array[];
  #made: Ring | undefined;

  constructor(keys: readonly Uint8Array[]) {
    this.#keys = checked(keys);
  }

  /** From now on these. */
  use(keys: readonly Uint8Array[]): void {
    this.#keys = checked(keys);
    this.#made = undefined;
  }

  get newestKey(): Uint8Array {
    return this.#keys[0]!;
  }

  seal(plaintext: string | Uint8Array, place: Place): Uint8Array {
    return encrypt(this.#ring.newest.secret, plaintext, associatedData(place), this.#ring.newest.header);
  }

  open(box: Uint8Array, place: Place): Uint8Array {
    return this.#open(box, place);
  }

  openText(box: Uint8Array, place: Place): string {
    return this.#open(box, place).toString('utf8');
  }

  isCurrent(box: Uint8Array): boolean {
    return box.length > headerLength && box[0] === version && keyId(box) === this.#ring.newest.id;
  }

  /** Made when it is first needed: much is listed without a secret, and node:crypto takes long to load. */
  get #ring(): Ring {
    return (this.#made ??= ringOf(this.#keys));
  }

  #open(box: Uint8Array, place: Place): Buffer {
    if (box.length < headerLength + overhead || box[0] !== version) {
      throw new LatchkeyError('storage_corrupt', `${named(place)} is damaged: it is no sealed box.`);
    }
    const key = this.#ring.byId.get(keyId(box));
    if (key === undefined) {
      throw new LatchkeyError('storage_key_missing', `${named(place)} is sealed with a key that is not here.`);
    }
    const plaintext = decrypt(key.secret, box, associatedData(place), headerLength);
    if (plaintext === undefined) {
      throw new LatchkeyError('storage_corrupt', `${named(place)} is damaged, or was copied from another place.`);
    }
    return plaintext;
  }
}

function checked(keys: readonly Uint8Array[]): readonly Uint8Array[] {
  if (keys.length === 0) {
    throw new RangeError('a keyring holds at least one key');
  }
  if (keys.some((key) => key.length !== keyLength)) {
    throw new RangeError(`a key has ${keyLength} bytes`);
  }
  return keys;
}

function ringOf(keys: readonly Uint8Array[]): Ring {
  const ring = keys.map(toKey);
  return { newest: ring[0]!, byId: new Map(ring.map((key) => [key.id, key])) };
}

function toKey(bytes: Uint8Array): Key {
  const digest = createHash('sha256').update(bytes).digest();
  const header = Buffer.concat([Buffer.of(version), digest.subarray(0, headerLength - 1)]);
  return { id: keyId(header), secret: createSecretKey(bytes), header };
}

function keyId(box: Uint8Array): number {
  return ((box[1]! << 24) | (box[2]! << 16) | (box[3]! << 8) | box[4]!) >>> 0;
}

/** Unambiguous also if a row's key holds a zero byte: names of tables and columns hold none. */
function associatedData({ table, row, column }: Place): Buffer {
  return Buffer.from(`${table}\0${row}\0${column}`, 'utf8');
}

function named({ table, row, column }: Place): string {
  return `The ${column} of ${row} in ${table}`;
}
