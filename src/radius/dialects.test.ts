import { expect, test } from 'vitest';
import { attribute, code } from './attributes.ts';
import { readAdmission, writeAdmission, type Admission, type Dialect } from './dialects.ts';
import { noAuthenticator, Packet, PacketWriter } from './packet.ts';
import { SharedSecret } from './shared-secret.ts';

const secret = new SharedSecret('secret');

function written(dialect: Dialect, admission: Admission): (readonly [number, string])[] {
  const writer = new PacketWriter().begin(secret, code.accessAccept, 1, noAuthenticator);
  writeAdmission(writer, dialect, admission);
  return [...Packet.decode(writer.seal()).attributes()].map(({ type, value }) => [type, value.toString('latin1')]);
}

const terms = [
  [attribute.tunnelType, '\0\0\0\r'],
  [attribute.tunnelMediumType, '\0\0\0\x06'],
  [attribute.tunnelPrivateGroupId, '20'],
  [attribute.sessionTimeout, '\0\0\x0e\x10'],
  [attribute.terminationAction, '\0\0\0\0'],
  [attribute.class, 'grt_1'],
  [attribute.chargeableUserIdentity, 'grt_1'],
] as const;
const admission = { grantId: 'grt_1', password: 'correct horse', vlan: 20, sessionTimeoutS: 3600 };

test('hostapd gets a Tunnel-Password', () => {
  expect(written('standard', admission)).toEqual([[attribute.tunnelPassword, expect.stringMatching(/^\0[^]{18}$/)], ...terms]);
});

test('Cisco gets pairs', () => {
  expect(written('cisco', admission)).toEqual([[26, '\0\0\0\x09\x01\x10psk-mode=ascii'], [26, '\0\0\0\x09\x01\x13psk=correct horse'], ...terms]);
  expect(written('cisco', { grantId: 'g', password: 'Ab'.repeat(32) })).toEqual([
    [26, '\0\0\0\x09\x01\x0epsk-mode=hex'], [26, `\0\0\0\x09\x01\x46psk=${'Ab'.repeat(32)}`], [attribute.class, 'g'], [attribute.chargeableUserIdentity, 'g'],
  ]);
});

test('Aruba gets a passphrase of its own, hidden', () => {
  expect(written('aruba', admission)).toEqual([[26, expect.stringMatching(/^\0\0\x39\xe7\x2c\x14[^]{18}$/)], ...terms]);
});

test('what was said of a session is known when it comes back, by either name', () => {
  const accept = new PacketWriter().begin(secret, code.accessAccept, 1, noAuthenticator);
  writeAdmission(accept, 'cisco', { ...admission, restricted: true, interimS: 60 });
  const packet = Packet.decode(accept.seal());
  expect(readAdmission(packet)).toEqual({ grantId: 'grt_1', restricted: true });
  expect(packet.integer(attribute.acctInterimInterval)).toBe(60);
  const accounting = (type: number) => Packet.decode(new PacketWriter().begin(secret, code.accountingRequest, 1, noAuthenticator).text(type, 'grt_1').seal());
  expect(readAdmission(accounting(attribute.class))).toEqual({ grantId: 'grt_1', restricted: false });
  expect(readAdmission(accounting(attribute.chargeableUserIdentity))).toEqual({ grantId: 'grt_1', restricted: false });
  expect(readAdmission(accounting(attribute.userName))).toEqual({ grantId: undefined, restricted: false });
});
