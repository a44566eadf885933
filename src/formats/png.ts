import { Buffer } from 'node:buffer';
import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { LatchkeyError } from '../domain/errors.ts';
import type { Bitmap } from './bitmap.ts';

/** Grey levels from 0 (black) to 255, row by row. */
export interface GreyPicture {
  readonly width: number;
  readonly height: number;
  readonly greys: Uint8Array;
}

const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const mostDots = 4_000_000;

/** One bit a dot, and how large it is to be printed (PNG specification, 11.3.5.3). */
export function writePng(bitmap: Bitmap, dpi: number): Buffer {
  const { width, height, stride, bytes } = bitmap;
  const rows = Buffer.alloc((stride + 1) * height);
  for (let y = 0; y < height; y += 1) {
    // A filter of 0, and then the row: in a PNG a set bit is white.
    for (let at = 0; at < stride; at += 1) {
      rows[y * (stride + 1) + 1 + at] = ~bytes[y * stride + at]!;
    }
  }
  const perMetre = Math.round(dpi / 0.0254);
  return Buffer.concat([
    signature,
    chunk('IHDR', Buffer.concat([uint32(width), uint32(height), Buffer.of(1, 0, 0, 0, 0)])),
    chunk('pHYs', Buffer.concat([uint32(perMetre), uint32(perMetre), Buffer.of(1)])),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  return Buffer.concat([uint32(data.length), named, uint32(crc32(named))]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function isPng(bytes: Uint8Array): boolean {
  return signature.equals(bytes.subarray(0, signature.length));
}

/** Samples of a dot by colour type (PNG specification, 11.2.1): grey, colours, palette, each perhaps with alpha. */
const samplesOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const depthsOf: Readonly<Record<number, readonly number[]>> = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] };

/** A picture in grey, on white where it is transparent. Errors: `invalid_input` if it is damaged, interlaced or of more than 4 million dots. */
export function readPng(bytes: Uint8Array): GreyPicture {
  const chunks = chunksOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const header = chunks.find(({ type }) => type === 'IHDR')?.data;
  if (header?.length !== 13) {
    throw damaged('it has no header');
  }
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const [depth, colour, interlaced] = [header[8]!, header[9]!, header[12] !== 0];
  if (depthsOf[colour]?.includes(depth) !== true || width === 0 || height === 0) {
    throw damaged('its header makes no sense');
  }
  if (interlaced || width * height > mostDots) {
    throw new LatchkeyError('invalid_input', `This PNG is ${interlaced ? 'interlaced' : 'larger than 4 million dots'}, which is not read here.`);
  }
  const data = (type: string) => Buffer.concat(chunks.filter((part) => part.type === type).map((part) => part.data));
  const samples = samplesOf[colour]!;
  const dotBytes = Math.max(1, (samples * depth) >> 3);
  const rowBytes = Math.ceil((width * samples * depth) / 8);
  const rows = unfiltered(inflated(data('IDAT'), (rowBytes + 1) * height), rowBytes, dotBytes);
  const [palette, transparent] = [data('PLTE'), data('tRNS')];
  const most = 2 ** depth - 1;
  const greys = new Uint8Array(width * height);
  for (let y = 0; y < height; y += 1) {
    const row = rows.subarray(y * rowBytes, (y + 1) * rowBytes);
    for (let x = 0; x < width; x += 1) {
      const raw = Array.from({ length: samples }, (_, at) => sample(row, x * samples + at, depth));
      let [red, green, blue, alpha] = [0, 0, 0, 1];
      if (colour === 3) {
        const index = raw[0]!;
        if (3 * index + 2 >= palette.length) {
          throw damaged('it uses a colour that its palette lacks');
        }
        [red, green, blue] = [palette[3 * index]! / 255, palette[3 * index + 1]! / 255, palette[3 * index + 2]! / 255];
        alpha = (transparent[index] ?? 255) / 255;
      } else {
        const colours = samples < 3 ? 1 : 3;
        [red, green, blue] = colours === 1 ? [raw[0]! / most, raw[0]! / most, raw[0]! / most] : [raw[0]! / most, raw[1]! / most, raw[2]! / most];
        const isNone = transparent.length === 2 * colours && raw.slice(0, colours).every((value, at) => value === transparent.readUInt16BE(2 * at));
        alpha = samples > colours ? raw[colours]! / most : isNone ? 0 : 1;
      }
      const luminance = 0.299 * red + 0.587 * green + 0.114 * blue;
      greys[y * width + x] = Math.round(255 * (luminance * alpha + 1 - alpha));
    }
  }
  return { width, height, greys };
}

function chunksOf(bytes: Buffer): { type: string; data: Buffer }[] {
  const chunks: { type: string; data: Buffer }[] = [];
  for (let at = signature.length; at + 12 <= bytes.length;) {
    const length = bytes.readUInt32BE(at);
    const end = at + 8 + length;
    if (end + 4 > bytes.length) {
      break;
    }
    const named = bytes.subarray(at + 4, end);
    if (crc32(named) !== bytes.readUInt32BE(end)) {
      throw damaged('a checksum is wrong');
    }
    const type = named.toString('latin1', 0, 4);
    if (type === 'IEND') {
      return chunks;
    }
    chunks.push({ type, data: named.subarray(4) });
    at = end + 4;
  }
  throw damaged('it ends too soon');
}

function inflated(data: Buffer, length: number): Buffer {
  try {
    const bytes = inflateSync(data, { maxOutputLength: length });
    if (bytes.length === length) {
      return bytes;
    }
  } catch {
    // Said below.
  }
  throw damaged('its data make no sense');
}

/** Takes back each row's filter (PNG specification, 9). */
function unfiltered(filtered: Buffer, rowBytes: number, dotBytes: number): Buffer {
  const height = filtered.length / (rowBytes + 1);
  const rows = Buffer.alloc(rowBytes * height);
  for (let y = 0; y < height; y += 1) {
    const filter = filtered[y * (rowBytes + 1)]!;
    if (filter > 4) {
      throw damaged('a filter is unknown');
    }
    for (let x = 0; x < rowBytes; x += 1) {
      const at = y * rowBytes + x;
      const left = x < dotBytes ? 0 : rows[at - dotBytes]!;
      const up = y === 0 ? 0 : rows[at - rowBytes]!;
      const upLeft = x < dotBytes || y === 0 ? 0 : rows[at - rowBytes - dotBytes]!;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, upLeft)][filter]!;
      rows[at] = filtered[y * (rowBytes + 1) + 1 + x]! + guess;
    }
  }
  return rows;
}

function paeth(left: number, up: number, upLeft: number): number {
  const guess = left + up - upLeft;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - upLeft)];
  return a <= b && a <= c ? left : b <= c ? up : upLeft;
}

function sample(row: Buffer, index: number, depth: number): number {
  if (depth >= 8) {
    return depth === 8 ? row[index]! : row.readUInt16BE(2 * index);
  }
  const bit = index * depth;
  return (row[bit >> 3]! >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
}

function damaged(why: string): LatchkeyError {
  return new LatchkeyError('invalid_input', `This PNG is damaged: ${why}.`);
}
