import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nvsVector } from '../../../test/vectors/nvs.ts';
import { nvsKeysFrom, readKeyPartition } from './encryption.ts';
import { boundsOf, entriesPerPage, entryOffset, headerCrc, integerTypes, pageSize, pageStates, type IntegerType, type NvsEntry } from './layout.ts';
import { parseGeneratorCsv } from './manufacturing-csv.ts';
import { readNvs } from './read.ts';
import { writeNvs } from './write.ts';

function contentOf(vector: string): NvsEntry[] {
  return parseGeneratorCsv(nvsVector(`${vector}.csv`).toString(), () => expect.unreachable());
}

const plain = (entries: readonly NvsEntry[]) =>
  entries.map((entry) => (entry.type === 'blob' ? { ...entry, value: Buffer.from(entry.value).toString('hex') } : entry));

describe('an image of Espressif’s generator', () => {
  test.each(['small', 'types', 'pages'])('is read as what went in: %s', (vector) => {
    const { entries, damages, erased } = readNvs(nvsVector(`${vector}.bin`));
    expect(plain(entries)).toEqual(plain(contentOf(vector)));
    expect(damages).toEqual([]);
    expect(erased).toBe(0);
  });

  test('is read with its keys if it is encrypted', () => {
    const { entries, damages } = readNvs(nvsVector('small-encrypted.bin'), readKeyPartition(nvsVector('small-encrypted.keys.bin')));
    expect(entries).toEqual(contentOf('small'));
    expect(damages).toEqual([]);
  });

  const keys = readKeyPartition(nvsVector('small-encrypted.keys.bin'));
  test.each([
    ['small', undefined],
    ['small-encrypted', keys],
    ['pages', undefined],
  ] as const)('shows every byte that is flipped: %s', (vector, vectorKeys) => {
    const image = nvsVector(`${vector}.bin`);
    const unnoticed: number[] = [];
    for (let offset = 0; offset < image.length; offset += 1) {
      // Of the large one all headers and bitmaps, and some of the rest.
      if (vector === 'pages' && offset % pageSize > 64 && offset % 11 > 0) continue;
      for (const flip of offset < pageSize ? [0xff, 1 << (offset % 8)] : [1 << (offset % 8)]) {
        image[offset]! ^= flip;
        if (readNvs(image, vectorKeys).damages.length === 0) unnoticed.push(offset);
        image[offset]! ^= flip;
      }
    }
    expect(unnoticed).toEqual([]);
  });

  test('shows every change of a page’s first bytes as damage or as deleted entries', () => {
    const image = nvsVector('types.bin');
    const unnoticed: string[] = [];
    for (let offset = 0; offset < 64; offset += 1) {
      const before = image[offset]!;
      for (let value = 0; value < 256; value += 1) {
        image[offset] = value;
        const { damages, erased } = readNvs(image);
        if (value !== before && damages.length + erased === 0) unnoticed.push(`0x${offset.toString(16)}: ${value}`);
      }
      image[offset] = before;
    }
    expect(unnoticed).toEqual([]);
  });

  test('shows which page and entry is damaged, and what can still be read', () => {
    const image = nvsVector('small.bin');
    image[entryOffset(2)]! ^= 0x20;
    image[entryOffset(7) + 31] = 0;
    image[2 * pageSize + 100] = 0;
    const { entries, damages } = readNvs(image);
    expect(damages).toEqual([
      { kind: 'data', page: 0, entry: 1, detail: 'The checksum of the value does not hold.' },
      { kind: 'not_erased', page: 0, entry: 7, detail: 'Behind the end of the value, the byte at 0x13f of the page is not 0xFF.' },
      { kind: 'not_erased', page: 2, entry: 1, detail: 'The page is empty, and the byte at 0x64 of the page is not 0xFF.' },
    ]);
    expect(entries.map(({ key }) => key)).toEqual(['ssid', 'pass_tmp']);
  });
});

