import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { buildReferenceDevice } from '../device/build-reference-device.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The path of the reference device, for all labs. */
    readonly referenceDevice: string;
  }
}

export default async function setUp({ provide }: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-device-'));
  provide('referenceDevice', await buildReferenceDevice(folder));
  return () => rm(folder, { recursive: true, force: true });
}
