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
  expect(readConfiguration(text)).toEqual([
    { interface: 'wlan0', ssid: 'Home', controlDirectory: '/run/hostapd', pskFile: '/var/lib/psk', keyManagement: ['WPA-PSK', 'SAE'] },
    { interface: 'wlan0_1', ssid: 'iot-setup\n"A', controlDirectory: '/run/hostapd', pskFile: undefined, keyManagement: [] },
  ]);
  const [bss] = readConfiguration('interface=w\nssid2=c3a4');
  expect(bss?.ssid).toBe('ä');
  expect(readConfiguration('interface=w\nssid2=ff')[0]?.ssid).toBeUndefined();
  expect(readConfiguration('interface=w\nssid2="a b"')[0]?.ssid).toBe('a b');
  expect(readConfiguration('')).toEqual([]);
});

test('the network’s own are picked, and what they lack is said', () => {
  const bsses = readConfiguration(text);
  expect(servingBsses('Home', bsses)).toEqual([{ interface: 'wlan0', controlDirectory: '/run/hostapd', pskFile: '/var/lib/psk' }]);
  expect(() => servingBsses('Work', bsses)).toThrow(/has the SSID "Work"; there is "Home"/);
  expect(() => servingBsses('iot-setup\n"A', bsses)).toThrow(/wlan0_1 .* no wpa_psk_file=/);
  expect(() => controlledBsses('a', readConfiguration('interface=w\nssid=a'))).toThrow(/w .* no ctrl_interface=/);
  expect(() => servingBsses('a', readConfiguration('interface=w\nssid=a\nctrl_interface=/c\nwpa_psk_file=psk'))).toThrow(/absolute path/);
});
