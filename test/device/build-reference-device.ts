import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const source = fileURLToPath(new URL('../../docs/device/', import.meta.url));

/** What building takes, for `requires(...)`. */
export const buildPackages = ['gcc', 'libc6-dev', 'libmbedtls-dev', 'make'] as const;

/** Flags under which any out-of-bounds access, leak or undefined behaviour ends the program. */
export const sanitizers = '-g -fsanitize=address,undefined -fno-sanitize-recover=all';

/** Makes a target of docs/device/Makefile in `folder`, which the caller owns; gives the path of what was built. */
export async function buildFromDeviceSources(
  folder: string,
  target: 'latchkey-device' | 'check-vectors',
  flags = '',
): Promise<string> {
  const built = path.join(folder, target);
  await promisify(execFile)('make', ['-s', '-C', source, `BUILD=${folder}`, `EXTRA=${flags}`, built]);
  return built;
}

/** Builds the reference device in C; gives the path of the program. */
export function buildReferenceDevice(folder: string, flags = ''): Promise<string> {
  return buildFromDeviceSources(folder, 'latchkey-device', flags);
}
