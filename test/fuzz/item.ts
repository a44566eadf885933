import { Buffer } from 'node:buffer';
import type { Random } from './random.ts';

/** A data item of CBOR as a tree that can also be written as no encoder would. */
export interface Item {
  readonly major: number;
  /** Of a number or tag; else what is there decides. */
  readonly argument?: bigint;
  readonly bytes?: Uint8Array;
  readonly items?: readonly Item[];
  /** How many bytes its argument takes; undefined: as few as can be. */
  readonly width?: 0 | 1 | 2 | 4 | 8;
  readonly indefinite?: boolean;
  /** What it claims as its length. */
  readonly claimed?: bigint;
}

export const whole = (value: number | bigint): Item => (value < 0 ? { major: 1, argument: -1n - BigInt(value) } : { major: 0, argument: BigInt(value) });
export const blob = (bytes: Uint8Array): Item => ({ major: 2, bytes });
export const words = (text: string): Item => ({ major: 3, bytes: Buffer.from(text) });
export const list = (...items: readonly Item[]): Item => ({ major: 4, items });
/** Keys and values in turn. */
export const map = (...items: readonly Item[]): Item => ({ major: 5, items });
export const nil: Item = { major: 7, argument: 22n };
/** Bytes as they are. */
export const raw = (bytes: Uint8Array): Item => ({ major: -1, bytes });

export function encoded(item: Item): Buffer {
  const { major, bytes = Buffer.alloc(0), items = [] } = item;
  if (major === -1) {
    return Buffer.from(bytes);
  }
  const parts = items.map(encoded);
  if (item.indefinite === true) {
    const pieces = major === 2 || major === 3 ? [encoded({ major, bytes })] : parts;
    return Buffer.concat([Buffer.from([(major << 5) | 31]), ...pieces, Buffer.from([0xff])]);
  }
  const argument = item.claimed ?? item.argument ?? BigInt(major === 4 ? items.length : major === 5 ? Math.floor(items.length / 2) : bytes.length);
  return Buffer.concat([head(major, argument, item.width), bytes, ...parts]);
}

function head(major: number, argument: bigint, width: Item['width']): Buffer {
  const least = argument < 24n ? 0 : argument < 1n << 8n ? 1 : argument < 1n << 16n ? 2 : argument < 1n << 32n ? 4 : 8;
  const taken = width === undefined || width < least ? least : width;
  if (taken === 0) {
    return Buffer.from([(major << 5) | Number(argument)]);
  }
  const bytes = Buffer.alloc(9);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, argument), 1);
  bytes[8 - taken] = (major << 5) | ({ 1: 24, 2: 25, 4: 26, 8: 27 } as const)[taken];
  return bytes.subarray(8 - taken);
}

const numbers = [0, 1, -1, 2, 6, -6, -7, -8, 18, 23, 24, 255, 256, 65_535, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 999_999_999_999, 253_402_300_800];
const wides = [2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
const texts = ['', 'EUR', 'JPY', 'XXX', 'eur', 'a', 'acc_AQEBAQEBAQEBAQEBAQEBAQ', 'acc_x', 'codes_EUR', '\u0000', 'ä', '😀', 'i'.repeat(64), 'i'.repeat(65)];
const oddities = ['f4', 'f5', 'f7', 'f97e00', 'fb7ff8000000000000', 'f90000', 'fa47c35000', 'c24107', 'c074', 'ff', '1c', 'fc', 'f818', '62c328', '7f6161ff', '5f4101ff', '9fff', 'bfff', '9bffffffffffffffff', '5b7fffffffffffffff'];

/** Another item than it was, somewhere in it. */
export function mutated(item: Item, random: Random): Item {
  const { items } = item;
  if (items !== undefined && items.length > 0 && !random.oneIn(3)) {
    const at = random.below(items.length);
    return { ...item, items: items.map((each, index) => (index === at ? mutated(each, random) : each)) };
  }
  return items !== undefined && !random.oneIn(3) ? reordered(item, items, random) : replaced(item, random);
}

function reordered(item: Item, items: readonly Item[], random: Random): Item {
  // A map's keys stay with their values, most of the time.
  const size = item.major === 5 && !random.oneIn(6) ? 2 : 1;
  const groups = Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
  const at = random.below(groups.length + 1);
  const other = random.below(groups.length + 1);
  switch (random.below(4)) {
    case 0:
      groups.splice(at, 1);
      break;
    case 1:
      groups.splice(at, 0, ...groups.slice(other, other + 1));
      break;
    case 2:
      groups.splice(at, 0, ...groups.splice(other, 1));
      break;
    default:
      groups.splice(at, 0, Array.from({ length: size }, () => anything(random)));
  }
  return { ...item, items: groups.flat() };
}

function replaced(item: Item, random: Random): Item {
  switch (random.below(7)) {
    case 0:
      return { ...item, width: random.pick([0, 1, 2, 4, 8] as const) };
    case 1:
      return { ...item, indefinite: true };
    case 2:
      return { ...item, claimed: BigInt(random.pick([...numbers.filter((each) => each >= 0), ...wides])) };
    case 3:
      return { ...item, major: random.below(8) };
    case 4:
      return item.bytes === undefined || item.bytes.length === 0 ? anything(random) : { ...item, bytes: resized(item.bytes, random) };
    default:
      return anything(random);
  }
}

function resized(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = Buffer.from(bytes);
  switch (random.below(3)) {
    case 0:
      return copy.subarray(random.below(copy.length));
    case 1:
      return Buffer.concat([copy, random.bytes(1 + random.below(8))]);
    default:
      copy[random.below(copy.length)]! ^= 1 << random.below(8);
      return copy;
  }
}

function anything(random: Random): Item {
  switch (random.below(8)) {
    case 0:
      return whole(random.pick([...numbers, ...wides]));
    case 1:
      return whole(random.below(2 ** 32));
    case 2:
      return blob(random.bytes(random.pick([0, 1, 8, 15, 16, 17, 32, 64])));
    case 3:
      return words(random.pick(texts));
    case 4:
      return raw(Buffer.from(random.pick(oddities), 'hex'));
    case 5:
      return raw(Buffer.concat([Buffer.alloc(random.below(600), random.pick([0x81, 0xa1, 0xd2, 0x9f, 0x82])), Buffer.from([0x80])]));
    case 6:
      return random.oneIn(2) ? nil : list(...Array.from({ length: random.below(20) }, (_, index) => whole(index)));
    default:
      return map(...Array.from({ length: random.below(4) * 2 }, (_, index) => whole(index)));
  }
}
