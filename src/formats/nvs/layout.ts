import { crc32 } from 'node:zlib';

/**
 * Where things are in an NVS partition of ESP-IDF ("Non-Volatile Storage Library", Internals): pages of 4096 bytes,
 * each a header, a bitmap of the states of its entries, and 126 entries. All numbers are little-endian.
 */
export const pageSize = 4096;
export const entrySize = 32;
export const entriesPerPage = 126;
/** One page to write, one to move to, and one that stays empty. */
export const smallestPartition = 3 * pageSize;
export const bitmapOffset = 32;
export const firstEntryOffset = 64;

/** Of a page. Flash turns ones into zeros without an erase, and so do these, in the order of a page's life. */
export const pageStates = { empty: 0xffff_ffff, active: 0xffff_fffe, full: 0xffff_fffc, freeing: 0xffff_fff8 } as const;
export type PageState = keyof typeof pageStates;

/** In a page's header, from here to its checksum. */
export const sequenceOffset = 4;
export const versionOffset = 8;
export const headerCrcOffset = 28;
/** With blobs over several pages, and without. */
export const versions = { chunked: 0xfe, unchunked: 0xff } as const;

/** Two bits an entry in the bitmap. */
export const entryStates = { empty: 0b11, written: 0b10, erased: 0b00 } as const;

/** In an entry. */
export const entryCrcOffset = 4;
export const keyOffset = 8;
export const keyBytes = 16;
export const dataOffset = 24;

export const integerTypes = { u8: 0x01, i8: 0x11, u16: 0x02, i16: 0x12, u32: 0x04, i32: 0x14, u64: 0x08, i64: 0x18 } as const;
export type IntegerType = keyof typeof integerTypes;
/** By the number that an entry has. */
export const integerNames = new Map<number, IntegerType>(Object.entries(integerTypes).map(([name, type]) => [type, name as IntegerType]));
export const stringType = 0x21;
/** A blob as one value of one page, as it was before version `chunked`. */
export const wholeBlobType = 0x41;
export const chunkType = 0x42;
export const blobIndexType = 0x48;

/** The chunk index of whatever is no chunk. */
export const noChunk = 0xff;
/** The chunks of a blob that replaces another begin here, and those of the next again at 0. */
export const otherChunks = 0x80;

/** Bytes of a string with its NUL. */
export const longestString = 4000;
export const longestKey = keyBytes - 1;
/** Namespaces are numbered in a byte from 1; 255 is none. */
export const mostNamespaces = 254;

/** Bytes of an integer type. */
export function widthOf(type: IntegerType): number {
  return integerTypes[type] & 0x0f;
}

/** The bounds of an integer type, both included. */
export function boundsOf(type: IntegerType): { readonly least: bigint; readonly most: bigint } {
  const bits = BigInt(8 * widthOf(type));
  return type.startsWith('i') ? { least: -(1n << (bits - 1n)), most: (1n << (bits - 1n)) - 1n } : { least: 0n, most: (1n << bits) - 1n };
}

/** A value under its name. Namespaces and keys have 1 to 15 bytes. */
export type NvsEntry = { readonly namespace: string; readonly key: string } & NvsValue;

export type NvsValue =
  | { readonly type: IntegerType; readonly value: bigint }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'blob'; readonly value: Uint8Array };

/** CRC-32 as the ROM of the chip computes it, from all ones. */
export function nvsCrc(bytes: Uint8Array): number {
  return crc32(bytes, 0xffff_ffff);
}

/** The checksum of an entry's header, over all of it but the checksum itself. */
export function entryCrc(entry: Uint8Array): number {
  return crc32(entry.subarray(keyOffset, entrySize), nvsCrc(entry.subarray(0, entryCrcOffset)));
}

export function headerCrc(page: Uint8Array): number {
  return nvsCrc(page.subarray(sequenceOffset, headerCrcOffset));
}

/** Where an entry begins in its page. */
export function entryOffset(entry: number): number {
  return firstEntryOffset + entry * entrySize;
}

/** Two bits. */
export function entryState(page: Uint8Array, entry: number): number {
  return (page[bitmapOffset + (entry >> 2)]! >> ((entry & 3) * 2)) & 0b11;
}
