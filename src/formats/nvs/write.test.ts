import { expect, test } from 'vitest';
import { nvsVector } from '../../../test/vectors/nvs.ts';
import { readKeyPartition, writeKeyPartition } from './encryption.ts';
import { entriesPerPage, pageSize, type NvsEntry } from './layout.ts';
import { parseGeneratorCsv } from './manufacturing-csv.ts';
import { readNvs } from './read.ts';
import { parsePartitionSize, writeNvs } from './write.ts';

function contentOf(vector: string): NvsEntry[] {
  return parseGeneratorCsv(nvsVector(`${vector}.csv`).toString(), () => expect.unreachable());
}

function imageOf(entries: readonly NvsEntry[], size = 0x3000): Buffer {
  const image = Buffer.alloc(size);
  writeNvs(image, entries);
  return image;
}

const text = (key: string, value: string): NvsEntry => ({ namespace: 'latchkey', key, type: 'string', value });

test.each([
  ['small', 0x3000],
  ['types', 0x3000],
  ['pages', 0x8000],
] as const)('writes the same bytes as Espressif’s generator: %s', (vector, size) => {
  expect(imageOf(contentOf(vector), size).equals(nvsVector(`${vector}.bin`))).toBe(true);
});

test('writes the same bytes as Espressif’s generator into an encrypted partition, and the same key partition', () => {
  const keyPartition = nvsVector('small-encrypted.keys.bin');
  const keys = readKeyPartition(keyPartition);
  const image = Buffer.alloc(0x4000);
  writeNvs(image, contentOf('small'), keys);
  expect(image.equals(nvsVector('small-encrypted.bin'))).toBe(true);
  expect(Buffer.from(writeKeyPartition(keys)).equals(keyPartition)).toBe(true);
});

test('leaves nothing of what was in the buffer before', () => {
  const image = imageOf([text('ssid', 'x'.repeat(3000)), text('uuid', 'y'.repeat(3000))]);
  writeNvs(image, contentOf('small'));
  expect(image.equals(nvsVector('small.bin'))).toBe(true);
});

test('says what NVS cannot hold', () => {
  const entry = (value: Partial<NvsEntry>) => [{ ...text('ssid', 'setup-net'), ...value } as NvsEntry];
  expect(() => imageOf(entry({ key: 'sixteen_letters_' }))).toThrow('"sixteen_letters_" is no NVS key: it has 1 to 15 ASCII characters.');
  expect(() => imageOf(entry({ key: '' }))).toThrow('no NVS key');
  expect(() => imageOf(entry({ namespace: 'küche' }))).toThrow('"küche" is no NVS namespace');
  expect(() => imageOf([...entry({}), ...entry({})])).toThrow('The key ssid is twice in the namespace latchkey.');
  expect(() => imageOf(entry({ type: 'u8', value: 256n }))).toThrow('The value of ssid does not fit into u8.');
  expect(() => imageOf(entry({ type: 'i8', value: -129n }))).toThrow('does not fit into i8');
  expect(() => imageOf(entry({ value: 'a\0b' }))).toThrow('no NVS string');
  expect(() => imageOf(entry({ value: 'x'.repeat(4000) }))).toThrow('The value of ssid is no NVS string: it has at most 3999 bytes of UTF-8 without NUL.');
  expect(() => imageOf(Array.from({ length: 255 }, (_, index) => ({ ...text('k', ''), namespace: `n${index}` })), 0x8000)).toThrow('at most 254 namespaces');
});

test('leaves the last entry of a page free of strings, as the generator does, but for one that needs a whole page', () => {
  const written = (entries: readonly NvsEntry[]) => readNvs(imageOf(entries, 0x4000)).pages.map((page) => page.written);
  // One entry for the namespace and one for the header, and 123 or 124 of data.
  expect(written([text('a', 'x'.repeat(123 * 32 - 1))])).toEqual([125]);
  expect(written([text('a', 'x'.repeat(124 * 32 - 1))])).toEqual([1, 125]);
  expect(written([text('a', 'x'.repeat(3999))])).toEqual([1, 126]);
});

test('says when the values do not fit, to the byte', () => {
  const blob = (length: number): NvsEntry => ({ namespace: 'n', key: 'blob', type: 'blob', value: new Uint8Array(length) });
  // Two pages: an entry for the namespace, a chunk’s header in each, and the index.
  const most = (2 * entriesPerPage - 4) * 32;
  expect(() => imageOf([blob(most)])).not.toThrow();
  expect(() => imageOf([blob(most + 1)])).toThrow('The values do not fit into an NVS partition of 0x3000 bytes.');
  expect(() => imageOf([blob(128 * pageSize)], 200 * pageSize)).toThrow('The value of blob is too long for NVS: 524288 bytes.');
});

test('knows the sizes that a partition can have', () => {
  expect(parsePartitionSize('0x3000')).toBe(0x3000);
  expect(parsePartitionSize('24576')).toBe(0x6000);
  for (const wrong of ['0x2000', '0x3001', '3000', '', '-0x3000', '0x3000 ', '1e5']) {
    expect(() => parsePartitionSize(wrong), wrong).toThrow('is not the size of an NVS partition: a multiple of 0x1000 from 0x3000 on.');
  }
});
