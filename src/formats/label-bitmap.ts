import { glyph } from './bitmap-font.ts';
import { Bitmap } from './bitmap.ts';
import { drawnLogo } from './label-logo.ts';
import { cellsOf, cellWidth, type LabelLayout, type LaidLine } from './label-layout.ts';
import { darkRuns } from './qr.ts';
import { LatchkeyError } from '../domain/errors.ts';

/** A label as dots. Characters that the font lacks are boxes. Errors: `invalid_input` if its logo is an SVG. */
export function labelBitmap(layout: LabelLayout): Bitmap {
  const drawn = new Bitmap(layout.width, layout.height);
  const { code, x, y, module } = layout.qr;
  for (const run of darkRuns(code)) {
    drawn.fill(x + run.x * module, y + run.y * module, run.length * module, module);
  }
  const logo = logoBitmap(layout);
  if (logo !== undefined) {
    paste(drawn, logo.bitmap, logo.x, logo.y);
  }
  for (const line of layout.lines) {
    write(drawn, line);
  }
  return drawn;
}

/** The logo as dots, in the middle of its box; undefined if there is none. Errors: `invalid_input`. */
export function logoBitmap({ logo }: LabelLayout): { readonly bitmap: Bitmap; readonly x: number; readonly y: number } | undefined {
  if (logo === undefined) {
    return undefined;
  }
  if (logo.logo.picture === undefined) {
    throw new LatchkeyError('invalid_input', 'A logo in SVG can only be put into labels in SVG.', { hint: 'Give the logo as PNG, or use --format svg.' });
  }
  const bitmap = drawnLogo(logo.logo.picture, logo);
  return { bitmap, x: logo.x + ((logo.width - bitmap.width) >> 1), y: logo.y + ((logo.height - bitmap.height) >> 1) };
}

function paste(onto: Bitmap, picture: Bitmap, left: number, top: number): void {
  for (let y = 0; y < picture.height; y += 1) {
    for (let x = 0; x < picture.width; x += 1) {
      if (picture.isBlack(x, y)) onto.fill(left + x, top + y, 1, 1);
    }
  }
}

function write(onto: Bitmap, { x, y, scale, text }: LaidLine): void {
  let left = x;
  for (const character of text) {
    for (const [row, dots] of glyph(character).entries()) {
      for (const [column, dot] of [...dots].entries()) {
        if (dot === '#') onto.fill(left + column * scale, y + row * scale, scale, scale);
      }
    }
    left += cellsOf(character) * cellWidth * scale;
  }
}
