import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Bitmap } from '../../src/formats/bitmap.ts';
import { encodeNdef } from '../../src/formats/ndef.ts';
import { writePng } from '../../src/formats/png.ts';
import { qrBitmap, qrSvg } from '../../src/formats/qr-picture.ts';
import { qrTerminal, qrTerminalWidth } from '../../src/formats/qr-terminal.ts';
import { qrCode } from '../../src/formats/qr.ts';
import { wifiUri } from '../../src/formats/wifi-uri.ts';
import { wifiRecord } from '../../src/formats/wsc.ts';
import type { Credential } from '../../src/roles/device/ports.ts';
import { requires } from '../requirements.ts';

const run = promisify(execFile);
const named = (ssid: string, password: string): Credential => ({ ssid, password, security: 'wpa2-psk' });
const credentials: readonly Credential[] = [
  named('Home', 'correct horse battery'),
  named('Café "Bar"; \\o/', 'a;b\\c:d,e"f%20'),
  named('日本語のカフェのネッ', '"quoted from end to end"'),
  named(' spaces around ', '        '),
  named('x', '~'.repeat(63)),
  named('T:WPA;S:other;;', '12345678'),
  named('🛰️ sky', `${'\\'.repeat(31)}${'"'.repeat(32)}`),
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-wifi-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function scanned(file: string): Promise<string> {
  const { stdout } = await run('zbarimg', ['--nodbus', '-q', '-Sdisable', '-Sqrcode.enable', '--raw', '-Sbinary', file], { encoding: 'buffer' });
  return stdout.toString();
}

async function scannedPng(bitmap: Bitmap): Promise<string> {
  const file = join(folder, 'code.png');
  await writeFile(file, writePng(bitmap, 300));
  return scanned(file);
}

/** What a terminal of one colour scheme shows: a cell is 3 by 6 dots. `ink` is what characters are drawn in where nothing else is said. */
function shown(text: string, width: number, ink: 'black' | 'white'): Bitmap {
  const lines = text.trimEnd().split('\n');
  const bitmap = new Bitmap(width * 3, lines.length * 6);
  for (const [row, line] of lines.entries()) {
    let [inkIsDark, paperIsDark] = [ink === 'black', ink === 'white'];
    let column = 0;
    for (const [part, , foreground, background] of line.matchAll(/\u001b\[(38;5;(\d+);48;5;(\d+)|0)m|[^\u001b]/g)) {
      if (part.startsWith('\u001b')) {
        [inkIsDark, paperIsDark] = [foreground === '16', background === '16'];
        continue;
      }
      const inked = { ' ': [false, false], '▀': [true, false], '▄': [false, true], '█': [true, true] }[part]!;
      inked.forEach((isInked, half) => {
        if (isInked ? inkIsDark : paperIsDark) bitmap.fill(column * 3, row * 6 + half * 3, 3, 3);
      });
      column += 1;
    }
  }
  return bitmap;
}

requires('zbar-tools')('Wi-Fi in QR codes, read by zbarimg', () => {
  describe.each(['classic', 'wpa3'] as const)('in the %s dialect', (dialect) => {
    test.each(credentials)('%o', async (credential) => {
      const uri = wifiUri(credential, { dialect });
      const code = qrCode(uri, 'M');
      expect(await scannedPng(qrBitmap(code, 4))).toBe(uri);
    });
  });

  test('on a terminal, with its own colours or without, dark or light', async () => {
    const uri = wifiUri(credentials[1]!);
    const code = qrCode(uri, 'M');
    const width = qrTerminalWidth(code);
    expect(await scannedPng(shown(qrTerminal(code, 'colours'), width, 'black'))).toBe(uri);
    expect(await scannedPng(shown(qrTerminal(code, 'colours'), width, 'white'))).toBe(uri);
    expect(await scannedPng(shown(qrTerminal(code, 'ink'), width, 'white'))).toBe(uri);
    expect(await scannedPng(shown(qrTerminal(code, 'ink', { darkInk: true }), width, 'black'))).toBe(uri);
  });
});

requires('zbar-tools', 'librsvg2-bin')('Wi-Fi in QR codes in SVG, drawn by rsvg-convert and read by zbarimg', () => {
  test.each(credentials)('%o', async (credential) => {
    const uri = wifiUri(credential);
    const file = join(folder, 'code.svg');
    await writeFile(file, qrSvg(qrCode(uri, 'M'), 0.5));
    await run('rsvg-convert', ['--dpi-x', '203', '--dpi-y', '203', '--output', `${file}.png`, file]);
    expect(await scanned(`${file}.png`)).toBe(uri);
  });
});

requires('wpasupplicant')('Wi-Fi on tags, read by wpa_supplicant', () => {
  let config: string;
  let supplicant: ReturnType<typeof spawn>;

  beforeAll(async () => {
    config = join(folder, 'wpa_supplicant.conf');
    await writeFile(config, `ctrl_interface=${folder}/control\nupdate_config=1\n`);
    // To read a tag takes no radio: any interface and a driver that does nothing will do.
    supplicant = spawn('wpa_supplicant', ['-i', 'lo', '-D', 'wired', '-c', config], { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: supplicant.stdout! })) {
      if (line.includes('Successfully initialized')) break;
    }
    supplicant.stdout!.resume();
    // Its control socket is there before this is said of the program, the interface's a little later.
    while ((await command('ping').catch(() => '')) !== 'PONG') {
      if (supplicant.exitCode !== null) throw new Error(`wpa_supplicant ended with ${supplicant.exitCode}`);
    }
  });

  afterAll(async () => {
    if (supplicant.exitCode === null) {
      const ended = once(supplicant, 'exit');
      supplicant.kill();
      await ended;
    }
  });

  async function command(...args: string[]): Promise<string> {
    const { stdout } = await run('wpa_cli', ['-p', `${folder}/control`, '-i', 'lo', ...args]);
    return stdout.trim();
  }

  /** The network block that it makes of a tag. */
  async function taken(message: Uint8Array): Promise<Record<string, string>> {
    expect(await command('remove_network', 'all')).toBe('OK');
    expect(await command('wps_nfc_tag_read', Buffer.from(message).toString('hex'))).toBe('OK');
    expect(await command('save_config')).toBe('OK');
    const block = (await readFile(config, 'utf8')).split('network={\n').at(1)!;
    return Object.fromEntries([...block.matchAll(/^\t(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
  }

  test.each(credentials)('%o', async (credential) => {
    // It writes quotes around what it can print, and hex otherwise.
    const ssids = [`"${credential.ssid}"`, Buffer.from(credential.ssid).toString('hex')];
    const network = await taken(encodeNdef([wifiRecord(credential)]));
    expect(ssids).toContain(network['ssid']);
    expect(network).toMatchObject({ psk: `"${credential.password}"`, key_mgmt: 'WPA-PSK', proto: 'RSN', pairwise: 'CCMP' });
  });

  test('what is cut off or changed is refused', async () => {
    const message = encodeNdef([wifiRecord(credentials[0]!)]);
    expect(await command('wps_nfc_tag_read', Buffer.from(message.subarray(0, -20)).toString('hex'))).toBe('FAIL');
  });
});
