import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { hostapdConfiguration, radiolessConfigurations, type HostapdSettings } from './configuration.ts';

const settings: HostapdSettings = {
  interface: 'wlan0',
  ssid: Buffer.from('Home'),
  onboardingSsid: Buffer.from('iot-setup'),
  security: 'wpa2-psk',
  onboarding: 'open',
  credentials: { kind: 'own', pskFile: '/etc/hostapd/wlan0.wpa_psk' },
  channel: 6,
  vlan: false,
  dpp: false,
  controlDir: '/run/hostapd',
};

const lines = (changed: Partial<HostapdSettings>) => hostapdConfiguration({ ...settings, ...changed }).split('\n');

test('a key for each station, and an open onboarding network', () => {
  expect(hostapdConfiguration(settings, ['Made by:', '', '  somebody'])).toBe(`# Made by:
#
#   somebody
interface=wlan0
driver=nl80211
hw_mode=g
channel=6
ieee80211n=1

ctrl_interface=/run/hostapd
ssid=Home
wpa=2
wpa_key_mgmt=WPA-PSK
rsn_pairwise=CCMP
ieee80211w=1
wpa_psk_file=/etc/hostapd/wlan0.wpa_psk

bss=wlan0_onb
ctrl_interface=/run/hostapd
ssid=iot-setup
ap_isolate=1
`);
});

test('all that there is', () => {
  const all: HostapdSettings = {
    ...settings,
    security: 'wpa2-wpa3',
    onboarding: 'owe',
    channel: 100,
    country: 'DE',
    bridge: 'br0',
    vlan: true,
    dpp: true,
    onboardingBssid: '26:6f:28:a1:b2:c3',
  };
  expect(hostapdConfiguration(all)).toBe(`interface=wlan0
driver=nl80211
bridge=br0
country_code=DE
ieee80211d=1
ieee80211h=1
hw_mode=a
channel=100
ieee80211n=1
ieee80211ac=1

ctrl_interface=/run/hostapd
ssid=Home
wpa=2
wpa_key_mgmt=WPA-PSK SAE DPP
rsn_pairwise=CCMP
ieee80211w=1
sae_pwe=2
sae_require_mfp=1
wpa_psk_file=/etc/hostapd/wlan0.wpa_psk
dynamic_vlan=1
dpp_configurator_connectivity=1

bss=wlan0_onb
bssid=26:6f:28:a1:b2:c3
ctrl_interface=/run/hostapd
ssid=iot-setup
ap_isolate=1
wpa=2
wpa_key_mgmt=OWE
rsn_pairwise=CCMP
ieee80211w=2
`);
});

test('a shared password is a key for WPA2 and a password for WPA3', () => {
  const credentials = { kind: 'shared', password: 'correct horse battery' } as const;
  // What wpa_passphrase prints for it.
  const key = 'wpa_psk=de443b92491739a98bf1b606463fb70af597738156efed414e693d37bb0f1ff6';
  expect(lines({ credentials }).filter((line) => line.startsWith('wpa_psk'))).toEqual([key]);
  expect(lines({ credentials }).join()).not.toContain('correct horse');
  expect(lines({ credentials, security: 'wpa3-sae' })).toEqual(expect.arrayContaining(['wpa_key_mgmt=SAE', 'ieee80211w=2', 'sae_password=correct horse battery']));
  expect(lines({ credentials, security: 'wpa3-sae' }).join()).not.toContain('wpa_psk');
  expect(lines({ credentials, security: 'wpa2-wpa3' })).toEqual(expect.arrayContaining([key, 'sae_password=correct horse battery']));
  expect(() => lines({ credentials: { kind: 'shared', password: 'pass|id=word' }, security: 'wpa3-sae' })).toThrow('hostapd takes no SAE password');
  expect(lines({ credentials: { kind: 'shared', password: 'pass|word' }, security: 'wpa3-sae' })).toContain('sae_password=pass|word');
});

test.each([
  ['Küche # 1', 'ssid=Küche # 1'],
  ['"quoted"', 'ssid="quoted"'],
  [' blank at an end', 'ssid2=20626c616e6b20617420616e20656e64'],
  ['two\nlines', 'ssid2=74776f0a6c696e6573'],
  ['turned\u202e', 'ssid2=7475726e6564e280ae'],
  [Buffer.from([0xff, 0x00]), 'ssid2=ff00'],
])('the SSID %j is %s', (ssid, line) => {
  expect(lines({ ssid: Buffer.from(ssid as string) })).toContain(line);
});

test('without a radio there is no country, no bridge and one network each', () => {
  const [main, onboarding] = radiolessConfigurations({ ...settings, channel: 36, country: 'DE', bridge: 'br0' }).map((text) => text.split('\n'));
  for (const each of [main, onboarding]) {
    expect(each!.slice(0, 6)).toEqual(['interface=lo', 'driver=none', 'hw_mode=a', 'channel=36', 'ieee80211n=1', 'ieee80211ac=1']);
  }
  expect([main!.includes('ssid=Home'), main!.includes('ssid=iot-setup')]).toEqual([true, false]);
  expect([onboarding!.includes('ssid=Home'), onboarding!.includes('ssid=iot-setup')]).toEqual([false, true]);
});
