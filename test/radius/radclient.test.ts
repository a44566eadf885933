import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Dialect } from '../../src/radius/dialects.ts';
import { requires } from '../requirements.ts';
import { Hall } from './hall.ts';
import { radclient } from './radclient.ts';

const mac = '02:00:00:00:00:01';
const access = {
  'User-Name': '020000000001', 'User-Password': '020000000001', 'Calling-Station-Id': '02-00-00-00-00-01',
  'Called-Station-Id': '02-00-00-00-FF-01:iot', 'NAS-Port-Type': 'Wireless-802.11', 'Message-Authenticator': '0x00',
};

requires('freeradius-utils')('radclient as the access point', () => {
  let hall: Hall;
  afterEach(() => hall.server.close());

  describe('a NAS of hostapd’s kind', () => {
    beforeEach(async () => {
      hall = await Hall.open();
    });

    test.each([
      ['a passphrase', 'correct horse'],
      ['the longest passphrase', 'p'.repeat(63)],
      ['a PSK', '0123456789abcdef'.repeat(4)],
    ])('reads %s, the VLAN and the rest', async (_name, password) => {
      hall.stations.set(mac, { grantId: 'grt_1', password, vlan: 20, sessionTimeoutS: 3600 });
      const said = await radclient(hall.server.authentication, 'auth', access);
      expect(said).toContain('Received Access-Accept');
      expect(said.slice(said.indexOf('Received')).split('\n\t').slice(1).map((line) => line.trim())).toEqual([
        expect.stringMatching(/^Message-Authenticator = 0x[\da-f]{32}$/),
        `Tunnel-Password:0 = "${password}"`,
        'Tunnel-Type:0 = VLAN',
        'Tunnel-Medium-Type:0 = IEEE-802',
        'Tunnel-Private-Group-Id:0 = "20"',
        'Session-Timeout = 3600',
        'Termination-Action = Default',
        'Class = 0x6772745f31',
        'Chargeable-User-Identity = 0x6772745f31',
      ]);
      expect(hall.asked).toEqual([{ mac, ssid: 'iot' }]);
    });

    test('hears that a station is not let in', async () => {
      const said = await radclient(hall.server.authentication, 'auth', access);
      expect(said).toMatch(/Received Access-Reject[^]*Message-Authenticator = 0x/);
    });

    test('gets no answer with another secret, or unsigned', async () => {
      expect(await radclient(hall.server.authentication, 'auth', access, { secret: 'another', times: 1 })).toContain('No reply from server');
      const { 'Message-Authenticator': _signature, ...unsigned } = access;
      expect(await radclient(hall.server.authentication, 'auth', unsigned, { times: 1 })).toContain('No reply from server');
      expect(hall.server.counters.dropped).toMatchObject({ wrong_signature: 1, unsigned: 1 });
      expect(hall.asked).toEqual([]);
    });

    test('is acknowledged what it accounts for, beyond 32 bits', async () => {
      const said = await radclient(hall.server.accounting, 'acct', {
        'Acct-Status-Type': 'Stop', 'Acct-Session-Id': 'A1', 'Acct-Multi-Session-Id': 'M1', 'Calling-Station-Id': '02-00-00-00-00-01',
        'Called-Station-Id': '02-00-00-00-FF-01:iot', 'NAS-Identifier': 'ap-7', Class: '0x6772745f31', 'Framed-IP-Address': '192.0.2.7',
        'Acct-Input-Octets': '4294967295', 'Acct-Input-Gigawords': '2', 'Acct-Output-Octets': '7', 'Acct-Output-Gigawords': '1',
        'Acct-Session-Time': '61', 'Acct-Terminate-Cause': 'Lost-Carrier',
      });
      expect(said).toContain('Received Accounting-Response');
      expect(hall.told).toEqual([{
        kind: 'stop', sessionId: 'A1', mac, ssid: 'iot', nas: 'hall', nasAddress: '127.0.0.1', nasIdentifier: 'ap-7', grantId: 'grt_1', restricted: false, happenedAt: undefined,
        bytesIn: 3n * 2n ** 32n - 1n, bytesOut: 2n ** 32n + 7n, seconds: 61,
      }]);
    });

    test('accounts for nothing with another secret', async () => {
      const said = await radclient(hall.server.accounting, 'acct', { 'Acct-Status-Type': 'Accounting-On', 'Acct-Session-Id': 'A1' }, { secret: 'another', times: 1 });
      expect(said).toContain('No reply from server');
      expect(hall.server.counters.dropped.wrong_authenticator).toBe(1);
    });

    test('sees that the server is alive', async () => {
      const signed = { 'Message-Authenticator': '0x00' };
      expect(await radclient(hall.server.authentication, 'status', signed)).toContain('Received Access-Accept');
      expect(await radclient(hall.server.accounting, 'status', signed)).toContain('Received Accounting-Response');
      expect(hall.server.counters.statusChecks).toBe(2);
    });
  });

  test.each([
    ['cisco', ['Cisco-AVPair = "psk-mode=ascii"', 'Cisco-AVPair = "psk=correct horse"']],
    ['aruba', [`Aruba-MPSK-Passphrase = 0x${Buffer.from('correct horse').toString('hex')}`]],
  ] satisfies [Dialect, string[]][])('a NAS of %s reads the password', async (dialect, lines) => {
    hall = await Hall.open({ dialect });
    hall.stations.set(mac, { grantId: 'grt_1', password: 'correct horse', vlan: 20 });
    const said = await radclient(hall.server.authentication, 'auth', access);
    for (const line of [...lines, 'Tunnel-Private-Group-Id:0 = "20"']) {
      expect(said).toContain(line);
    }
  });
});
