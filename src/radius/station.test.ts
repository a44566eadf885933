import { expect, test } from 'vitest';
import { attribute, code } from './attributes.ts';
import { noAuthenticator, Packet, PacketWriter } from './packet.ts';
import { SharedSecret } from './shared-secret.ts';
import { macOf, parseMac, ssidOf } from './station.ts';

const secret = new SharedSecret('secret');

function packet(values: Partial<Record<'userName' | 'callingStationId' | 'calledStationId', string>>): Packet {
  const writer = new PacketWriter().begin(secret, code.accessRequest, 1, noAuthenticator);
  for (const [name, text] of Object.entries(values)) writer.text(attribute[name as 'userName'], text);
  return Packet.decode(writer.seal());
}

test.each(['02-00-5E-10-00-FF', '02:00:5e:10:00:ff', '0200.5e10.00ff', '0200-5E10-00FF', '02005e-1000ff', '02005E1000FF'])('%s is a MAC address', (text) => {
  expect(parseMac(text)).toBe('02:00:5e:10:00:ff');
});

test.each(['', '02-00-5e-10-00', '02-00:5e-10-00-ff', '02005e1000fg', '02005e1000ff1', ' 02005e1000ff', 'alice'])('"%s" is none', (text) => {
  expect(parseMac(text)).toBeUndefined();
});

test('a User-Name counts where there is no Calling-Station-Id that is a MAC address', () => {
  expect(macOf(packet({ userName: '020000000001', callingStationId: '02-00-00-00-00-02' }))).toBe('02:00:00:00:00:02');
  expect(macOf(packet({ userName: '020000000001', callingStationId: '+49 30 901820' }))).toBe('02:00:00:00:00:01');
  expect(macOf(packet({ userName: 'alice' }))).toBeUndefined();
});

test.each([
  ['02-00-00-00-FF-01:iot net', 'iot net'],
  ['02:00:00:00:FF:01:aa:bb', 'aa:bb'],
  ['0200.0000.ff01:Küche 🔌', 'Küche 🔌'],
  ['02000000ff01:x', 'x'],
  ['02-00-00-00-FF-01', undefined],
  ['02-00-00-00-FF-01:', undefined],
  ['iot net', undefined],
])('%s', (calledStationId, ssid) => {
  expect(ssidOf(packet({ calledStationId }))).toBe(ssid);
});
