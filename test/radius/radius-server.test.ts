import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { attribute, code } from '../../src/radius/attributes.ts';
import { noAuthenticator, Packet, PacketWriter } from '../../src/radius/packet.ts';
import { RadiusServer } from '../../src/radius/radius-server.ts';
import { SharedSecret } from '../../src/radius/shared-secret.ts';
import { Hall } from './hall.ts';
import { accessRequest, accountingStart, Nas, sharedSecret, statusServer } from './nas.ts';

const secret = new SharedSecret(sharedSecret);
const mac = '02:00:00:00:00:01';
const admission = { grantId: 'grt_1', password: 'correct horse', vlan: 20, sessionTimeoutS: 3600 };

let hall: Hall;
let access: Nas;
let accounting: Nas;
beforeEach(async () => {
  hall = await Hall.open();
  hall.stations.set(mac, admission);
  access = await Nas.at(hall.server.authentication.port);
  accounting = await Nas.at(hall.server.accounting.port);
});
afterEach(async () => {
  access.close();
  accounting.close();
  await hall.server.close();
});

/** Whatever was sent before has been dealt with when this is answered: a socket keeps the order. */
async function passed(nas: Nas): Promise<void> {
  const [answered] = await nas.ask(statusServer());
  expect([code.accessAccept, code.accountingResponse]).toContain(answered);
}

describe('access', () => {
  test('is given to a station that has a grant, signed first', async () => {
    const request = accessRequest(mac, { identifier: 77 });
    const reply = Packet.decode(await access.ask(request));
    expect(reply).toMatchObject({ code: code.accessAccept, identifier: 77 });
    const asked = Packet.decode(request);
    expect(reply.isAuthentic(secret, asked.authenticator)).toBe(true);
    expect(reply.isSigned(secret, asked.authenticator)).toBe(true);
    expect([...reply.attributes()].map(({ type }) => type)).toEqual([
      attribute.messageAuthenticator, attribute.tunnelPassword, attribute.tunnelType, attribute.tunnelMediumType,
      attribute.tunnelPrivateGroupId, attribute.sessionTimeout, attribute.terminationAction, attribute.class,
      attribute.chargeableUserIdentity,
    ]);
    expect(hall.asked).toEqual([{ mac, ssid: 'iot' }]);
    expect(hall.server.counters).toMatchObject({ accepted: 1, rejected: 0 });
  });

  test('is refused to others, signed as well', async () => {
    const request = accessRequest('02:00:00:00:00:02');
    const reply = Packet.decode(await access.ask(request));
    expect(reply.code).toBe(code.accessReject);
    expect([...reply.attributes()].map(({ type }) => type)).toEqual([attribute.messageAuthenticator]);
    expect(reply.isSigned(secret, Packet.decode(request).authenticator)).toBe(true);
  });

  test('is refused to who names no station, or speaks EAP', async () => {
    expect((await access.ask(accessRequest('alice')))[0]).toBe(code.accessReject);
    expect((await access.ask(accessRequest(mac, { identifier: 2, write: (packet) => packet.bytes(attribute.eapMessage, Buffer.from([2, 0, 0, 5, 1])) })))[0]).toBe(code.accessReject);
    expect(hall.asked).toEqual([]);
  });

  test('comes back with what proxies have added, in their order', async () => {
    const states = ['first', '', 'x'.repeat(253)];
    const reply = Packet.decode(await access.ask(accessRequest(mac, { write: (packet) => states.forEach((state) => packet.text(attribute.proxyState, state)) })));
    expect([...reply.attributes()].flatMap(({ type, value }) => (type === attribute.proxyState ? [value.toString()] : []))).toEqual(states);
    expect([...reply.attributes()][0]!.type).toBe(attribute.messageAuthenticator);
  });

  test('is not answered where the answer would not fit', async () => {
    hall.stations.set(mac, { ...admission, password: 'x'.repeat(63) });
    access.send(accessRequest(mac, { write: (packet) => {
      for (let count = 0; count < 15; count += 1) packet.text(attribute.proxyState, 'x'.repeat(253));
      packet.text(attribute.proxyState, 'x'.repeat(170));
    } }));
    await passed(access);
    expect(hall.server.counters).toMatchObject({ accepted: 0, dropped: { failed: 1 } });
  });
});

