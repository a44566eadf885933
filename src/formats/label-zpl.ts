import { Buffer } from 'node:buffer';
import { Bitmap } from './bitmap.ts';
import { logoBitmap } from './label-bitmap.ts';
import { glyphHeight, glyphWidth } from './bitmap-font.ts';
import type { LabelLayout, LaidLine } from './label-layout.ts';
import { darkRuns } from './qr.ts';

/**
 * A label in ZPL II. The QR code is a picture (^GFA): printers' own ^BQ differ in what they make of bytes above 127,
 * of the level and of the size. Text is text, in the printer's fonts. Errors: `invalid_input` if its logo is an SVG.
 */
export function labelZpl(layout: LabelLayout): string {
  const { code, x, y, module } = layout.qr;
  const drawn = new Bitmap(code.size * module, code.size * module);
  for (const run of darkRuns(code)) {
    drawn.fill(run.x * module, run.y * module, run.length * module, module);
  }
  const logo = logoBitmap(layout);
  return [
    '^XA',
    '^CI28',
    `^PW${layout.width}`,
    `^LL${layout.height}`,
    '^LH0,0',
    graphic(drawn, x, y),
    ...(logo === undefined ? [] : [graphic(logo.bitmap, logo.x, logo.y)]),
    ...layout.lines.map(line),
    '^XZ',
    '',
  ].join('\n');
}

function graphic(bitmap: Bitmap, x: number, y: number): string {
  const { stride, bytes } = bitmap;
  const hex = Buffer.from(bytes.buffer).toString('hex').toUpperCase();
  let data = '';
  let above = '';
  for (let at = 0; at < hex.length; at += 2 * stride) {
    const row = hex.slice(at, at + 2 * stride);
    // As above: a module is several rows high, and printers are often reached by slow ways.
    data += row === above ? ':' : row;
    above = row;
  }
  return `^FO${x},${y}^GFA,${bytes.length},${bytes.length},${stride},${data}^FS`;
}

/**
 * Font A has cells like those of the layout, but only ASCII; font 0 has more, and is made narrow enough for its widest
 * letters. Whatever could be a command, or begin one, is written as hex (^FH).
 */
function line({ x, y, scale, text }: LaidLine): string {
  const font = /^[\x20-\x7e]*$/.test(text) ? `^AAN,${glyphHeight * scale},${glyphWidth * scale}` : `^A0N,${glyphHeight * scale},${glyphWidth * scale}`;
  const data = text.replace(/[^A-Za-z0-9 .:+-]/gu, (character) => [...Buffer.from(character)].map((byte) => `_${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''));
  return `^FO${x},${y}${font}^FH_^FD${data}^FS`;
}
