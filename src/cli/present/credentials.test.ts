import { expect, test } from 'vitest';
import { presentQr } from './credentials.ts';
import { plainStyle } from './screen.ts';

const uri = 'WIFI:T:WPA;S:cafe;P:coffee and cake;;';

test('a QR code says its colours where there are any, and is blocks alone where not', () => {
  const coloured = { ...plainStyle, bold: (text: string) => text };
  expect(presentQr(uri, { width: 80, style: coloured })).toMatch(/^\u001b\[38;5;231;48;5;231m[^]*\u001b\[0m$/);
  expect(presentQr(uri, { width: 80, style: plainStyle, canReverse: true })).toMatch(/^\u001b\[0m\u001b\[7m[^]*\u001b\[0m$/);
  expect(presentQr(uri, { width: Infinity, style: plainStyle })).toMatch(/^[ ▀▄█\n]+[ ▀▄█]$/);
});

test('where it has no room it says so instead of wrapping', () => {
  const text = presentQr(uri, { width: 20, style: plainStyle });
  expect(text).toMatch(/^The QR code takes \d+ columns, and here are 20/);
  expect(text).not.toContain('█');
});
