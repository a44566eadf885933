import { cdeDecodeOptions, cdeEncodeOptions, decode, encode } from 'cbor2';
import { LatchkeyError } from '../domain/errors.ts';

/** What our messages are made of: no floats, no tags, no simple values but true, false and null. */
export type CborValue = string | number | bigint | boolean | null | Uint8Array | readonly CborValue[] | CborMap;
export interface CborMap extends ReadonlyMap<string | number, CborValue> {}

const mostDepth = 8;

/** Deterministic CBOR (RFC 8949, 4.2.1). */
export function encodeCbor(value: CborValue): Uint8Array {
  return encode(plain(value), { ...cdeEncodeOptions, rejectFloats: true, rejectUndefined: true, rejectDuplicateKeys: true });
}

/** Without Buffers: cbor2 writes what has toJSON as what that gives. */
function plain(value: CborValue): CborValue {
  if (value instanceof Uint8Array) {
    return Uint8Array.from(value);
  }
  if (value instanceof Map) {
    return new Map([...value].map(([key, each]) => [key, plain(each)]));
  }
  return Array.isArray(value) ? value.map(plain) : value;
}

/**
 * One data item in the one form that an encoder writes (RFC 8949, 4.2.1): shortest lengths and integers, all lengths
 * definite, keys in order and once, valid UTF-8, nothing behind it. Maps are `Map`s, integers beyond 2^53 are bigints;
 * nesting ends at 8. Errors: `invalid_input`.
 */
export function decodeCbor(bytes: Uint8Array): unknown {
  try {
    return decode(bytes, {
      ...cdeDecodeOptions,
      maxDepth: mostDepth,
      preferMap: true,
      ignoreGlobalTags: true,
      rejectFloats: true,
      rejectSimple: true,
      rejectUndefined: true,
    });
  } catch (error) {
    throw new LatchkeyError('invalid_input', 'This is not deterministic CBOR.', { cause: error });
  }
}
