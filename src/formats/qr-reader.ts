import { decodeQR } from 'qr/decode.js';
import { LatchkeyError } from '../domain/errors.ts';
import type { GreyPicture } from './png.ts';

/** Pictures of codes lie there for as long as it takes, unlike those of a camera. */
const timeLimitMs = 3_000;
const effort = 8;

/** What the first QR code in a picture says. Errors: `invalid_input` if there is none that can be read. */
export function readQr({ width, height, greys }: GreyPicture): string {
  const data = new Uint8Array(3 * greys.length);
  for (let dot = 0; dot < greys.length; dot += 1) {
    data.fill(greys[dot]!, 3 * dot, 3 * dot + 3);
  }
  try {
    return decodeQR({ width, height, data }, { format: 'RGB', effort, timeLimit: timeLimitMs });
  } catch (error) {
    throw new LatchkeyError('invalid_input', 'No QR code can be read in this picture.', {
      hint: 'Take a picture of the whole code with the white around it, sharp and straight from the front.',
      cause: error,
    });
  }
}