describe('what comes again', () => {
  test('is answered as before, without asking again', async () => {
    const request = accessRequest(mac);
    const first = await access.ask(request);
    hall.stations.clear();
    expect(await access.ask(request)).toEqual(first);
    expect(hall.asked).toHaveLength(1);
    expect(hall.server.counters.duplicates).toBe(1);
    expect((await access.ask(accessRequest(mac)))[0]).toBe(code.accessReject);
  });

  test('is told to the backend once; while it is worked on, it is not answered', async () => {
    const written = Promise.withResolvers<void>();
    hall.account = () => written.promise;
    const request = accountingStart(mac);
    accounting.send(request);
    accounting.send(request);
    await passed(accounting);
    expect(hall.server.counters).toMatchObject({ accounted: 0, dropped: { under_way: 1 } });
    written.resolve();
    const acknowledged = await accounting.answer();
    expect(acknowledged[0]).toBe(code.accountingResponse);
    expect(Packet.decode(acknowledged).isAuthentic(secret, Packet.decode(request).authenticator)).toBe(true);
    expect(await accounting.ask(request)).toEqual(acknowledged);
    expect(hall.told).toHaveLength(1);
    expect(hall.server.counters).toMatchObject({ accounted: 1, duplicates: 1 });
  });
});

describe('a backend that fails', () => {
  test('leaves access unanswered, is told of once and asked again', async () => {
    hall.stations.get = () => {
      throw new Error('disk');
    };
    const request = accessRequest(mac);
    access.send(request);
    access.send(request);
    await passed(access);
    expect(hall.server.counters).toMatchObject({ accepted: 0, rejected: 0, dropped: { failed: 2 } });
    expect(hall.logged).toHaveLength(1);
    hall.stations.get = () => admission;
    expect((await access.ask(request))[0]).toBe(code.accessAccept);
  });

  test.each([
    ['at once', () => { throw new Error('disk'); }],
    ['later', () => Promise.reject(new Error('disk'))],
  ])('leaves a record unacknowledged, %s', async (_when, account) => {
    hall.account = account;
    const request = accountingStart(mac);
    accounting.send(request);
    await passed(accounting);
    expect(hall.server.counters).toMatchObject({ accounted: 0, dropped: { failed: 1 } });
    hall.account = async () => {};
    expect((await accounting.ask(request))[0]).toBe(code.accountingResponse);
    expect(hall.told).toHaveLength(2);
  });

  test('is not buried: what it has not finished is bounded', async () => {
    const written = Promise.withResolvers<void>();
    hall.account = () => written.promise;
    // In portions, so that the kernel loses none.
    for (let count = 0; count < 4100; count += 1) {
      accounting.send(accountingStart(mac, { identifier: count & 255, write: (packet) => packet.integer(attribute.acctInputOctets, count) }));
      if (count % 50 === 0) await passed(accounting);
    }
    await passed(accounting);
    expect(hall.told).toHaveLength(4096);
    expect(hall.server.counters.dropped.too_many).toBe(4);
    written.resolve();
  });
});

