import { expect, test } from 'vitest';
import { heardSecurities, type HeardNetwork } from '../../domain/heard-network.ts';
import { hostileSsids, iwScan } from '../../../test/station/scans.ts';
import { mostScanBytes, parseScan } from './scan.ts';

const parse = (text: string) => parseScan(Buffer.from(text));
const bssid = '02:00:00:00:01:00';
const home: HeardNetwork = { bssid, ssid: Uint8Array.from(Buffer.from('Home')), signalDbm: -60, frequencyMhz: 2437, security: 'wpa2-psk', ageMs: 20 };
const hex = (network: HeardNetwork | undefined) => Buffer.from(network!.ssid).toString('hex');
const radio = (at: number) => `02:00:00:00:${(at >> 8).toString(16).padStart(2, '0')}:${(at & 255).toString(16).padStart(2, '0')}`;

test('iw: every network with name, signal, frequency, security and age', () => {
  expect(parse(iwScan([home, { bssid: radio(2), ssid: Buffer.from('Café'), security: 'owe', signalDbm: -82, frequencyMhz: 5180, ageMs: 3100 }]))).toEqual([
    home,
    { bssid: radio(2), ssid: Uint8Array.from(Buffer.from('Café')), signalDbm: -82, frequencyMhz: 5180, security: 'owe', ageMs: 3100 },
  ]);
});

test.each(heardSecurities)('iw: %s is known by what the beacon announces', (security) => {
  expect(parse(iwScan([{ bssid, security }]))[0]).toMatchObject({ security });
});

test.each([
  ['PSK PSK/SHA-256', 'wpa2-psk'],
  ['FT/PSK PSK', 'wpa2-psk'],
  ['SAE FT/SAE', 'wpa3-sae'],
  ['FT/SAE FT/PSK', 'wpa2-psk+wpa3-sae'],
  ['IEEE 802.1X/SHA-256', 'enterprise'],
  ['IEEE 802.1X/SUITE-B-192', 'enterprise'],
  ['FILS/SHA-384', 'enterprise'],
  ['IEEE 802.1X PSK', 'enterprise'],
])('iw: the suites %s are %s', (suites, security) => {
  expect(parse(iwScan([home]).replace('suites: PSK', `suites: ${suites}`))[0]).toMatchObject({ security });
});

test('iw: one that takes WPA beside WPA2 is of WPA2', () => {
  const mixed = iwScan([home]).replace('\tHT cap', '\tWPA:\t * Version: 1\n\t\t * Authentication suites: PSK\n\tHT cap');
  expect(parse(mixed)[0]).toMatchObject({ security: 'wpa2-psk' });
});

test.each(Object.entries(hostileSsids))('iw: an SSID %s is read to its bytes', (_, ssid) => {
  const heard = parse(iwScan([{ bssid, ssid }]));
  expect(heard).toHaveLength(1);
  expect(hex(heard[0])).toBe(Buffer.from(ssid).toString('hex'));
});

test.each(['\tSSID: \n', '\tSSID:\n', '\tSSID: \\x00\\x00\\x00\\x00\n'])('iw: %j is hidden', (line) => {
  expect(hex(parse(iwScan([home]).replace(/\tSSID: .*\n/, line))[0])).toBe('');
});

test('iw: a hidden one that answers by its name has it', () => {
  const both = iwScan([home]).replace('\tSSID: Home\n', '\tSSID: \n') + '\tInformation elements from Beacon frame:\n\tSSID: Home\n';
  expect(hex(parse(both)[0])).toBe(Buffer.from('Home').toString('hex'));
});

test('iw: what one network puts into a line hides no other, nor changes what was said before', () => {
  const wps = '\tWPS:\t * Version: 1.0\n\t\t * Manufacturer: x\n\tsignal: strong\n\tfreq: 1\n\tSSID: Other\n\tlast seen: never\nBSS 01:00:5e:00:00:01(on wlan0)\n\tfreq: evil\n\tSSID: ' + 'x'.repeat(400) + '\n';
  expect(parse(iwScan([home]) + wps + iwScan([{ ...home, bssid: radio(2) }]))).toEqual([home, { ...home, bssid: radio(2) }]);
});

test('iw: a driver without dBm, and older prints of signal and age', () => {
  const text = iwScan([home]);
  expect(parse(text.replace('-60.00 dBm', '70/100'))[0]).toMatchObject({ signalDbm: undefined });
  expect(parse(text.replace('-60.00 dBm', '-60.-12 dBm'))[0]).toMatchObject({ signalDbm: -60 });
  expect(parse(text.replace(/\tlast seen.*\n/, ''))[0]).toMatchObject({ ageMs: 0 });
});

