import { Buffer } from 'node:buffer';

/** Deterministic CBOR (RFC 8949, 4.2.1), an item at a time; who calls them keeps the keys of maps in order. */

const mostShort = 23;

/** Errors: RangeError beyond 2^53 - 1 either way. */
export function integer(value: number): Uint8Array {
  return value < 0 ? head(1, -1 - value) : head(0, value);
}

export function bytes(value: Uint8Array): Uint8Array {
  return Buffer.concat([bytesHead(value.length), value]);
}

/** What is in front of so many bytes. */
export function bytesHead(length: number): Uint8Array {
  return head(2, length);
}

export function text(value: string): Uint8Array {
  const utf8 = Buffer.from(value);
  return Buffer.concat([head(3, utf8.length), utf8]);
}

/** Of items that are written. */
export function list(items: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([listHead(items.length), ...items]);
}

/** What is in front of so many items. */
export function listHead(length: number): Uint8Array {
  return head(4, length);
}

export function map(members: readonly (readonly [key: number, value: Uint8Array])[]): Uint8Array {
  return Buffer.concat([head(5, members.length), ...members.flatMap(([key, value]) => [integer(key), value])]);
}

export function tagged(tag: number, item: Uint8Array): Uint8Array {
  return Buffer.concat([head(6, tag), item]);
}

export const nullItem: Uint8Array = Buffer.from([0xf6]);

function head(major: number, argument: number): Buffer {
  if (!Number.isSafeInteger(argument)) {
    throw new RangeError('a number in CBOR is whole and below 2^53 here');
  }
  const type = major << 5;
  if (argument <= mostShort) {
    return Buffer.from([type | argument]);
  }
  if (argument < 0x100) {
    return Buffer.from([type | 24, argument]);
  }
  const wide = argument >= 0x1_0000_0000;
  const head = Buffer.allocUnsafe(argument < 0x1_0000 ? 3 : wide ? 9 : 5);
  head[0] = type | (argument < 0x1_0000 ? 25 : wide ? 27 : 26);
  if (wide) {
    head.writeUInt32BE(Math.floor(argument / 0x1_0000_0000), 1);
  }
  if (argument < 0x1_0000) {
    head.writeUInt16BE(argument, 1);
  } else {
    head.writeUInt32BE(argument % 0x1_0000_0000, head.length - 4);
  }
  return head;
}
