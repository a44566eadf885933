import { expect, test } from 'vitest';
import { onboardingInterface, operatingChannel, parseBssid, parseChannel, parseCountry, parseInterface, parseRadioInterface, secondAddress } from './radio.ts';

test.each(['1', '13', '36', '144', '165'])('%s is a channel', (text) => expect(parseChannel(text)).toBe(Number(text)));
test.each(['0', '14', '37', '166', '-1', '6.0', 'six', ''])('"%s" is no channel', (text) => expect(() => parseChannel(text)).toThrow('is no channel'));

test('a country has two capital letters', () => {
  expect(parseCountry('DE')).toBe('DE');
  for (const text of ['de', 'D', 'DEU', 'D1', 'DE\n', 'XX', 'QQ']) {
    expect(() => parseCountry(text)).toThrow('is not a country');
  }
});

test('an interface has no characters that a configuration would take for its own', () => {
  expect(['wlan0', 'wlx00c0ca123456', 'br-lan', 'eth0.5'].map(parseInterface)).toEqual(['wlan0', 'wlx00c0ca123456', 'br-lan', 'eth0.5']);
  for (const text of ['', 'sixteen-letters-', 'a b', 'a"b', 'a/b', '..', '-x', 'wlan0\n', 'wlan*']) {
    expect(() => parseInterface(text)).toThrow('is not an interface');
  }
});

test('the onboarding network’s interface has at most 15 characters, and is never the radio’s', () => {
  expect(['w', 'wlan0', 'wlx00c0ca123456'].map(onboardingInterface)).toEqual(['w_onb', 'wlan0_onb', 'wlx00c0ca12_onb']);
  expect(() => parseRadioInterface('wlx00c0ca12_onb')).toThrow('name its radio');
});

test('a second address differs from the first, and is locally administered and one station’s', () => {
  expect(['24:6f:28:a1:b2:c3', '02:00:00:00:00:00', '06:00:00:00:00:00'].map(secondAddress)).toEqual(['26:6f:28:a1:b2:c3', '06:00:00:00:00:00', '02:00:00:00:00:00']);
});

test('a group’s address is no access point’s', () => {
  expect(parseBssid('06-00-00-00-00-00')).toBe('06:00:00:00:00:00');
  expect(() => parseBssid('01:00:5e:00:00:01')).toThrow('address of a group');
});

test.each([[2412, '81/1'], [2472, '81/13'], [5180, '115/36'], [5320, '118/64'], [5720, '121/144'], [5745, '125/149']])('%d MHz is channel %s', (mhz, channel) => expect(operatingChannel(mhz)).toBe(channel));
test.each([2484, 2413, 5170, 5955, 0])('%d MHz is no channel of these bands', (mhz) => expect(operatingChannel(mhz)).toBeUndefined());