test('of a radio that was heard by two names the later one stays', () => {
  const [older, newer] = [{ ...home, ageMs: 9000 }, { ...home, ssid: Buffer.from('Home-abcdefghij'), ageMs: 30 }];
  for (const order of [[older, newer], [newer, older]]) {
    expect(parse(iwScan(order)).map(({ ssid }) => Buffer.from(ssid).toString())).toEqual(['Home-abcdefghij']);
  }
});

test('each name of a radio is there for who asks for all', () => {
  const [older, newer] = [{ ...home, ageMs: 9000 }, { ...home, ssid: Buffer.from('Home-abcdefghij'), ageMs: 30 }];
  const heard = parseScan(Buffer.from(iwScan([older, newer, { ...older, ageMs: 40 }])), 'each');
  expect(heard.map(({ ssid, ageMs }) => [Buffer.from(ssid).toString(), ageMs])).toEqual([['Home', 40], ['Home-abcdefghij', 30]]);
});

test('of more than 500 on the air the strongest stay', () => {
  const many = Array.from({ length: 600 }, (_, at) => ({ bssid: radio(at + 1), signalDbm: at === 599 ? -30 : -90 }));
  const heard = parse(iwScan(many));
  expect(heard).toHaveLength(500);
  expect(heard[0]).toMatchObject({ bssid: radio(600), signalDbm: -30 });
});

const nmcliLine = (ssid: Uint8Array, rest = '2462 MHz:72:WPA2') => `02\\:00\\:00\\:00\\:01\\:00:${Buffer.from(ssid).toString('hex').toUpperCase()}:${rest}\n`;

test('nmcli: every network, its percents as dBm', () => {
  expect(parse(nmcliLine(home.ssid))).toEqual([{ ...home, signalDbm: -57, frequencyMhz: 2462, ageMs: 0 }]);
});

test.each([
  ['', 'open'], ['--', 'open'], ['OWE-TM', 'open'], ['WEP', 'wep'], ['WPA1', 'wpa'], ['WPA1 WPA2', 'wpa2-psk'], ['WPA2 WPA3', 'wpa2-psk+wpa3-sae'],
  ['WPA3', 'wpa3-sae'], ['WPA2 802.1X', 'enterprise'], ['WPA3 WPA-EAP-SUITE-B-192', 'enterprise'], ['OWE', 'owe'], ['WPA9', 'other'],
])('nmcli: %j is %s', (words, security) => {
  expect(parse(nmcliLine(home.ssid, `2462 MHz:72:${words}`))[0]).toMatchObject({ security });
});

test.each(Object.entries(hostileSsids))('nmcli: an SSID %s is read to its bytes', (_, ssid) => {
  expect(hex(parse(nmcliLine(ssid))[0])).toBe(Buffer.from(ssid).toString('hex'));
});

test.each([
  [nmcliLine(home.ssid) + 'nonsense\n', 'Line 2: these are not the fields BSSID,SSID-HEX,FREQ,SIGNAL,SECURITY of nmcli.'],
  [nmcliLine(home.ssid).replace('486F', '48 6F'), 'Line 1: its second field is no SSID in hexadecimal.'],
  [nmcliLine(new Uint8Array(33).fill(65)), 'Line 1: its second field is no SSID in hexadecimal.'],
  [nmcliLine(home.ssid, '2462:72:WPA2'), 'Line 1: its third field is no frequency, or its fourth no signal in percent.'],
])('nmcli: what is wrong is named with its line', (text, message) => {
  expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'scan_malformed', message }));
});

const wpaHead = 'bssid / frequency / signal level / flags / ssid\n';
const wpaLine = (name: string, flags = '[WPA2-PSK-CCMP][ESS]') => `${bssid}\t2437\t-60\t${flags}\t${name}\n`;

test('wpa_supplicant: every network, its escapes undone', () => {
  expect(parse(`Selected interface 'wlan0'\n${wpaHead}${wpaLine('Home')}`)).toEqual([{ ...home, ageMs: 0 }]);
  expect(hex(parse(wpaHead + wpaLine('a\\"\\\\\\e\\n\\r\\t\\x00\\xff'))[0])).toBe('61225c1b0a0d0900ff');
});

test.each([
  ['[ESS]', 'open'], ['[WEP][ESS]', 'wep'], ['[WPA-PSK-TKIP][ESS]', 'wpa'], ['[WPA-PSK-TKIP][WPA2-PSK-CCMP][ESS]', 'wpa2-psk'], ['[WPA2-PSK+SAE-CCMP][ESS]', 'wpa2-psk+wpa3-sae'],
  ['[WPA2-SAE-CCMP][SAE-H2E][ESS]', 'wpa3-sae'], ['[WPA2-EAP-CCMP][ESS]', 'enterprise'], ['[WPA2-OWE-CCMP][ESS]', 'owe'], ['[WPA2-DPP-CCMP][ESS]', 'other'],
])('wpa_supplicant: %s is %s', (flags, security) => {
  expect(parse(wpaHead + wpaLine('Home', flags))[0]).toMatchObject({ security });
});

