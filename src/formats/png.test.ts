import { deflateSync } from 'node:zlib';
import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { Bitmap } from './bitmap.ts';
import { isPng, readPng, writePng } from './png.ts';

const part = (type: string, data: Uint8Array) => {
  const named = Buffer.concat([Buffer.from(type), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
};

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
  readonly interlaced?: 1;
  readonly more?: readonly [string, Uint8Array][];
  /** Of each row, its filter first. */
  readonly rows: readonly (readonly number[])[];
}

function png({ width, height, depth, colour, interlaced, more = [], rows }: Picture): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colour, 0, 0, interlaced ?? 0], 8);
  const data = part('IDAT', deflateSync(Buffer.from(rows.flat())));
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), part('IHDR', header), ...more.map(([type, bytes]) => part(type, bytes)), data, part('IEND', Buffer.alloc(0))]);
}

test('what is written is read back, with its size in print', () => {
  const bitmap = new Bitmap(13, 3);
  bitmap.fill(0, 0, 1, 3);
  bitmap.fill(11, 1, 9, 1);
  const written = writePng(bitmap, 300);
  const { width, height, greys } = readPng(written);
  expect([width, height]).toEqual([13, 3]);
  for (let at = 0; at < greys.length; at += 1) {
    expect(greys[at], `dot ${at}`).toBe(bitmap.isBlack(at % 13, Math.floor(at / 13)) ? 0 : 255);
  }
  const size = written.indexOf('pHYs') + 4;
  expect([written.readUInt32BE(size), written.readUInt32BE(size + 4), written[size + 8]]).toEqual([11811, 11811, 1]);
});

test.each<[string, Picture, readonly number[]]>([
  ['grey of 2 bits', { width: 4, height: 1, depth: 2, colour: 0, rows: [[0, 0b00_01_10_11]] }, [0, 85, 170, 255]],
  ['grey of 16 bits', { width: 2, height: 1, depth: 16, colour: 0, rows: [[0, 0, 0, 0x80, 0]] }, [0, 128]],
  ['colours', { width: 3, height: 1, depth: 8, colour: 2, rows: [[0, 255, 0, 0, 0, 255, 0, 0, 0, 255]] }, [76, 150, 29]],
  ['a colour that is transparent', { width: 2, height: 1, depth: 8, colour: 2, more: [['tRNS', Buffer.from([0, 1, 0, 2, 0, 3])]], rows: [[0, 1, 2, 3, 0, 0, 0]] }, [255, 0]],
  ['a palette, partly transparent', { width: 2, height: 1, depth: 1, colour: 3, more: [['PLTE', Buffer.from([0, 0, 0, 255, 255, 255])], ['tRNS', Buffer.from([127])]], rows: [[0, 0b0100_0000]] }, [128, 255]],
  ['grey with alpha', { width: 2, height: 1, depth: 8, colour: 4, rows: [[0, 0, 255, 0, 0]] }, [0, 255]],
  ['colours with alpha', { width: 1, height: 1, depth: 8, colour: 6, rows: [[0, 0, 0, 0, 51]] }, [204]],
  ['every filter', { width: 3, height: 5, depth: 8, colour: 0, rows: [[0, 10, 20, 30], [1, 10, 10, 10], [2, 1, 1, 1], [3, 5, 5, 5], [4, 1, 1, 1]] }, [10, 20, 30, 10, 20, 30, 11, 21, 31, 10, 20, 30, 11, 21, 31]],
])('reads %s', (_, picture, greys) => {
  expect([...readPng(png(picture)).greys]).toEqual(greys);
});

const good: Picture = { width: 1, height: 1, depth: 8, colour: 0, rows: [[0, 7]] };

test.each<[string, Buffer]>([
  ['cut off', png(good).subarray(0, -12)],
  ['changed', Buffer.from(png(good)).fill(1, 20, 21)],
  ['without a header', Buffer.concat([png(good).subarray(0, 8), part('IEND', Buffer.alloc(0))])],
  ['of a kind that there is not', png({ ...good, colour: 5 })],
  ['interlaced', png({ ...good, interlaced: 1 })],
  ['too large', png({ ...good, width: 3000, height: 3000 })],
  ['with too little data', png({ ...good, height: 2 })],
  ['with too much data', png({ ...good, rows: [[0, 7], [0, 7]] })],
  ['with an unknown filter', png({ ...good, rows: [[5, 7]] })],
  ['without its palette', png({ ...good, colour: 3 })],
])('refuses one %s', (_, bytes) => {
  expect(isPng(bytes)).toBe(true);
  expect(() => readPng(bytes)).toThrow(expect.objectContaining({ code: 'invalid_input' }));
});
