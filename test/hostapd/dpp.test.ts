import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { bootstrapPublicKey, newBootstrapKey } from '../../src/protocol/bootstrap-key.ts';
import { HostapdDpp } from '../../src/radio/hostapd/hostapd-dpp.ts';
import { Bss } from '../../src/radio/hostapd/bss.ts';
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

test('what hostapd says of devices and exchanges is understood', async () => {
  const dpp = new HostapdDpp([] as Bss[]);
  const heard: unknown[] = [];
  dpp.onAnnouncement((announcement) => heard.push(announcement));
  dpp.heard('wlan0', `DPP-CHIRP-RX id=-1 src=02:00:00:00:01:00 freq=2412 hash=${'ab'.repeat(32)}`);
  dpp.heard('wlan0', `DPP-CHIRP-RX id=7 src=02:00:00:00:01:00 freq=5180 hash=${'ab'.repeat(32)}`);
  dpp.heard('wlan0', 'DPP-CHIRP-RX id=7 src=02:00:00:00:01:00 freq=5180 hash=abc');
  dpp.heard('wlan0', 'DPP-CONF-SENT');
  const common = { hash: Buffer.alloc(32, 0xab), bss: 'wlan0', mac: '02:00:00:00:01:00' };
  expect(heard).toEqual([{ ...common, frequencyMhz: 2412 }, { ...common, frequencyMhz: 5180 }]);
});
