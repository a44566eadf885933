import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { aptGet } from './debian-packages.ts';

/** What a guest of the radio lab boots. */
export interface RadioKernel {
  /** Not compressed: under emulation, unpacking takes longer than all else. */
  readonly kernel: string;
  readonly initrd: string;
  /** As below `/lib/modules`: what the kernel loads when it needs it. */
  readonly modules: string;
  readonly version: string;
}

/** What must be there before the root is, and what every lab needs; what they depend on comes with them. */
const bootModules = [
  ...['virtio_pci', 'virtio_console', 'virtio_net', '9p', '9pnet_virtio', 'overlay'],
  ...['ccm', 'cmac', 'gcm', 'ctr', 'mac80211_hwsim'],
];

/** Of what else the kernel has, what has to do with networks. */
const laterModules = ['net', 'crypto', 'lib', 'arch/x86/crypto', 'drivers/net/*.ko'];

const init = join(import.meta.dirname, 'radio-kernel-init.sh');

/** Changes with whatever the cached files are made by. */
const recipe = createHash('sha256').update(readFileSync(init)).update(readFileSync(import.meta.filename)).digest('hex').slice(0, 8);

/** What the radio lab keeps from one run to the next. */
export const radioCache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'latchkey', 'radio-lab');

/** The newest kernel that is installed for the lab. */
export function installedRadioKernel(): RadioKernel | undefined {
  const folders = existsSync(radioCache) ? readdirSync(radioCache).filter((name) => name.endsWith(`_${recipe}`)) : [];
  const newest = folders.sort(new Intl.Collator('en', { numeric: true }).compare).at(-1);
  return newest === undefined ? undefined : kernelIn(join(radioCache, newest));
}

/** Takes Debian's kernel into the cache. It is not installed: that would mean its initramfs and much else. */
export function installRadioKernel(): void {
  if (installedRadioKernel() !== undefined) {
    return;
  }
  console.error(`Getting a kernel for the radio lab into ${radioCache}`);
  mkdirSync(radioCache, { recursive: true });
  // Others may be doing the same; whoever is first with a whole folder wins.
  const work = mkdtempSync(join(radioCache, 'unfinished-'));
  try {
    const unpacked = unpackKernelPackage(work);
    const version = readdirSync(join(unpacked, 'lib', 'modules'))[0]!;
    const made = join(work, 'made');
    mkdirSync(made);
    extractKernel(join(unpacked, 'boot', `vmlinuz-${version}`), join(made, 'vmlinux'));
    makeInitrd(unpacked, version, join(work, 'initrd'), join(made, 'initrd'));
    copyModules(join(unpacked, 'lib', 'modules', version), join(made, 'lib', 'modules', version));
    execFileSync('depmod', ['--basedir', made, version]);
    moveUnlessThere(made, join(radioCache, `${version}_${recipe}`));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function kernelIn(folder: string): RadioKernel {
  const version = basename(folder).slice(0, -`_${recipe}`.length);
  return {
    kernel: join(folder, 'vmlinux'),
    initrd: join(folder, 'initrd'),
    modules: join(folder, 'lib', 'modules', version),
    version,
  };
}

function unpackKernelPackage(folder: string): string {
  // A fresh machine has no lists of packages, an old one has lists of what is no longer there.
  if (!downloadKernelPackage(folder) && !(aptGet(['update']) && downloadKernelPackage(folder))) {
    throw new Error('The radio lab needs a kernel of Debian, and apt-get has none. Run as root: apt-get update');
  }
  const [archive] = globSync(join(folder, '*.deb'));
  const unpacked = join(folder, 'package');
  execFileSync('dpkg-deb', ['--extract', archive!, unpacked]);
  return unpacked;
}

function downloadKernelPackage(folder: string): boolean {
  // This one always means the newest, which it depends on.
  const { stdout } = spawnSync('apt-cache', ['depends', 'linux-image-amd64'], { encoding: 'utf8' });
  const name = /Depends: (linux-image-\S+)/.exec(stdout)?.[1];
  return name !== undefined && aptGet(['download', name], folder);
}

/** The kernel proper out of the program that unpacks itself. */
function extractKernel(packed: string, to: string): void {
  const bytes = readFileSync(packed);
  writeFileSync(`${to}.xz`, bytes.subarray(bytes.indexOf(Buffer.from('fd377a585a00', 'hex'))));
  // What follows it is no part of it.
  execFileSync('xz', ['--decompress', '--single-stream', `${to}.xz`]);
}

function makeInitrd(unpacked: string, version: string, folder: string, to: string): void {
  for (const name of ['bin', 'dev', 'proc', 'modules']) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  execFileSync('depmod', ['--basedir', unpacked, version]);
  const files = new Set(bootModules.flatMap((name) => moduleFiles(unpacked, version, name)));
  files.forEach((file) => copyFileSync(file, join(folder, 'modules', basename(file))));
  writeFileSync(join(folder, 'modules', 'order'), [...files].map((file) => `${basename(file)}\n`).join(''));
  copyFileSync('/bin/busybox', join(folder, 'bin', 'busybox'));
  writeFileSync(join(folder, 'init'), readFileSync(init), { mode: 0o755 });
  const input = globSync('**', { cwd: folder }).join('\n');
  const archive = execFileSync('cpio', ['--create', '--format=newc', '--quiet'], { cwd: folder, input, maxBuffer: 64 * 1024 * 1024 });
  writeFileSync(to, archive);
}

/** The files of a module and of what it needs, in the order in which they are to be loaded. */
function moduleFiles(unpacked: string, version: string, name: string): string[] {
  const options = ['--dirname', unpacked, '--set-version', version, '--show-depends', name];
  const lines = execFileSync('modprobe', options, { encoding: 'utf8' });
  return [...lines.matchAll(/^insmod (\S+)/gm)].map(([, file]) => file!);
}

function copyModules(from: string, to: string): void {
  for (const path of globSync(laterModules.map((pattern) => join('kernel', pattern)), { cwd: from })) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    cpSync(join(from, path), join(to, path), { recursive: true });
  }
  for (const name of ['modules.builtin', 'modules.builtin.modinfo', 'modules.order']) {
    copyFileSync(join(from, name), join(to, name));
  }
}

export function moveUnlessThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) {
      throw error;
    }
  }
}