describe('what is dropped', () => {
  const unsigned = (request: Buffer) => {
    const packet = Packet.decode(request);
    const writer = new PacketWriter().begin(secret, code.accessRequest, 1, packet.authenticator);
    for (const { type, value } of packet.attributes()) {
      if (type !== attribute.messageAuthenticator) writer.bytes(type, value);
    }
    return writer.seal();
  };

  test.each([
    ['an Access-Request that is not signed', 'unsigned', () => unsigned(accessRequest(mac))],
    ['one that is signed with another secret', 'wrong_signature', () => accessRequest(mac, { secret: 'another' })],
    ['one that was changed', 'wrong_signature', () => accessRequest(mac).fill('9', 33, 34)],
    ['an Accounting-Request', 'unexpected_code', () => accountingStart(mac)],
    ['a Status-Server that is signed with another secret', 'wrong_signature', () => statusServer('another')],
    ['a packet that was cut off', 'bad_length', () => accessRequest(mac).subarray(0, 40)],
    ['attributes that do not fit', 'bad_attributes', () => accessRequest(mac).fill(255, 21, 22)],
    ['a Message-Authenticator that is too short', 'bad_attributes', () => accessRequest(mac, { write: (packet) => packet.bytes(attribute.messageAuthenticator, Buffer.alloc(4)) })],
  ] as const)('for access: %s', async (_name, reason, packet) => {
    access.send(packet());
    await passed(access);
    const { dropped, accepted, rejected } = hall.server.counters;
    expect({ dropped: dropped[reason], accepted, rejected, asked: hall.asked.length }).toEqual({ dropped: 1, accepted: 0, rejected: 0, asked: 0 });
  });

  test.each([
    ['an Accounting-Request with another secret', 'wrong_authenticator', () => accountingStart(mac, { secret: 'another' })],
    ['one whose Message-Authenticator is another', 'wrong_signature', () => accountingStart(mac, { write: (packet) => packet.bytes(attribute.messageAuthenticator, Buffer.alloc(16)) })],
    ['a number that is none', 'bad_attributes', () => accountingStart(mac, { write: (packet) => packet.bytes(attribute.acctInputOctets, Buffer.alloc(3)) })],
    ['an Access-Request', 'unexpected_code', () => accessRequest(mac)],
  ] as const)('for accounting: %s', async (_name, reason, packet) => {
    accounting.send(packet());
    await passed(accounting);
    expect(hall.server.counters).toMatchObject({ accounted: 0, dropped: { [reason]: 1 } });
    expect(hall.told).toEqual([]);
  });

  test('whatever comes from who is not known', async () => {
    const server = await RadiusServer.listen({
      authentication: { address: '127.0.0.1', port: 0 }, accounting: { address: '127.0.0.1', port: 0 },
      clients: [{ name: 'elsewhere', address: '192.0.2.0/24', secret: sharedSecret, dialect: 'standard' }],
      backend: { admit: () => admission, account: async () => {} }, log: () => {},
    });
    const stranger = await Nas.at(server.authentication.port);
    stranger.send(accessRequest(mac));
    await expect.poll(() => server.counters.dropped.unknown_source).toBe(1);
    stranger.close();
    await server.close();
  });

  test('random bytes, without harm', async () => {
    fc.sample(fc.uint8Array({ maxLength: 200 }), 150).forEach((bytes) => {
      access.send(bytes);
      accounting.send(bytes);
    });
    await passed(access);
    await passed(accounting);
    expect(Object.values(hall.server.counters.dropped).reduce((sum, count) => sum + count)).toBe(300);
    expect((await access.ask(accessRequest(mac)))[0]).toBe(code.accessAccept);
    expect(hall.logged).toEqual([]);
  });
});

describe('accounting', () => {
  test('of a kind or a station that is not known is acknowledged, so that it does not come for ever', async () => {
    const nothing = new PacketWriter().begin(secret, code.accountingRequest, 3, noAuthenticator).integer(attribute.acctStatusType, 15).seal();
    expect((await accounting.ask(nothing))[0]).toBe(code.accountingResponse);
    expect(hall.server.counters).toMatchObject({ passedOver: 1, accounted: 0 });
    expect(hall.told).toEqual([]);
  });

  test('with a Message-Authenticator is taken', async () => {
    expect((await accounting.ask(accountingStart(mac, { write: (packet) => packet.signature() })))[0]).toBe(code.accountingResponse);
    expect(hall.told).toMatchObject([{ kind: 'start', mac, nas: 'hall' }]);
  });
});

describe('listening', () => {
  test('on IPv6', async () => {
    const other = await Hall.open({ address: '::1' });
    other.stations.set(mac, admission);
    const nas = await Nas.at(other.server.authentication.port, '::1');
    expect((await nas.ask(accessRequest(mac)))[0]).toBe(code.accessAccept);
    nas.close();
    await other.server.close();
  });

  test('on a port that is taken says so', async () => {
    const taken = createSocket('udp4').bind(0, '127.0.0.1');
    await once(taken, 'listening');
    const listening = RadiusServer.listen({
      authentication: { address: '127.0.0.1', port: 0 }, accounting: taken.address(),
      clients: [], backend: { admit: () => undefined, account: async () => {} }, log: () => {},
    });
    await expect(listening).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringMatching(/^RADIUS cannot listen on 127\.0\.0\.1 port \d+\.$/) });
    taken.close();
  });

  test('ends while records are under way', async () => {
    const written = Promise.withResolvers<void>();
    const other = await Hall.open();
    other.account = () => written.promise;
    const nas = await Nas.at(other.server.accounting.port);
    nas.send(accountingStart(mac));
    await passed(nas);
    await other.server.close();
    written.resolve();
    await expect.poll(() => other.server.counters.accounted).toBe(1);
    nas.close();
  });
});
