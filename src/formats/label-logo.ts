import { Buffer } from 'node:buffer';
import { LatchkeyError } from '../domain/errors.ts';
import { Bitmap } from './bitmap.ts';
import { isPng, readPng, type GreyPicture } from './png.ts';

/** A picture for labels, as its file is; a PNG can also be drawn as dots. */
export interface LabelLogo {
  readonly type: 'image/png' | 'image/svg+xml';
  readonly bytes: Uint8Array;
  /** Undefined of an SVG. */
  readonly picture: GreyPicture | undefined;
}

/** Errors: `invalid_input` if it is neither PNG nor SVG, or a PNG that cannot be read. */
export function parseLogo(bytes: Uint8Array): LabelLogo {
  if (isPng(bytes)) {
    return { type: 'image/png', bytes, picture: readPng(bytes) };
  }
  if (/^\uFEFF?\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<svg[\s>]/su.test(Buffer.from(bytes).toString('utf8'))) {
    return { type: 'image/svg+xml', bytes, picture: undefined };
  }
  throw new LatchkeyError('invalid_input', 'A logo is a PNG or an SVG.');
}

/** The picture in black and white dots, as large as fits into the box; greys become patterns (Floyd and Steinberg's). */
export function drawnLogo(picture: GreyPicture, box: { readonly width: number; readonly height: number }): Bitmap {
  const scale = Math.min(box.width / picture.width, box.height / picture.height);
  const [width, height] = [Math.max(1, Math.floor(picture.width * scale)), Math.max(1, Math.floor(picture.height * scale))];
  const drawn = new Bitmap(width, height);
  let below = new Float64Array(width + 2);
  for (let y = 0; y < height; y += 1) {
    const [errors, next] = [below, new Float64Array(width + 2)];
    for (let x = 0; x < width; x += 1) {
      const wanted = averageGrey(picture, x, y, width, height) + errors[x + 1]!;
      const black = wanted < 128;
      if (black) drawn.fill(x, y, 1, 1);
      const error = (wanted - (black ? 0 : 255)) / 16;
      errors[x + 2]! += 7 * error;
      next[x]! += 3 * error;
      next[x + 1]! += 5 * error;
      next[x + 2]! += error;
    }
    below = next;
  }
  return drawn;
}

/** Of the part of the picture that dot x, y of the smaller or larger one covers. */
function averageGrey({ width: w, height: h, greys }: GreyPicture, x: number, y: number, width: number, height: number): number {
  const [left, top] = [Math.floor((x * w) / width), Math.floor((y * h) / height)];
  const [right, bottom] = [Math.max(left + 1, Math.floor(((x + 1) * w) / width)), Math.max(top + 1, Math.floor(((y + 1) * h) / height))];
  let sum = 0;
  for (let row = top; row < bottom; row += 1) {
    for (let column = left; column < right; column += 1) sum += greys[row * w + column]!;
  }
  return sum / ((right - left) * (bottom - top));
}
