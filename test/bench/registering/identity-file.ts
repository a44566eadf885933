import { once } from 'node:events';
import { closeSync, createReadStream, createWriteStream, existsSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { benchDevice } from '../bench-device.ts';
import { benchDeviceData } from '../seeded-registry.ts';

/** A CSV of the bench's devices with uuid, pass_tmp and ssid, in the order of their numbers, which is none of their uuids. */
export interface IdentityFile {
  readonly path: string;
  readonly devices: number;
}

const header = 'uuid,pass_tmp,ssid\n';
/** Every row has as many bytes. */
const rowOf = (number: number) => {
  const { uuid, passTmp } = benchDevice(number);
  return `${uuid},${passTmp},${benchDeviceData.ssid}\n`;
};
const rowBytes = rowOf(0).length;

/** Made once for each size. */
export function cachedIdentityFile(cache: string, devices: number): IdentityFile {
  const path = join(cache, `identities-${devices}.csv`);
  if (!existsSync(path)) {
    const file = openSync(`${path}.part`, 'w', 0o600);
    writeSync(file, header);
    for (let from = 0; from < devices; from += 10_000) {
      writeSync(file, Array.from({ length: Math.min(10_000, devices - from) }, (_, index) => rowOf(from + index)).join(''));
    }
    closeSync(file);
    renameSync(`${path}.part`, path);
  }
  return { path, devices };
}

/**
 * Feeds a file into a pipe, and tells when each million was taken from it (the size of a pipe and of what the reader
 * reads ahead, some ten thousand rows, are the error).
 */
export async function feedIdentities({ path }: IdentityFile, pipe: string, onMillion: (millions: number) => void): Promise<void> {
  // Also for reading: nobody waits for the reader to open it.
  const output = createWriteStream(pipe, { flags: 'r+' });
  let read = 0;
  for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
    if (!output.write(piece)) await once(output, 'drain');
    const before = millionsIn(read);
    read += piece.length;
    if (millionsIn(read) > before) onMillion(millionsIn(read));
  }
  output.end();
  await once(output, 'close');
}

function millionsIn(bytes: number): number {
  return Math.floor((bytes - header.length) / rowBytes / 1e6);
}
