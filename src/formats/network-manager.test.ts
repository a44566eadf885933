import { expect, test } from 'vitest';
import { networkManagerKeyfile } from './network-manager.ts';

const uuid = '3ce780f4-db09-44ad-98b4-fe574ee94915';

function lines(ssid: string, password: string): string[] {
  return networkManagerKeyfile({ ssid, password, security: 'wpa2-psk' }, uuid)
    .split('\n')
    .filter((line) => /^(ssid|psk)=/.test(line));
}

test('is what nmcli --offline prints', () => {
  expect(networkManagerKeyfile({ ssid: 'Home', password: 'correct horse', security: 'wpa3-sae' }, uuid)).toBe(
    [
      '[connection]', 'id=Home', `uuid=${uuid}`, 'type=wifi', '',
      '[wifi]', 'mode=infrastructure', 'ssid=Home', '',
      '[wifi-security]', 'key-mgmt=sae', 'psk=correct horse', '',
      '[ipv4]', 'method=auto', '',
      '[ipv6]', 'addr-gen-mode=default', 'method=auto', '',
      '[proxy]', '',
    ].join('\n'),
  );
});

// Each pair as nmcli 1.42 prints it.
test.each([
  [' a;b\\c"d', 'ssid=\\sa\\\\;b\\\\c"d'],
  ['Grün=[x]', 'ssid=71;114;195;188;110;61;91;120;93;'],
  ['72', 'ssid=72'],
  ['1;2', 'ssid=1\\\\;2'],
  ['end ', 'ssid=end '],
  ['#x', 'ssid=#x'],
  [' ', 'ssid=\\s'],
])('escapes the SSID %j', (ssid, line) => {
  expect(lines(ssid, 'password')[0]).toBe(line);
});

test('escapes the password', () => {
  expect(lines('Home', ' pa#s\\s"=[x];')[1]).toBe('psk=\\spa#s\\\\s"=[x];');
});

test('has no place for the identifier of an SAE password', () => {
  const credential = { ssid: 'Home', password: 'correct horse', passwordId: 'grt_1' };
  expect(() => networkManagerKeyfile({ ...credential, security: 'wpa3-sae' }, uuid)).toThrow('it has no setting for the identifier');
  expect(networkManagerKeyfile({ ...credential, security: 'wpa2-psk' }, uuid)).toContain('psk=correct horse');
});
