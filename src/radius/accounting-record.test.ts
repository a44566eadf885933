import { expect, test } from 'vitest';
import { accountingRecord } from './accounting-record.ts';
import { attribute, code } from './attributes.ts';
import { noAuthenticator, Packet, PacketWriter } from './packet.ts';
import { SharedSecret } from './shared-secret.ts';

const secret = new SharedSecret('secret');

function begin(status: number): PacketWriter {
  return new PacketWriter().begin(secret, code.accountingRequest, 1, noAuthenticator).integer(attribute.acctStatusType, status);
}

function record(packet: PacketWriter) {
  return accountingRecord(Packet.decode(packet.seal()), { name: 'hall', address: '192.0.2.1' });
}

test('octets are counted beyond 32 bits', () => {
  const stop = begin(2)
    .text(attribute.acctSessionId, 'A1')
    .text(attribute.callingStationId, '02-00-00-00-00-01').text(attribute.calledStationId, '02-00-00-00-FF-01:iot')
    .text(attribute.class, 'grt_1').text(attribute.nasIdentifier, 'ap-7')
    .integer(attribute.acctInputOctets, 0xffff_ffff).integer(attribute.acctInputGigawords, 0xffff_ffff)
    .integer(attribute.acctOutputOctets, 5).integer(attribute.acctOutputGigawords, 3)
    .integer(attribute.acctSessionTime, 60);
  expect(record(stop)).toEqual({
    kind: 'stop', sessionId: 'A1', mac: '02:00:00:00:00:01', ssid: 'iot', nas: 'hall', nasAddress: '192.0.2.1', nasIdentifier: 'ap-7',
    grantId: 'grt_1', restricted: false, happenedAt: undefined, bytesIn: 2n ** 64n - 1n, bytesOut: 3n * 2n ** 32n + 5n, seconds: 60,
  });
});

test('what is not said is nothing', () => {
  const start = begin(1).text(attribute.acctSessionId, 'A1').text(attribute.userName, '020000000001');
  expect(record(start)).toMatchObject({ kind: 'start', mac: '02:00:00:00:00:01', ssid: undefined, grantId: undefined, bytesIn: 0n, bytesOut: 0n, seconds: 0 });
});

test('a NAS begins and ends', () => {
  expect(record(begin(7).text(attribute.nasIdentifier, 'ap-7'))).toEqual({ nas: 'hall', nasAddress: '192.0.2.1', nasIdentifier: 'ap-7' });
  expect(record(begin(8))).toEqual({ nas: 'hall', nasAddress: '192.0.2.1', nasIdentifier: undefined });
});

test('there is no record of no station, of no session, or of another kind', () => {
  expect(record(begin(1).text(attribute.acctSessionId, 'A1'))).toBeUndefined();
  expect(record(begin(1).text(attribute.userName, '020000000001'))).toBeUndefined();
  expect(record(begin(15).text(attribute.acctSessionId, 'A1').text(attribute.userName, '020000000001'))).toBeUndefined();
});
