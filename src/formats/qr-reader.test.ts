import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { base45 } from '../protocol/base45.ts';
import type { GreyPicture } from './png.ts';
import { readPng, writePng } from './png.ts';
import { qrBitmap } from './qr-picture.ts';
import { qrCode } from './qr.ts';
import { readQr } from './qr-reader.ts';

function picture(text: string, moduleDots = 4): GreyPicture {
  return readPng(writePng(qrBitmap(qrCode(text, 'M'), moduleDots), 300));
}

test.each([1, 2, 5, 13])('a code whose modules are %i dots wide', (dots) => {
  const text = `LK1:${base45(randomBytes(360))}`;
  expect(readQr(picture(text, dots))).toBe(text);
});

test('one that ends in a space, as base45 may', () => {
  expect(readQr(picture('LK1:AB '))).toBe('LK1:AB ');
});

test('as large as QR codes get', () => {
  const text = `LK1:${base45(randomBytes(2000))}`;
  expect(readQr(picture(text, 3))).toBe(text);
});

test('one on a dark screen', () => {
  const { greys, ...size } = picture('LK1:DARK');
  expect(readQr({ ...size, greys: greys.map((grey) => 255 - grey) })).toBe('LK1:DARK');
});

test('a picture with noise, of little contrast, and turned', () => {
  const text = `LK1:${base45(randomBytes(300))}`;
  const { width, height, greys } = picture(text, 5);
  const noise = randomBytes(greys.length);
  const turned = new Uint8Array(greys.length);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      turned[x * height + (height - 1 - y)] = 60 + Math.round(greys[y * width + x]! / 3) + (noise[y * width + x]! % 32);
    }
  }
  expect(readQr({ width: height, height: width, greys: turned })).toBe(text);
});

test('a picture without one', () => {
  for (const greys of [new Uint8Array(10_000), new Uint8Array(randomBytes(10_000))]) {
    expect(() => readQr({ width: 100, height: 100, greys })).toThrow(expect.objectContaining({ code: 'invalid_input' }));
  }
});
