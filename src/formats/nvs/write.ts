import { LatchkeyError } from '../../domain/errors.ts';
import { encryptEntries, type NvsKeys } from './encryption.ts';
import {
  bitmapOffset,
  blobIndexType,
  boundsOf,
  chunkType,
  dataOffset,
  entriesPerPage,
  entryCrc,
  entryCrcOffset,
  entryOffset,
  entrySize,
  headerCrc,
  headerCrcOffset,
  integerTypes,
  keyBytes,
  keyOffset,
  longestKey,
  longestString,
  mostNamespaces,
  noChunk,
  nvsCrc,
  otherChunks,
  pageSize,
  pageStates,
  sequenceOffset,
  smallestPartition,
  stringType,
  versionOffset,
  versions,
  widthOf,
  type IntegerType,
  type NvsEntry,
} from './layout.ts';

/** How large an NVS partition is, in bytes. Errors: `invalid_input`. */
export function parsePartitionSize(text: string): number {
  const size = /^(0x[0-9a-f]{1,8}|\d{1,9})$/i.test(text) ? Number(text) : Number.NaN;
  if (!(size >= smallestPartition && size % pageSize === 0)) {
    throw new LatchkeyError('invalid_input', `"${text}" is not the size of an NVS partition: a multiple of 0x1000 from 0x3000 on.`);
  }
  return size;
}

/**
 * Fills an image with entries, in their order, as Espressif's generator does: the same bytes. A namespace is defined
 * where its first entry stands. With keys, the image is encrypted. The image may be one that was used before.
 * Errors: `invalid_input` for a name or value that NVS cannot hold, a key that is there twice, or too small an image.
 */
export function writeNvs(image: Buffer, entries: readonly NvsEntry[], keys?: NvsKeys): void {
  image.fill(0xff);
  const writer = new Writer(image);
  const namespaces = new Map<string, number>();
  const seen = new Set<string>();
  for (const entry of entries) {
    const { namespace, key } = entry;
    let index = namespaces.get(namespace);
    if (index === undefined) {
      index = namespaces.size + 1;
      if (index > mostNamespaces) {
        throw new LatchkeyError('invalid_input', `An NVS partition has at most ${mostNamespaces} namespaces.`);
      }
      checkName(namespace, 'namespace');
      namespaces.set(namespace, index);
      writer.integer(0, namespace, 'u8', BigInt(index));
    }
    checkName(key, 'key');
    const name = `${namespace}\0${key}`;
    if (seen.has(name)) {
      throw new LatchkeyError('invalid_input', `The key ${key} is twice in the namespace ${namespace}.`);
    }
    seen.add(name);
    if (entry.type === 'string') {
      writer.string(index, key, entry.value);
    } else if (entry.type === 'blob') {
      writer.blob(index, key, entry.value);
    } else {
      writer.integer(index, key, entry.type, entry.value);
    }
  }
  if (keys !== undefined) {
    encryptEntries(image, keys);
  }
}

/** A name of a namespace or key. Errors: `invalid_input`. */
export function checkName(name: string, what: 'namespace' | 'key'): void {
  if (!/^[\x20-\x7e]{1,15}$/.test(name)) {
    throw new LatchkeyError('invalid_input', `${JSON.stringify(name)} is no NVS ${what}: it has 1 to ${longestKey} ASCII characters.`);
  }
}

/** Places entries one behind the other; every page but the last that is kept empty. */
class Writer {
  readonly #image: Buffer;
  /** Where the page begins that is written now. */
  #base = 0;
  #next = 0;

  constructor(image: Buffer) {
    if (image.length < smallestPartition || image.length % pageSize !== 0) {
      throw new LatchkeyError('invalid_input', `An NVS partition of ${image.length} bytes cannot be: its size is a multiple of 0x1000 from 0x3000 on.`);
    }
    this.#image = image;
    this.#beginPage();
  }

  integer(namespace: number, key: string, type: IntegerType, value: bigint): void {
    const { least, most } = boundsOf(type);
    if (value < least || value > most) {
      throw new LatchkeyError('invalid_input', `The value of ${key} does not fit into ${type}.`);
    }
    if (this.#next === entriesPerPage) {
      this.#turnPage();
    }
    const at = this.#header(namespace, integerTypes[type], 1, noChunk, key);
    const width = widthOf(type);
    for (let byte = 0, rest = BigInt.asUintN(8 * width, value); byte < width; byte += 1, rest >>= 8n) {
      this.#image[at + dataOffset + byte] = Number(rest & 0xffn);
    }
    this.#seal(at, 1);
  }

