import type { LatchkeyError } from '../domain/errors.ts';

const unsigned = 0;
const negative = 1;
const byteString = 2;
const textString = 3;
const array = 4;
const map = 5;
const tag = 6;
const nullByte = 0xf6;

const kinds = ['a number from 0 on', 'a negative number', 'bytes', 'text', 'a list', 'a map', 'a tag', 'a float or simple value'] as const;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads deterministic CBOR (RFC 8949, 4.2.1) item by item, by who knows what has to come: nothing is recursive, and
 * what is claimed about lengths reserves no memory. Errors of all: what `refuse` makes of the reason.
 */
export class CborReader {
  readonly #bytes: Uint8Array;
  /** The error for a reason. */
  readonly refuse: (detail: string) => LatchkeyError;
  #at = 0;

  constructor(bytes: Uint8Array, refuse: (detail: string) => LatchkeyError) {
    this.#bytes = bytes;
    this.refuse = refuse;
  }

  /** How many bytes were read. */
  get position(): number {
    return this.#at;
  }

  /** From 0 to 2^53 - 1. */
  unsigned(what: string): number {
    return this.#head(unsigned, what);
  }

  /** From -2^53 to 2^53 - 1. */
  integer(what: string): number {
    const major = this.#next(what) >> 5;
    if (major > negative) {
      throw this.refuse(`${what} is ${kinds[major]!} and not a number`);
    }
    return major === negative ? -1 - this.#head(negative, what) : this.#head(unsigned, what);
  }

  /** A view of the bytes. */
  bytes(what: string): Uint8Array {
    return this.#slice(this.#head(byteString, what), what);
  }

  /** Bytes of exactly this length. */
  bytesOf(length: number, what: string): Uint8Array {
    const bytes = this.bytes(what);
    if (bytes.length !== length) {
      throw this.refuse(`${what} has ${bytes.length} bytes and not ${length}`);
    }
    return bytes;
  }

  text(what: string): string {
    const bytes = this.#slice(this.#head(textString, what), what);
    try {
      return utf8.decode(bytes);
    } catch {
      throw this.refuse(`${what} is not UTF-8`);
    }
  }

  /** The number of its items, which follow. */
  array(what: string): number {
    return this.#head(array, what);
  }

  arrayOf(length: number, what: string): void {
    const found = this.array(what);
    if (found !== length) {
      throw this.refuse(`${what} has ${found} items and not ${length}`);
    }
  }

  tag(number: number, what: string): void {
    const found = this.#head(tag, what);
    if (found !== number) {
      throw this.refuse(`${what} has the tag ${found} and not ${number}`);
    }
  }

  /** Whether bytes are next. */
  isBytes(what: string): boolean {
    return this.#next(what) >> 5 === byteString;
  }

  /** Reads null, if it is next. */
  isNull(what: string): boolean {
    const isNull = this.#next(what) === nullByte;
    if (isNull) {
      this.#at += 1;
    }
    return isNull;
  }

  /** A map with exactly these keys, each with what reads its value. */
  map(what: string, members: ReadonlyMap<number, () => void>): void {
    const count = this.#head(map, what);
    const seen: number[] = [];
    while (seen.length < count) {
      const key = this.integer(`a key of ${what}`);
      const previous = seen.at(-1);
      if (key === previous) {
        throw this.refuse(`${what} has the key ${key} twice`);
      }
      if (previous !== undefined && isBefore(key, previous)) {
        throw this.refuse(`the keys of ${what} are not in order`);
      }
      const read = members.get(key);
      if (read === undefined) {
        throw this.refuse(`${what} has the key ${key}, which is not known here`);
      }
      read();
      seen.push(key);
    }
    if (count < members.size) {
      throw this.refuse(`${what} lacks the key ${[...members.keys()].find((key) => !seen.includes(key))!}`);
    }
  }

  end(what: string): void {
    if (this.#at !== this.#bytes.length) {
      throw this.refuse(`there is more behind ${what}`);
    }
  }

  #next(what: string): number {
    if (this.#at >= this.#bytes.length) {
      throw this.refuse(`it ends where ${what} should be`);
    }
    return this.#bytes[this.#at]!;
  }

  #slice(length: number, what: string): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) {
      throw this.refuse(`${what} is longer than all there is`);
    }
    const slice = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return slice;
  }

  /** The argument of the next item, which is to be of this major type. */
  #head(major: number, what: string): number {
    const first = this.#next(what);
    const found = first >> 5;
    if (found !== major) {
      throw this.refuse(`${what} is ${kinds[found]!} and not ${kinds[major]!}`);
    }
    this.#at += 1;
    const information = first & 31;
    if (information < 24) {
      return information;
    }
    if (information === 31) {
      throw this.refuse(`${what} has no definite length`);
    }
    if (information > 27) {
      throw this.refuse(`${what} begins with a byte that CBOR does not have`);
    }
    return this.#argument(1 << (information - 24), what);
  }

  #argument(width: number, what: string): number {
    let value = 0;
    for (let index = 0; index < width; index += 1) {
      value = value * 256 + this.#next(what);
      this.#at += 1;
    }
    if (value < (width === 1 ? 24 : 2 ** (width * 4))) {
      throw this.refuse(`${what} is written longer than need be`);
    }
    if (value > Number.MAX_SAFE_INTEGER) {
      throw this.refuse(`${what} is a number beyond 2^53`);
    }
    return value;
  }
}

/** In the order of their encodings, bytewise: what is not negative first, each kind from 0 away. */
function isBefore(one: number, other: number): boolean {
  return one < 0 === other < 0 ? Math.abs(one) < Math.abs(other) : one >= 0;
}