const name = fc.string({ unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz_0123456789'), minLength: 1, maxLength: 15 });
const value = fc.oneof(
  fc.constantFrom(...(Object.keys(integerTypes) as IntegerType[])).chain((type) => {
    const { least, most } = boundsOf(type);
    return fc.record({ type: fc.constant(type), value: fc.bigInt(least, most) });
  }),
  fc.record({ type: fc.constant('string' as const), value: fc.string({ unit: 'grapheme', maxLength: 900 }).map((text) => text.replaceAll('\0', '')) }),
  fc.record({ type: fc.constant('blob' as const), value: fc.uint8Array({ maxLength: 6000 }) }),
);
const content = fc
  .uniqueArray(fc.record({ namespace: name, key: name }), { selector: ({ namespace, key }) => `${namespace} ${key}`, maxLength: 12 })
  .chain((names) => fc.tuple(...names.map((one) => value.map((found): NvsEntry => ({ ...one, ...found })))));

test('every image is read as what went in', () => {
  fc.assert(
    fc.property(content, fc.option(fc.uint8Array({ minLength: 64, maxLength: 64 })), (entries, random) => {
      const keys = random === null ? undefined : nvsKeysFrom(Uint8Array.from(random, (byte, index) => byte ^ (index >> 5)));
      const image = Buffer.alloc(0x20000);
      writeNvs(image, entries, keys);
      const read = readNvs(image, keys);
      expect(read.damages).toEqual([]);
      expect(plain(read.entries)).toEqual(plain(entries));
    }),
    { numRuns: 150 },
  );
});

describe('a partition that a device has used', () => {
  const number = (key: string, value: bigint): NvsEntry => ({ namespace: 'app', key, type: 'u32', value });

  function imageOf(entries: readonly NvsEntry[]): Buffer {
    const image = Buffer.alloc(0x3000);
    writeNvs(image, entries);
    return image;
  }

  /** As a device does when it deletes an entry: its two bits become zero. */
  function erase(image: Buffer, entry: number, page = 0): void {
    image[page * pageSize + 32 + (entry >> 2)]! &= ~(0b11 << ((entry & 3) * 2));
  }

  function movePage(image: Buffer, from: number, to: number, change: (page: Buffer) => void): void {
    const page = image.subarray(from * pageSize, (from + 1) * pageSize);
    page.copy(image, to * pageSize);
    const moved = image.subarray(to * pageSize, (to + 1) * pageSize);
    change(moved);
    moved.writeUInt32LE(headerCrc(moved), 28);
  }

  test('has deleted and replaced entries', () => {
    const image = imageOf([number('boots', 1n), number('gone', 7n), number('other', 2n)]);
    erase(image, 2);
    const { entries, damages, erased } = readNvs(image);
    expect(damages).toEqual([]);
    expect(entries).toEqual([number('boots', 1n), number('other', 2n)]);
    expect(erased).toBe(1);
  });

  test('has its pages in any order, with high sequence numbers', () => {
    const image = imageOf([number('boots', 1n)]);
    movePage(image, 0, 2, (page) => page.writeUInt32LE(4711, 4));
    image.fill(0xff, 0, pageSize);
    const { entries, damages, pages } = readNvs(image);
    expect(damages).toEqual([]);
    expect(entries).toEqual([number('boots', 1n)]);
    expect(pages).toEqual([{ state: 'active', sequence: 4711, written: 2, erased: 0 }]);
  });

  test('may have lost power between writing a value and erasing the one before', () => {
    const image = imageOf([number('boots', 1n), number('other', 5n), number('boot2', 2n)]);
    const older = image.subarray(entryOffset(1), entryOffset(2));
    const newer = imageOf([number('boots', 2n)]).subarray(entryOffset(1), entryOffset(2));
    newer.copy(image, entryOffset(3));
    expect(older.equals(newer)).toBe(false);
    const { entries, damages } = readNvs(image);
    expect(damages).toEqual([]);
    expect(entries).toEqual([number('other', 5n), number('boots', 2n)]);
  });

  test('is damaged if any other key is there twice', () => {
    const image = imageOf([number('boots', 1n), number('boot2', 2n), number('other', 5n)]);
    image.copy(image, entryOffset(2), entryOffset(1), entryOffset(2));
    expect(readNvs(image).damages).toEqual([{ kind: 'duplicate_key', page: 0, entry: 2, detail: 'boots is there twice.' }]);
  });

  test('may have lost power while a page was freed', () => {
    const image = imageOf([number('boots', 1n), number('gone', 3n), number('other', 2n)]);
    erase(image, 2);
    image.writeUInt32LE(pageStates.freeing, 0);
    // The page after it is full, and the third one has got the first two of three entries.
    movePage(image, 0, 1, (page) => {
      page.writeUInt32LE(pageStates.full);
      page.writeUInt32LE(1, 4);
      page.fill(0xff, 32);
    });
    movePage(image, 0, 2, (page) => {
      page.writeUInt32LE(pageStates.active);
      page.writeUInt32LE(2, 4);
      page.fill(0xff, 32 + 1, 64).fill(0xff, entryOffset(2));
      page[32] = 0b1111_1010;
    });
    const { entries, damages } = readNvs(image);
    expect(damages).toEqual([]);
    expect(entries).toEqual([number('boots', 1n), number('other', 2n)]);
  });

  test('has no page that is being freed while others are empty', () => {
    const image = imageOf([number('boots', 1n)]);
    image.writeUInt32LE(pageStates.freeing, 0);
    expect(readNvs(image).damages).toEqual([{ kind: 'page', page: 0, entry: undefined, detail: 'The page is being freed, although 2 pages are empty.' }]);
  });
});

describe('a blob', () => {
  const blob: NvsEntry = { namespace: 'app', key: 'blob', type: 'blob', value: new Uint8Array(5000).fill(7) };

  test('whose chunk is deleted is damaged', () => {
    const image = Buffer.alloc(0x4000);
    writeNvs(image, [blob]);
    // Its first chunk, with all entries behind it on the page.
    image.fill(0, 32 + 1, 63);
    image[32] = 0b0000_0010;
    image[63] = 0xf0;
    const { entries, damages } = readNvs(image);
    expect(entries).toEqual([]);
    expect(damages).toEqual([{ kind: 'blob', page: 1, entry: expect.any(Number), detail: 'Chunk 0 of blob is missing.' }]);
  });

  test('whose index is deleted leaves chunks that belong to nothing', () => {
    const image = Buffer.alloc(0x4000);
    writeNvs(image, [blob]);
    const used = readNvs(image).pages[1]!.written;
    image[pageSize + 32 + ((used - 1) >> 2)]! &= ~(0b11 << (((used - 1) & 3) * 2));
    expect(readNvs(image).damages.map(({ detail }) => detail)).toEqual(['Chunk 0 of blob belongs to no blob.', 'Chunk 1 of blob belongs to no blob.']);
  });
});

describe('what is no partition', () => {
  test.each([
    [Buffer.alloc(0), 'invalid_input', 'This file is empty: it has no bytes.'],
    [Buffer.alloc(4095), 'invalid_input', 'An NVS partition has a multiple of 4096 bytes, not 4095: this is none, or a part of one.'],
    [Buffer.alloc(0x3000, 0xff), 'check_failed', 'This NVS partition is empty: nothing was ever written into it.'],
    [Buffer.alloc(0x3000, 'ELF'), 'invalid_input', 'This is no NVS partition: no page of it begins as one.'],
  ])('is told as what it is: %#', (bytes, code, message) => {
    expect(() => readNvs(bytes)).toThrow(expect.objectContaining({ code, message }));
  });

  test('or is encrypted', () => {
    const image = nvsVector('small-encrypted.bin');
    expect(() => readNvs(image)).toThrow('No entry of this NVS partition can be read: it is encrypted, or damaged all over.');
    const others = nvsKeysFrom(Uint8Array.from({ length: 64 }, (_, index) => index));
    expect(() => readNvs(image, others)).toThrow('These keys do not open this NVS partition.');
  });

  test('or is no key partition', () => {
    const partition = nvsVector('small-encrypted.keys.bin');
    expect(() => readKeyPartition(Buffer.alloc(4096, 0xff))).toThrow('This NVS key partition is empty');
    expect(() => readKeyPartition(partition.subarray(0, 64))).toThrow('has a multiple of 4096 bytes, not 64');
    for (let offset = 0; offset < partition.length; offset += 1) {
      partition[offset]! ^= 1;
      expect(() => readKeyPartition(partition)).toThrow(expect.objectContaining({ code: 'image_damaged' }));
      partition[offset]! ^= 1;
    }
  });
});

test('an image of one full page is read', () => {
  const image = Buffer.alloc(0x3000);
  const entries: NvsEntry[] = Array.from({ length: entriesPerPage }, (_, index) => ({ namespace: 'n', key: `k${index}`, type: 'u8', value: BigInt(index) }));
  writeNvs(image, entries);
  expect(readNvs(image)).toMatchObject({ entries, damages: [], pages: [{ state: 'full', written: entriesPerPage }, { state: 'active', written: 1 }] });
});
