import { expect, test } from 'vitest';
import { LatchkeyError } from '../../domain/errors.ts';
import { parseAccessPoint, parseGateway } from './address.ts';
import { defaultRouter } from './default-router.ts';

test.each([
  ['192.168.4.1', '192.168.4.1', 8430],
  ['192.168.4.1:9000', '192.168.4.1', 9000],
  ['http://ap.example', 'ap.example', 8430],
  ['http://ap.example:80/', 'ap.example', 80],
  ['http://[fd00::1]:8430', 'fd00::1', 8430],
])('%s', (text, host, port) => {
  expect(parseAccessPoint(text)).toEqual({ host, port });
});

test('where guests are passed on has another usual port', () => {
  expect(['192.168.4.1', '192.168.4.1:9000', '[fd00::1]'].map(parseGateway)).toEqual([
    { host: '192.168.4.1', port: 8432 }, { host: '192.168.4.1', port: 9000 }, { host: 'fd00::1', port: 8432 },
  ]);
});

test.each(['https://ap.example', 'http://ap.example/path', 'http://user@ap.example', '', 'http://', 'a b'])(
  '%j is refused',
  (text) => {
    expect(() => parseAccessPoint(text)).toThrow(LatchkeyError);
  },
);

const head = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n';

test('the default router is the gateway of the default route with the lowest metric', async () => {
  const table = `${head}wlan0\t00000000\t0104A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n`
    + 'eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n'
    + 'eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n';
  expect(await defaultRouter(table)).toBe('192.168.1.1');
});

test('without a default route there is none', async () => {
  expect(await defaultRouter(`${head}eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n`)).toBeUndefined();
  expect(await defaultRouter('')).toBeUndefined();
});