  string(namespace: number, key: string, value: string): void {
    const size = Buffer.byteLength(value) + 1;
    if (size > longestString || value.includes('\0') || !value.isWellFormed()) {
      throw new LatchkeyError('invalid_input', `The value of ${key} is no NVS string: it has at most ${longestString - 1} bytes of UTF-8 without NUL.`);
    }
    const span = 1 + entriesFor(size);
    // The generator leaves the last entry of a page free of strings; only what needs a whole page gets one.
    if (this.#next > 0 && this.#next + span >= entriesPerPage) {
      this.#turnPage();
    }
    const at = this.#header(namespace, stringType, span, noChunk, key);
    const data = at + entrySize;
    this.#image.write(value, data);
    this.#image[data + size - 1] = 0;
    this.#describeData(at, size);
    this.#seal(at, span);
  }

  blob(namespace: number, key: string, value: Uint8Array): void {
    if (this.#next === entriesPerPage) {
      this.#turnPage();
    }
    let chunks = 0;
    let offset = 0;
    do {
      if (chunks === otherChunks) {
        throw new LatchkeyError('invalid_input', `The value of ${key} is too long for NVS: ${value.length} bytes.`);
      }
      const room = (entriesPerPage - this.#next - 1) * entrySize;
      const size = Math.min(room, value.length - offset);
      const at = this.#header(namespace, chunkType, 1 + entriesFor(size), chunks, key);
      this.#image.set(value.subarray(offset, offset + size), at + entrySize);
      this.#describeData(at, size);
      this.#seal(at, 1 + entriesFor(size));
      chunks += 1;
      offset += size;
      if (offset < value.length || this.#next === entriesPerPage) {
        this.#turnPage();
      }
    } while (offset < value.length);
    const at = this.#header(namespace, blobIndexType, 1, noChunk, key);
    this.#image.writeUInt32LE(value.length, at + dataOffset);
    this.#image[at + dataOffset + 4] = chunks;
    this.#image[at + dataOffset + 5] = 0;
    this.#seal(at, 1);
  }

  #header(namespace: number, type: number, span: number, chunk: number, key: string): number {
    const image = this.#image;
    const at = this.#base + entryOffset(this.#next);
    image[at] = namespace;
    image[at + 1] = type;
    image[at + 2] = span;
    image[at + 3] = chunk;
    image.fill(0, at + keyOffset, at + keyOffset + keyBytes);
    image.write(key, at + keyOffset, 'latin1');
    return at;
  }

  #describeData(at: number, size: number): void {
    const data = at + entrySize;
    this.#image.writeUInt16LE(size, at + dataOffset);
    this.#image.writeUInt32LE(nvsCrc(this.#image.subarray(data, data + size)), at + dataOffset + 4);
  }

  /** The entry is complete: checksum and bitmap. */
  #seal(at: number, span: number): void {
    this.#image.writeUInt32LE(entryCrc(this.#image.subarray(at, at + entrySize)), at + entryCrcOffset);
    for (const end = this.#next + span; this.#next < end; this.#next += 1) {
      // From empty (11) to written (10).
      this.#image[this.#base + bitmapOffset + (this.#next >> 2)]! &= ~(1 << ((this.#next & 3) * 2));
    }
  }

  #turnPage(): void {
    this.#image.writeUInt32LE(pageStates.full, this.#base);
    this.#base += pageSize;
    this.#next = 0;
    if (this.#base + pageSize >= this.#image.length) {
      throw new LatchkeyError('invalid_input', `The values do not fit into an NVS partition of 0x${this.#image.length.toString(16)} bytes.`, {
        hint: 'Take a larger partition; one page of it always stays empty.',
      });
    }
    this.#beginPage();
  }

  #beginPage(): void {
    const page = this.#image.subarray(this.#base, this.#base + pageSize);
    page.writeUInt32LE(pageStates.active);
    page.writeUInt32LE(this.#base / pageSize, sequenceOffset);
    page[versionOffset] = versions.chunked;
    page.writeUInt32LE(headerCrc(page), headerCrcOffset);
  }
}

function entriesFor(size: number): number {
  return Math.ceil(size / entrySize);
}
