import { expect, test } from 'vitest';
import { controlledBsses, readConfiguration, servingBsses } from './read-configuration.ts';

const text = `# two networks
interface=wlan0
ctrl_interface=DIR=/run/hostapd GROUP=0
ssid=Home
wpa_key_mgmt=WPA-PSK SAE
wpa_psk_file=/var/lib/psk
bss=wlan0_1
ssid2=P"iot\\x2dsetup\\n\\"\\101"
ctrl_interface=/run/hostapd
`;

test('each BSS with what its own section says', () => {
  expect(readConfiguration(text, '/h.conf')).toEqual([
    { interface: 'wlan0', ssid: 'Home', controlDirectory: '/run/hostapd', pskFile: '/var/lib/psk', hasCommonPassword: false, hasVlans: false, callsForDpp: false, file: '/h.conf', keyManagement: ['WPA-PSK', 'SAE'] },
    { interface: 'wlan0_1', ssid: 'iot-setup\n"A', controlDirectory: '/run/hostapd', pskFile: undefined, hasCommonPassword: false, hasVlans: false, callsForDpp: false, file: '/h.conf', keyManagement: [] },
  ]);
  const [bss] = readConfiguration('interface=w\nssid2=c3a4', '/h.conf');
  expect(bss?.ssid).toBe('ä');
  expect(readConfiguration('interface=w\nssid2=ff', '/h.conf')[0]?.ssid).toBeUndefined();
  expect(readConfiguration('interface=w\nssid2="a b"', '/h.conf')[0]?.ssid).toBe('a b');
  expect(readConfiguration('', '/h.conf')).toEqual([]);
});

test('the network’s own are picked, and what they lack is said', () => {
  const bsses = readConfiguration(text, '/h.conf');
  expect(servingBsses('Home', bsses)).toEqual([{ interface: 'wlan0', controlDirectory: '/run/hostapd', pskFile: '/var/lib/psk', saeFile: '/h.conf', hasVlans: false }]);
  expect(() => servingBsses('Work', bsses)).toThrow(/has the SSID "Work"; there is "Home"/);
  expect(() => servingBsses('iot-setup\n"A', bsses)).toThrow(/wlan0_1 .* no wpa_psk_file=/);
  expect(() => controlledBsses('a', readConfiguration('interface=w\nssid=a', '/h.conf'))).toThrow(/w .* no ctrl_interface=/);
  expect(() => servingBsses('a', readConfiguration('interface=w\nssid=a\nctrl_interface=/c\nwpa_psk_file=psk', '/h.conf'))).toThrow(/absolute path/);
});

test('a BSS of SAE alone needs no file of keys, and may have the passwords of grants but none for all', () => {
  const sae = 'interface=w\nssid=a\nctrl_interface=/c\nwpa_key_mgmt=SAE\n';
  const grants = 'sae_password=secret|mac=02:00:00:00:01:00|id=grt_1\n';
  const serving = { interface: 'w', controlDirectory: '/c', pskFile: undefined, saeFile: '/h.conf', hasVlans: false };
  expect(servingBsses('a', readConfiguration(sae + grants, '/h.conf'))).toEqual([serving]);
  for (const common of ['sae_password=secret', 'sae_password=secret|id=guests', 'wpa_passphrase=secret secret']) {
    expect(() => servingBsses('a', readConfiguration(`${sae}${common}\n${grants}`, '/h.conf'))).toThrow('w of the hostapd configuration has a password for all');
  }
});

test.each([['1', true], ['2', true], ['1 ', true], ['0', false], ['', false], ['yes', false]])('dynamic_vlan=%s puts stations into VLANs: %s', (value, expected) => {
  expect(readConfiguration(`interface=w\ndynamic_vlan=${value}\nbss=x`, '/h.conf').map(({ hasVlans }) => hasVlans)).toEqual([expected, false]);
});
