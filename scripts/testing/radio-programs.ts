import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { aptGet } from './debian-packages.ts';
import { moveUnlessThere, radioCache } from './radio-kernel.ts';

/** NetworkManager and the libraries that a machine without it lacks. */
const packages = ['network-manager', 'libnm0', 'libndp0', 'libteamdctl0', 'libmm-glib0', 'libbluetooth3'];

/**
 * A folder with NetworkManager, as it lies below /, for a guest to take over. It is not installed: it would take over
 * the network of this machine, and wants another systemd.
 */
export function networkManagerFiles(): string {
  const files = join(radioCache, 'network-manager');
  if (!existsSync(files)) {
    mkdirSync(radioCache, { recursive: true });
    const work = mkdtempSync(join(radioCache, 'unfinished-'));
    try {
      if (!aptGet(['download', ...packages], work) && !(aptGet(['update']) && aptGet(['download', ...packages], work))) {
        throw new Error('The radio lab needs NetworkManager of Debian, and apt-get has none. Run as root: apt-get update');
      }
      const made = join(work, 'made');
      globSync(join(work, '*.deb')).forEach((archive) => execFileSync('dpkg-deb', ['--extract', archive, made]));
      moveUnlessThere(made, files);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  return files;
}