test('wpa_supplicant: what is wrong is named with its line', () => {
  expect(() => parse(`${wpaHead}${wpaLine('Home')}one two\n`)).toThrow('Line 3: these are not the fields of scan_results.');
});

const wire = { bssid, ssid: Buffer.from('Home').toString('base64url'), signal_dbm: -60, frequency_mhz: 2437, security: 'wpa2-psk', age_ms: 20 };
const other = { ...wire, bssid: radio(2), offer: { price: 1 } };

test.each([
  ['an array', JSON.stringify([wire, other], null, 2)],
  ['items of an object', JSON.stringify({ items: [wire, other], next: 'x' })],
  ['NDJSON', `${JSON.stringify(wire)}\n\n${JSON.stringify(other)}\n`],
])('JSON: %s', (_, text) => {
  expect(parse(text)).toEqual([home, { ...home, bssid: radio(2) }]);
});

test('JSON: by hand there may be a text and no more', () => {
  expect(parse(JSON.stringify({ bssid: '02-00-00-00-01-00', ssid_text: 'Home', security: 'open' }))).toEqual([{ ...home, signalDbm: undefined, frequencyMhz: undefined, security: 'open', ageMs: 0 }]);
});

test.each(Object.entries(hostileSsids))('JSON: an SSID %s is read to its bytes', (_, ssid) => {
  expect(hex(parse(JSON.stringify([{ ...wire, ssid: Buffer.from(ssid).toString('base64url') }]))[0])).toBe(Buffer.from(ssid).toString('hex'));
});

test.each<[unknown, string]>([
  ['x', 'Network 2: it is not a JSON object.'],
  [{ ...wire, bssid: 7 }, 'Network 2: it has no bssid.'],
  [{ ...wire, bssid: '01:00:5e:00:00:01' }, 'Network 2: bssid: "01:00:5e:00:00:01" is the address of no single radio.'],
  [{ ...wire, ssid: 'SG9tZQ==' }, 'Network 2: it has no ssid, base64url of at most 32 bytes, or ssid_text.'],
  [{ ...wire, ssid: undefined, ssid_text: 'x'.repeat(33) }, 'Network 2: ssid_text: An SSID has 1 to 32 bytes; this one has 33.'],
  [{ ...wire, security: 'wpa4' }, /^Network 2: its security is none of open, owe/],
  [{ ...wire, age_ms: -1 }, 'Network 2: its age_ms is no whole number of milliseconds.'],
  [{ ...wire, signal_dbm: 0.5 }, 'Network 2: its signal_dbm is no whole number of dBm.'],
  [{ ...wire, frequency_mhz: 'x' }, 'Network 2: its frequency_mhz is no whole number of MHz.'],
] as [unknown, any][])('JSON: what is wrong is named with its place', (network, message) => {
  expect(() => parse(JSON.stringify([wire, network]))).toThrow(message);
});

test('JSON: what is wrong in NDJSON is named with its line', () => {
  expect(() => parse(`${JSON.stringify(wire)}\n{"bssid":}\n`)).toThrow('Line 2: this is no JSON.');
  expect(() => parse(`${JSON.stringify(wire)}\n\n{"bssid":"x"}\n`)).toThrow('Line 3:');
});

test('JSON: more than 500 are a mistake', () => {
  const many = Array.from({ length: 501 }, (_, at) => ({ ...wire, bssid: radio(at + 1) }));
  expect(parse(JSON.stringify(many.slice(1)))).toHaveLength(500);
  expect(() => parse(JSON.stringify(many))).toThrow(expect.objectContaining({ code: 'scan_malformed', message: 'These are 501 networks; a scan has at most 500.' }));
});

test.each([
  ['', 'This scan is empty.'],
  ['\n \n', 'This scan is empty.'],
  ['command failed: Operation not permitted (-1)\n', 'Line 1: this is nothing that iw, nmcli or wpa_supplicant prints, and no JSON.'],
  ['\u0000\u0001\u0002', 'Line 1: this is nothing that iw, nmcli or wpa_supplicant prints, and no JSON.'],
])('%j is no scan', (text, message) => {
  expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'scan_malformed', message }));
});

test('a scan has a largest size', () => {
  expect(() => parseScan(new Uint8Array(mostScanBytes + 1))).toThrow(/at most/);
});
