import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { bootstrapPublicKey, newBootstrapKey } from '../../src/protocol/bootstrap-key.ts';
import { HostapdDpp, type DppBss } from '../../src/radio/hostapd/hostapd-dpp.ts';
import { requires } from '../requirements.ts';
import { HostapdForGrants } from './hostapd-program.ts';
import { RadioUnderTest } from './radio-under-test.ts';

const run = promisify(execFile);
const device = { hash: Buffer.alloc(32), bss: 'lo', mac: '02:00:00:00:01:00', frequencyMhz: 2412 };
const credential = { ssid: 'Home', password: 'correct horse battery', security: 'wpa2-psk' } as const;
const publicKey = bootstrapPublicKey(newBootstrapKey());

requires('hostapd')('DPP at a real hostapd', () => {
  const ask = async (hostapd: HostapdForGrants, ...command: string[]) =>
    (await run('hostapd_cli', ['-p', hostapd.controlDirectory, '-i', 'lo', 'raw', ...command])).stdout.trim();

  test('it answers nobody by itself, and is told of a device before it is to begin', async () => {
    await using hostapd = new HostapdForGrants();
    await hostapd.start();
    await using radio = new RadioUnderTest();
    const { dpp } = await radio.opened(hostapd, { dpp: { besides: [] } });
    // Without a radio hostapd cannot send the first frame, and says so.
    await expect(dpp!.configure(device, publicKey, credential)).rejects.toMatchObject({ code: 'radio_unreachable', message: expect.stringContaining('begin with a DPP device') });
    expect(await ask(hostapd, 'DPP_BOOTSTRAP_INFO', '1')).toContain('mac_addr=02:00:00:00:01:00');
    await expect(dpp!.configure({ ...device, bss: 'other' }, publicKey, credential)).resolves.toBe(false);
    await expect(dpp!.configure({ ...device, frequencyMhz: 60_480 }, publicKey, credential)).resolves.toBe(false);
  });
});

/** A BSS that is told what to say, and what it was told. */
class ToldBss implements DppBss {
  readonly name = 'wlan0';
  readonly told: string[] = [];
  #last = 0;

  async addDppPeer(): Promise<number> {
    this.#last += 1;
    this.told.push(`add ${this.#last}`);
    return this.#last;
  }

  async beginDpp(peer: number): Promise<void> {
    this.told.push(`begin ${peer}`);
  }

  async forgetDppPeer(peer: number): Promise<void> {
    this.told.push(`forget ${peer}`);
  }

  /** A hostapd that has started anew begins with its numbers again. */
  restart(): void {
    this.#last = 0;
  }
}

const heardBy = { ...device, bss: 'wlan0' };

test('announcements are understood', () => {
  const dpp = new HostapdDpp([]);
  const heard: unknown[] = [];
  dpp.onAnnouncement((announcement) => heard.push(announcement));
  dpp.heard('wlan0', `DPP-CHIRP-RX id=-1 src=02:00:00:00:01:00 freq=2412 hash=${'ab'.repeat(32)}`);
  dpp.heard('wlan0', `DPP-CHIRP-RX id=7 src=02:00:00:00:01:00 freq=5180 hash=${'ab'.repeat(32)}`);
  dpp.heard('wlan0', 'DPP-CHIRP-RX id=7 src=02:00:00:00:01:00 freq=5180 hash=abc');
  const common = { hash: Buffer.alloc(32, 0xab), bss: 'wlan0', mac: '02:00:00:00:01:00' };
  expect(heard).toEqual([{ ...common, frequencyMhz: 2412 }, { ...common, frequencyMhz: 5180 }]);
});

test.each([
  ['DPP-CONF-SENT', true, ['forget 1']],
  ['DPP-CONF-SENT wait_conn_status=1', true, ['forget 1']],
  ['DPP-AUTH-INIT-FAILED', false, ['forget 1']],
  // hostapd may refer to it still.
  ['DPP-CONF-FAILED', false, []],
])('%s ends an exchange', async (event, isTaken, forgotten) => {
  const bss = new ToldBss();
  const dpp = new HostapdDpp([bss]);
  const exchange = dpp.configure(heardBy, publicKey, credential);
  await expect.poll(() => bss.told).toEqual(['add 1', 'begin 1']);
  dpp.heard('other', event);
  dpp.heard('wlan0', event);
  expect(await exchange).toBe(isTaken);
  expect(bss.told.slice(2)).toEqual(forgotten);
});

test('a device waits for its turn, and whoever hostapd might refer to is forgotten in the next exchange', async () => {
  const bss = new ToldBss();
  const dpp = new HostapdDpp([bss]);
  const exchanges = [dpp.configure(heardBy, publicKey, credential), dpp.configure(heardBy, publicKey, credential)];
  await expect.poll(() => bss.told).toEqual(['add 1', 'begin 1']);
  dpp.heard('wlan0', 'DPP-CONF-FAILED');
  await expect.poll(() => bss.told.slice(2)).toEqual(['add 2', 'begin 2', 'forget 1']);
  dpp.heard('wlan0', 'DPP-CONF-SENT');
  expect(await Promise.all(exchanges)).toEqual([false, true]);
  expect(bss.told.slice(5)).toEqual(['forget 2']);
});

test('a hostapd that was started anew in the middle is told to forget nothing: its numbers are of others', async () => {
  const bss = new ToldBss();
  const dpp = new HostapdDpp([bss]);
  const exchange = dpp.configure(heardBy, publicKey, credential);
  await expect.poll(() => bss.told).toEqual(['add 1', 'begin 1']);
  bss.restart();
  dpp.isUp('wlan0');
  expect(await exchange).toBe(false);
  const next = dpp.configure(heardBy, publicKey, credential);
  await expect.poll(() => bss.told.slice(2)).toEqual(['add 1', 'begin 1']);
  dpp.heard('wlan0', 'DPP-CONF-SENT');
  expect(await next).toBe(true);
  expect(bss.told.slice(4)).toEqual(['forget 1']);
});
