import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { prepareRadio, type RadioFlags } from './open-radio.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lk-radio-'));
  vi.stubEnv('LATCHKEY_PASSWORD', 'correct horse');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  vi.unstubAllEnvs();
});

function flags(more: Partial<RadioFlags> = {}, ...sections: string[]): RadioFlags {
  const path = join(folder, 'hostapd.conf');
  const text = sections.map((section, index) => `${index === 0 ? 'interface' : 'bss'}=wlan${index}\nssid=Home\nctrl_interface=/run/hostapd\nwpa_psk_file=/run/psk\n${section}\n`);
  writeFileSync(path, text.join(''));
  return { ssid: 'Home', security: 'wpa2-psk', radio: 'hostapd', 'hostapd-conf': [path], 'shared-password': false, 'drop-after': 0, dpp: false, ...more };
}

test('--vlan is refused where hostapd has no VLANs, on any BSS of the network', async () => {
  await prepareRadio(flags({ vlan: ['20'] }, 'dynamic_vlan=1', 'dynamic_vlan=2'), {});
  await prepareRadio(flags({}, ''), {});
  await expect(prepareRadio(flags({ vlan: ['model=lamp:20'] }, 'dynamic_vlan=1', 'dynamic_vlan=0'), {})).rejects.toMatchObject({
    code: 'invalid_input',
    message: '--vlan takes VLANs at hostapd: hostapd’s configuration has no dynamic_vlan=1 in the section of wlan1.',
    hint: expect.stringContaining('ap config --vlan'),
  });
});

test('--vlan is refused where all have one password', async () => {
  await expect(prepareRadio(flags({ vlan: ['20'], 'shared-password': true }, 'dynamic_vlan=1'), {})).rejects.toMatchObject({
    message: '--vlan takes a password for each grant: it goes with --radio hostapd without --shared-password.',
  });
  await expect(prepareRadio(flags({ vlan: ['20'], radio: 'none', 'hostapd-conf': [] }, ''), {})).rejects.toMatchObject({
    message: '--vlan takes a password for each grant: it goes with --radio hostapd.',
  });
});
