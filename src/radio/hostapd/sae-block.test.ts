import { expect, test } from 'vitest';
import { parseSaeValue, readSaeValues, saeValue, withSaeValues } from './sae-block.ts';

const one = 'secret|mac=02:00:00:00:01:00|vlanid=7|id=grt_1';
const two = 'other|id=grt_2';
const heading = '# Passwords of grants, kept by latchkey ap serve: what is changed here is put back.\n';
const block = `${heading}sae_password=${one}\nsae_password=${two}\n`;
const text = '# w\xf6rds\ninterface=wlan0\nssid=a\nwpa_key_mgmt=SAE\nsae_pwe=2\n\n# of the second\nbss=wlan0_1\r\nssid=b\r\nwpa_key_mgmt=SAE';

test('a value is what hostapd takes, and is read back', () => {
  const entry = { grantId: 'grt_1', password: 'secret', mac: '02:00:00:00:01:00', vlan: 7 };
  expect(saeValue(entry)).toBe(one);
  expect(parseSaeValue(one)).toEqual(entry);
  expect(parseSaeValue(saeValue({ ...entry, mac: undefined, vlan: undefined }))).toEqual({ ...entry, mac: undefined, vlan: undefined });
  for (const other of ['secret', 'secret|id=guests', 'secret|mac=zz|id=grt_1', 'a|b|id=grt_1', '|id=grt_1']) {
    expect(parseSaeValue(other)).toBeUndefined();
  }
});

test('each of the BSSes has the block, and all else is as it was', () => {
  const kept = withSaeValues(text, ['wlan0'], [one, two]);
  expect(kept).toBe(text.replace('SAE\n', `SAE\n${block}`));
  expect(withSaeValues(kept, ['wlan0'], [])).toBe(text);
  expect(withSaeValues(kept, ['wlan0'], [one, two])).toBe(kept);
  expect(withSaeValues(text, ['wlan0_1'], [one, two])).toBe(`${text}\n${block}`);
  expect(readSaeValues(withSaeValues(text, ['wlan0', 'wlan0_1'], [one, two]), ['wlan0_1'])).toEqual(new Map([['grt_1', one], ['grt_2', two]]));
});

test('what became of the block by hand is put right, and the passwords of others stay', () => {
  const damaged = text
    .replace('ssid=a\n', `ssid=a\nsae_password=theirs|id=guests\nsae_password=old|id=grt_0\n`)
    .replace('sae_pwe=2\n', `sae_pwe=2\n${heading}sae_password=${two}\n`);
  expect(readSaeValues(damaged, ['wlan0'])).toEqual(new Map([['grt_0', 'old|id=grt_0'], ['grt_2', two]]));
  expect(withSaeValues(damaged, ['wlan0'], [one, two])).toBe(text.replace('ssid=a\n', 'ssid=a\nsae_password=theirs|id=guests\n').replace('SAE\n', `SAE\n${block}`));
});
