import { execFileSync, spawnSync, type SpawnSyncOptions } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

interface Need {
  /** What cannot be tested without it. */
  readonly suites: string;
  /** How to see on another system that it is there; what has none counts as missing. */
  readonly command?: string;
}

/** What `npm test` needs of the system, as Debian's packages. */
const testPackages = {
  'gnome-keyring': { suites: 'secrets in a real Secret Service', command: 'gnome-keyring-daemon' },
  dbus: { suites: 'secrets in a real Secret Service', command: 'dbus-run-session' },
  'libsecret-1-0': { suites: 'secrets in a real Secret Service' },
  postgresql: { suites: 'storage on a real PostgreSQL server' },
  openssl: { suites: 'certificates, and TLS-PSK with a client that is not ours', command: 'openssl' },
  curl: { suites: 'HTTP with a client that is not ours', command: 'curl' },
  jq: { suites: 'the guides, as they are read', command: 'jq' },
  iproute2: { suites: 'the guides, as they are read', command: 'ip' },
  strace: { suites: 'no secret in the arguments or environment of a child', command: 'strace' },
  'libmbedtls-dev': { suites: 'the reference device in C' },
  gcc: { suites: 'the reference device in C, and headers of C for devices', command: 'gcc' },
  'libc6-dev': { suites: 'the reference device in C, and headers of C for devices' },
  'zbar-tools': { suites: 'labels and Wi-Fi in QR codes, read with a reader that is not ours', command: 'zbarimg' },
  'librsvg2-bin': { suites: 'labels and QR codes in SVG, drawn by a program that is not ours', command: 'rsvg-convert' },
  wpasupplicant: { suites: 'DPP URIs and Wi-Fi on tags, as who reads them takes them', command: 'wpa_supplicant' },
  hostapd: { suites: 'access points, as hostapd takes them', command: 'hostapd' },
  nftables: { suites: 'the firewall, with packets', command: 'nft' },
  'freeradius-utils': { suites: 'RADIUS with a client that is not ours', command: 'radclient' },
  freeradius: { suites: 'sessions ended at a RADIUS server that is not ours', command: 'freeradius' },
  make: { suites: 'the reference device in C', command: 'make' },
  pcscd: { suites: 'card readers, as PC/SC serves them', command: 'pcscd' },
  'vsmartcard-vpcd': { suites: 'cards, at a virtual reader' },
  'ruby-cose': { suites: 'credit payment codes, verified by a COSE library that is not ours' },
  xvfb: { suites: 'QR codes on terminals, as they are seen', command: 'Xvfb' },
  xterm: { suites: 'QR codes on terminals, as they are seen', command: 'xterm' },
  'fonts-dejavu-core': { suites: 'QR codes on terminals, as they are seen' },
  imagemagick: { suites: 'QR codes on terminals, as they are seen', command: 'import' },
  hledger: { suites: 'the ledger, added up by a program that is not ours', command: 'hledger' },
} as const satisfies Record<string, Need>;

/** What `npm run test:radio` needs. */
const radioPackages = {
  'qemu-system-x86': { suites: 'Wi-Fi, on radios of a virtual machine', command: 'qemu-system-x86_64' },
  'busybox-static': { suites: 'Wi-Fi, on radios of a virtual machine', command: 'busybox' },
  cpio: { suites: 'Wi-Fi, on radios of a virtual machine', command: 'cpio' },
  'xz-utils': { suites: 'Wi-Fi, on radios of a virtual machine', command: 'xz' },
  kmod: { suites: 'Wi-Fi, on radios of a virtual machine', command: 'modprobe' },
  iw: { suites: 'Wi-Fi, on radios of a virtual machine', command: 'iw' },
  nftables: { suites: 'Wi-Fi, on radios of a virtual machine', command: 'nft' },
  hostapd: { suites: 'Wi-Fi, on radios of a virtual machine', command: 'hostapd' },
  wpasupplicant: { suites: 'Wi-Fi, on radios of a virtual machine', command: 'wpa_supplicant' },
  dbus: { suites: 'Wi-Fi, on radios of a virtual machine', command: 'dbus-daemon' },
  'libmbedtls-dev': { suites: 'Wi-Fi, with the reference device in C' },
  gcc: { suites: 'Wi-Fi, with the reference device in C', command: 'gcc' },
  'libc6-dev': { suites: 'Wi-Fi, with the reference device in C' },
  make: { suites: 'Wi-Fi, with the reference device in C', command: 'make' },
} as const satisfies Record<string, Need>;

export const debianPackages = { ...radioPackages, ...testPackages };

export type DebianPackage = keyof typeof debianPackages;

/** Those that `npm test` needs. */
export const packagesOfTests = Object.keys(testPackages) as DebianPackage[];

/** Those that the radio lab needs. */
export const packagesOfRadioLab = Object.keys(radioPackages) as DebianPackage[];

/** Those of the packages that are not installed. */
export function missingPackages(names: readonly DebianPackage[]): DebianPackage[] {
  const installed = isDebian() ? installedPackages() : new Set<string>(names.filter(hasCommand));
  return names.filter((name) => !installed.has(name));
}

/** Installs what is missing where that can be done without asking: on a Debian, as root. */
export function installMissingPackages(wanted: readonly DebianPackage[]): void {
  const names = missingPackages(wanted);
  if (names.length === 0 || !isDebian() || process.getuid?.() !== 0) {
    return;
  }
  console.error(`Installing for the tests: ${names.join(' ')}`);
  const install = () => aptGet(['install', '--yes', '--no-install-recommends', ...names]);
  // A fresh machine has no lists of packages, an old one has lists of what is no longer there.
  if (!install() && aptGet(['update'])) {
    install();
  }
}

/** Whether it went well; what it says goes to stderr. */
export function aptGet(args: readonly string[], cwd = process.cwd()): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, cwd, stdio: ['ignore', process.stderr, process.stderr] } satisfies SpawnSyncOptions;
  return spawnSync('apt-get', ['--quiet', ...args], options).status === 0;
}

function isDebian(): boolean {
  return existsSync('/etc/debian_version');
}

function installedPackages(): Set<string> {
  const list = execFileSync('dpkg-query', ['--show', '--showformat', '${Package} ${db:Status-Status}\n'], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const lines = list.split('\n').map((line) => line.split(' '));
  return new Set(lines.flatMap(([name, status]) => (status === 'installed' && name !== undefined ? [name] : [])));
}

function hasCommand(name: DebianPackage): boolean {
  const need: Need = debianPackages[name];
  const { command } = need;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return command !== undefined && folders.some((folder) => existsSync(join(folder, command)));
}
