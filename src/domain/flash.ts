import { LatchkeyError } from './errors.ts';
import { quoted } from './shown-text.ts';

/** How the flashing of a board ended; closed, so that reports can count. */
export const flashResults = [
  'ok',
  /** The port is not there. */
  'port_missing',
  /** The flashing tool ended with a failure of its own. */
  'tool_failed',
  /** A step took too long, and the tool was ended. */
  'timed_out',
  /** The tool printed without end, and was ended. */
  'tool_flooded',
  /** Less was read back than was written. */
  'short_read',
  /** What was read back is no image. */
  'garbled',
  /** What was read back is an image, and another one. */
  'mismatch',
  /** It was ended before it was done. */
  'interrupted',
  /** It never said how it ended, and somebody else took the device over. */
  'abandoned',
] as const;
export type FlashResult = (typeof flashResults)[number];

/** One try to put a device's identity into a board. */
export interface Flash {
  readonly id: string;
  readonly uuid: string;
  readonly batch: string | undefined;
  /** Where in the factory. */
  readonly station: string;
  /** Who ran it. */
  readonly operator: string;
  readonly startedAt: Date;
  /** Undefined while it goes on: the station has a claim on the device. */
  readonly endedAt: Date | undefined;
  readonly result: FlashResult | undefined;
  readonly detail: string | undefined;
}

/** Flash is erased in sectors: what begins within one would take its neighbour with it. */
const sectorBytes = 0x1000;
/** The largest flash that esptool knows. */
const mostFlash = 0x800_0000;

/** Where something begins in a flash: a multiple of 0x1000, in hexadecimal with 0x or in decimal. Errors: `invalid_input`. */
export function parseFlashOffset(text: string): number {
  const offset = /^(0x[0-9a-f]{1,8}|\d{1,9})$/i.test(text) ? Number(text) : Number.NaN;
  if (!(offset % sectorBytes === 0 && offset < mostFlash)) {
    throw new LatchkeyError('invalid_input', `${quoted(text)} is not an address in a flash, such as 0x9000: a multiple of 0x1000 below 0x8000000.`);
  }
  return offset;
}
