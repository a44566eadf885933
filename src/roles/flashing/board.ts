import { LatchkeyError } from '../../domain/errors.ts';
import { FlashFailure, type Flasher, type FlashPort, type FlashRegion } from './flasher.ts';

/** A device's image in its parts (`nvs`, and `keys` where it is encrypted). */
export interface ImagePart {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The uuid in an image. Errors: `LatchkeyError` saying what is wrong with it, without anything of its content. */
export type UuidIn = (parts: readonly ImagePart[]) => string;

export type BoardStep = 'looking' | 'writing' | 'reading back';

export interface BoardFlashing {
  readonly flasher: Flasher;
  readonly port: FlashPort;
  /** Where each part of the image belongs. */
  readonly offsets: Readonly<Record<string, number>>;
  readonly uuid: string;
  readonly parts: readonly ImagePart[];
  readonly uuidIn: UuidIn;
  /** Whether the board may hold the image already: then it is read first, and written only if it does not. */
  readonly lookFirst: boolean;
  readonly signal: AbortSignal;
  readonly onStep: (step: BoardStep, percent?: number) => void;
}

/** Puts an image into a board and reads it back. Errors: `FlashFailure`. */
export async function flashBoard(flashing: BoardFlashing): Promise<void> {
  const { flasher, port, offsets, parts, lookFirst, signal, onStep } = flashing;
  const regions = parts.map(({ name, bytes }): FlashRegion => ({ offset: offsets[name]!, bytes }));
  if (lookFirst && (await isThere(flashing, regions))) {
    return;
  }
  onStep('writing');
  await flasher.write(port, regions, { signal, onPercent: (percent) => onStep('writing', percent) });
  await readBack(flashing, regions, 'reading back');
}

async function isThere(flashing: BoardFlashing, regions: readonly FlashRegion[]): Promise<boolean> {
  try {
    await readBack(flashing, regions, 'looking');
    return true;
  } catch (error) {
    if (error instanceof FlashFailure && ['mismatch', 'garbled', 'short_read'].includes(error.result)) {
      return false;
    }
    throw error;
  }
}

/** Byte for byte, and by what it says: both must be right. */
async function readBack({ flasher, port, uuid, parts, uuidIn, signal, onStep }: BoardFlashing, regions: readonly FlashRegion[], step: BoardStep): Promise<void> {
  const read: ImagePart[] = [];
  for (const [index, { offset, bytes }] of regions.entries()) {
    onStep(step);
    const region = { offset, length: bytes.length, last: index === regions.length - 1 };
    const back = await flasher.read(port, region, { signal, onPercent: (percent) => onStep(step, percent) });
    read.push({ name: parts[index]!.name, bytes: back });
  }
  const difference = parts.map((part, index) => differenceOf(part, read[index]!.bytes)).find((text) => text !== undefined);
  const found = said(read, uuidIn);
  if (found instanceof LatchkeyError) {
    throw new FlashFailure('garbled', difference ?? found.message, { cause: found });
  }
  if (difference !== undefined || found !== uuid) {
    throw new FlashFailure('mismatch', found === uuid ? difference! : `The board holds another device, ${found}.`);
  }
}

function said(parts: readonly ImagePart[], uuidIn: UuidIn): string | LatchkeyError {
  try {
    return uuidIn(parts);
  } catch (error) {
    if (error instanceof LatchkeyError) {
      return error;
    }
    throw error;
  }
}

function differenceOf({ name, bytes }: ImagePart, read: Uint8Array): string | undefined {
  let [count, first] = [0, 0];
  for (let at = bytes.length - 1; at >= 0; at -= 1) {
    if (bytes[at] !== read[at]) {
      [count, first] = [count + 1, at];
    }
  }
  return count === 0 ? undefined : `${count} of ${bytes.length} bytes of ${name} were read back otherwise, from 0x${first.toString(16)} on.`;
}
