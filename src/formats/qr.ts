import { encode } from 'uqr';
import { LatchkeyError } from '../domain/errors.ts';

/** How much of a QR code may be unreadable: about 7, 15, 25 or 30 % (ISO/IEC 18004). */
export const qrLevels = ['L', 'M', 'Q', 'H'] as const;
export type QrLevel = (typeof qrLevels)[number];

/** White modules that belong around a QR code on each side (ISO/IEC 18004, 9.1). */
export const quietZone = 4;

export interface QrCode {
  /** Modules of one side, without the quiet zone: 21 to 177. */
  readonly size: number;
  isDark(x: number, y: number): boolean;
}

/** As small as the text allows, and at least of this level. Errors: `invalid_input` if it is too long for any. */
export function qrCode(text: string, level: QrLevel): QrCode {
  const { size, data } = encoded(text, level);
  return { size, isDark: (x, y) => data[y]![x]! };
}

function encoded(text: string, level: QrLevel) {
  try {
    return encode(text, { ecc: level, boostEcc: true, border: 0 });
  } catch (error) {
    throw new LatchkeyError('invalid_input', `${text.length} characters are too many for a QR code of level ${level}.`, { cause: error });
  }
}

/** The dark modules as rectangles one module high, in modules from the upper left corner. */
export function* darkRuns({ size, isDark }: QrCode): Generator<{ x: number; y: number; length: number }> {
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      const start = x;
      while (x < size && isDark(x, y)) x += 1;
      if (x > start) {
        yield { x: start, y, length: x - start };
      }
    }
  }
}
