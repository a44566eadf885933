import { execFile, spawn } from 'node:child_process';
import { createECDH, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dppUri } from '../../src/protocol/dpp-uri.ts';
import { requires } from '../requirements.ts';

const run = promisify(execFile);

requires('wpasupplicant')('DPP URIs, taken by wpa_supplicant', () => {
  let folder: string;
  let supplicant: ReturnType<typeof spawn>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-dpp-'));
    const config = join(folder, 'wpa_supplicant.conf');
    await writeFile(config, `ctrl_interface=${folder}/control\n`);
    // Parsing a URI needs no radio: any interface and a driver that does nothing will do.
    supplicant = spawn('wpa_supplicant', ['-i', 'lo', '-D', 'wired', '-c', config], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines: string[] = [];
    for await (const line of createInterface({ input: supplicant.stdout! })) {
      lines.push(line);
      if (line.includes('Successfully initialized')) break;
    }
    // Its control socket is there before this is said of the program, the interface's a little later.
    await until(() => command('ping').then((reply) => reply === 'PONG', () => false));
  });

  afterAll(async () => {
    if (supplicant.exitCode === null) {
      supplicant.kill();
      await once(supplicant, 'exit');
    }
    await rm(folder, { recursive: true });
  });

  async function until(isSo: () => Promise<boolean>): Promise<void> {
    while (!(await isSo())) {
      if (supplicant.exitCode !== null) throw new Error(`wpa_supplicant ended with ${supplicant.exitCode}`);
    }
  }

  async function command(...args: string[]): Promise<string> {
    const { stdout } = await run('wpa_cli', ['-p', `${folder}/control`, '-i', 'lo', ...args]);
    return stdout.trim();
  }

  /** What it made of a URI. */
  async function accepted(uri: string): Promise<Record<string, string>> {
    const id = await command('dpp_qr_code', uri);
    expect(id, uri).toMatch(/^\d+$/);
    const info = await command('dpp_bootstrap_info', id);
    return Object.fromEntries(info.split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2)));
  }

  test('gives back address, channel, info and the hash of the key', async () => {
    for (const [mac, info] of [['5a:4e:00:00:00:01', 'lamp-2 "x" 3:4, \\'], [undefined, '9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d'], ['02:00:00:00:0a:ff', undefined]] as const) {
      const pair = createECDH('prime256v1');
      pair.setPrivateKey(randomBytes(32).fill(1, 0, 4));
      const publicKey = pair.getPublicKey(null, 'compressed');
      const uri = dppUri({ channels: ['81/1', '81/6'], mac, info, publicKey });
      const found = await accepted(uri);
      const key = Buffer.from(/K:([^;]+)/.exec(uri)![1]!, 'base64');
      expect(found).toMatchObject({ type: 'QRCODE', mac_addr: mac ?? '00:00:00:00:00:00', info: info ?? '', num_freq: '2', curve: 'prime256v1' });
      const hash = Buffer.from(await crypto.subtle.digest('SHA-256', Uint8Array.from(key))).toString('hex');
      expect(found['pkhash']).toBe(hash);
    }
  });

  test('what we refuse, it cuts off: that is why', async () => {
    const pair = createECDH('prime256v1');
    pair.generateKeys();
    const uri = dppUri({ channels: [], mac: undefined, info: 'lamp', publicKey: pair.getPublicKey(null, 'compressed') });
    expect(await accepted(uri.replace('I:lamp', 'I:la;mp'))).toMatchObject({ info: 'la' });
    expect(await command('dpp_qr_code', uri.replace('K:MDk', 'K:MDo'))).toBe('FAIL');
  });
});
