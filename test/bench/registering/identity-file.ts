import { closeSync, existsSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
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
 * Feeds a file to a program, and tells when it had taken each million (the size of a pipe and of what the program
 * reads ahead, some ten thousand rows, are the error).
 */
export function feedIdentities({ path }: IdentityFile, onMillion: (millions: number) => void): (stdin: Writable) => Promise<void> {
  return async (stdin) => {
    const file = await open(path);
    let read = 0;
    try {
      for await (const piece of file.createReadStream({ highWaterMark: 65_536, autoClose: false }) as AsyncIterable<Buffer>) {
        if (!stdin.write(piece)) await once(stdin, 'drain');
        const before = millionsIn(read);
        read += piece.length;
        if (millionsIn(read) > before) onMillion(millionsIn(read));
      }
    } finally {
      await file.close();
    }
    if (read !== statSync(path).size) throw new Error(`${path} was not read to its end.`);
    stdin.end();
  };
}

function millionsIn(bytes: number): number {
  return Math.floor((bytes - header.length) / rowBytes / 1e6);
}
