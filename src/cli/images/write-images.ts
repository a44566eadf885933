import { LatchkeyError } from '../../domain/errors.ts';
import { pageSize as keyPartitionSize } from '../../formats/nvs/layout.ts';
import type { FactoryRole } from '../../roles/factory/ports.ts';
import { DeviceFolder } from './device-folder.ts';
import { openImages, type DeviceFile, type ImageFlags } from './device-image.ts';
import { readIdentities, type FoundIdentity } from '../identity-source.ts';
import { Progress } from '../progress.ts';
import { RejectsFile, type Reject } from '../rejects-file.ts';

export interface WriteImagesFlags extends ImageFlags {
  readonly uuid: readonly string[] | undefined;
  readonly from: string | undefined;
  readonly 'out-dir': string;
  readonly overwrite: boolean;
  readonly rejects: string | undefined;
  readonly dpp: boolean;
}

interface WriteImagesOptions {
  readonly factory: () => Promise<FactoryRole>;
  /** Without progress. */
  readonly silent: boolean;
  readonly signal: AbortSignal;
}

export interface WrittenImages {
  /** Devices whose files were written, and those whose files were there already. */
  readonly written: number;
  readonly unchanged: number;
  readonly rejected: number;
  readonly firstReject: Reject | undefined;
  readonly folder: string;
}

/** Writes the files of many devices. Errors: those of flags, of reading, of the registry; `storage_full`. */
export async function writeImages(flags: WriteImagesFlags, { factory, silent, signal }: WriteImagesOptions): Promise<WrittenImages> {
  const { uuid, from } = flags;
  const images = openImages(flags, { wanted: from === undefined ? uuid : undefined, keptKeys: (name) => keptKeys(folder, name), signal });
  const folder = new DeviceFolder(flags['out-dir'], { overwrite: flags.overwrite });
  using rejects = new RejectsFile(flags.rejects);
  using progress = new Progress({ unit: 'devices', total: from === undefined ? uuid?.length : undefined, silent });
  let [written, unchanged, firstReject] = [0, 0, undefined as Reject | undefined];
  for await (const found of readIdentities({ uuid, from, factory, secrets: true, lookUp: flags.dpp, signal, taken: (share) => progress.taken(share) })) {
    for await (const image of images.of(found)) {
      const outcome = 'reason' in image ? image : writeFiles(folder, image.identity, image.files);
      if (outcome === true) written += 1;
      else if (outcome === false) unchanged += 1;
      else {
        firstReject ??= outcome;
        rejects.add(outcome);
      }
    }
    progress.add(found.length);
    // Everything here is done at once: signals get their turn.
    await new Promise(setImmediate);
    signal.throwIfAborted();
  }
  return { written, unchanged, rejected: rejects.count, firstReject, folder: flags['out-dir'] };
}

/** Copied: the next file is read into the same place. */
function keptKeys(folder: DeviceFolder, name: string): Uint8Array | undefined {
  const found = folder.read(name, keyPartitionSize);
  return found === undefined ? undefined : Uint8Array.from(found);
}

/** Keys before what they open: an image never lies there without them. */
function writeFiles(folder: DeviceFolder, { uuid, line }: FoundIdentity, files: readonly DeviceFile[]): boolean | Reject {
  try {
    return files.toReversed().map((file) => folder.write(file)).some((written) => written);
  } catch (error) {
    if (error instanceof LatchkeyError && error.code === 'file_exists') {
      return { line: line ?? 0, code: error.code, reason: error.message, row: { uuid } };
    }
    throw error;
  }
}
