import { LatchkeyError } from '../../domain/errors.ts';
import { parseUuid } from '../../domain/identifiers.ts';
import type { NvsEntry } from '../../formats/nvs/layout.ts';
import { readNvs, type NvsReading } from '../../formats/nvs/read.ts';
import type { NvsKeys } from '../../formats/nvs/encryption.ts';
import type { IdentityComparison, FactoryRole } from '../../roles/factory/ports.ts';
import { readInput } from '../input-file.ts';

/** Under which names an image holds an identity. */
export interface IdentityNames {
  readonly namespace: string;
  readonly 'uuid-key': string;
  readonly 'ssid-key': string;
  readonly 'pass-tmp-key': string;
}

/** What an image holds, and who the device is that it was read from; undefined for what is not in it. */
export interface ReadBack extends NvsReading {
  readonly uuid: string | undefined;
  readonly ssid: string | undefined;
  readonly passTmp: string | undefined;
  /** Names of what of the identity is not in it. */
  readonly missing: readonly string[];
}

/** No chip has more flash. */
const largestImage = 128 * 1024 * 1024;

/** An image in a file, or `-` for standard input. Errors: `file_not_found`, `invalid_input`. */
export async function readImageFile(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of readInput(path, 'FILE', { signal })) {
    pieces.push(piece);
    size += piece.length;
    if (size > largestImage) {
      throw new LatchkeyError('invalid_input', `${path} is no NVS partition: it has more than ${largestImage} bytes.`);
    }
  }
  return Buffer.concat(pieces);
}

/** Reads an image that was read from a device. Errors: those of `readNvs`. */
export function readBack(image: Uint8Array, names: IdentityNames, keys?: NvsKeys): ReadBack {
  const reading = readNvs(image, keys);
  const [uuid, ssid, passTmp] = (['uuid-key', 'ssid-key', 'pass-tmp-key'] as const).map((flag) => textOf(reading.entries, names.namespace, names[flag]));
  const found = { [names['uuid-key']]: uuid, [names['ssid-key']]: ssid, [names['pass-tmp-key']]: passTmp };
  return { ...reading, uuid, ssid, passTmp, missing: Object.keys(found).filter((name) => found[name] === undefined) };
}

function textOf(entries: readonly NvsEntry[], namespace: string, key: string): string | undefined {
  const found = entries.find((entry) => entry.namespace === namespace && entry.key === key);
  return found?.type === 'string' ? found.value : undefined;
}

/** What the registry says of what was read. */
export interface Verdict {
  /** Undefined if it does not know the device. */
  readonly comparison: IdentityComparison | undefined;
  /** As the error that the command ends with. */
  readonly wrong: LatchkeyError | undefined;
}

/** Asks the registry. Errors: those of asking. */
export async function verifyAtRegistry({ uuid, ssid, passTmp }: ReadBack, factory: FactoryRole): Promise<Verdict> {
  try {
    const comparison = await factory.compare(uuidOf(uuid), { ssid, passTmp });
    return { comparison, wrong: mismatchOf(uuid!, comparison) };
  } catch (error) {
    if (error instanceof LatchkeyError && (error.code === 'device_not_found' || error.code === 'check_failed')) {
      return { comparison: undefined, wrong: error };
    }
    throw error;
  }
}

function uuidOf(text: string | undefined): string {
  try {
    return parseUuid(text ?? '');
  } catch (error) {
    throw new LatchkeyError('check_failed', 'What the image has as its uuid is none.', { hint: 'Flash the device anew.', cause: error });
  }
}

/** What is wrong with what was read, as the error that the command ends with; undefined if nothing is. */
export function problemOf({ damages, missing }: ReadBack, { namespace }: IdentityNames): LatchkeyError | undefined {
  const [first] = damages;
  if (first !== undefined) {
    const where = first.page === undefined ? '' : `page ${first.page}${first.entry === undefined ? '' : `, entry ${first.entry}`}: `;
    const count = damages.length === 1 ? 'The image is damaged' : `The image is damaged in ${damages.length} places; the first`;
    return new LatchkeyError('image_damaged', `${count}: ${where}${first.detail}`);
  }
  if (missing.length > 0) {
    return new LatchkeyError('check_failed', `The image has no ${missing.join(', ')} in ${namespace}.`, {
      hint: 'If the firmware has other names for them, say so with --namespace, --uuid-key, --ssid-key, --pass-tmp-key.',
    });
  }
  return undefined;
}

/** The same for what the registry said. */
function mismatchOf(uuid: string, { differing, state }: IdentityComparison): LatchkeyError | undefined {
  if (differing.length > 0) {
    return new LatchkeyError('check_failed', `Device ${uuid} is in the registry with another ${differing.join(' and ')}.`, {
      hint: 'Flash it anew with the registry’s identity.',
    });
  }
  return state === 'revoked' ? new LatchkeyError('check_failed', `Device ${uuid} is revoked.`, { hint: 'A revoked device stays out; flash another identity.' }) : undefined;
}
