import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { GrantTerms } from '../../src/domain/grant.ts';
import { RadiusRadio } from '../../src/radius/radius-radio.ts';
import type { AgentStore } from '../../src/roles/agent/store.ts';
import type { Granted } from '../../src/roles/device/ports.ts';
import { joinNetwork } from '../../src/roles/device/service.ts';
import { Site } from '../agent/site.ts';
import { Till } from '../agent/till.ts';
import { requires } from '../requirements.ts';
import { sharedSecret } from './nas.ts';
import { OrderTaker } from './order-taker.ts';
import { radclient } from './radclient.ts';

const mac = '02:00:00:00:00:01';
const spelled = mac.toUpperCase().replaceAll(':', '-');
const minute = 60_000;

requires('freeradius-utils')('the agent of access points that ask by RADIUS', () => {
  let site: Site;
  let nas: OrderTaker;
  let radio: RadiusRadio;
  let store: AgentStore;

  async function open({ restrictedVlan }: { restrictedVlan?: number } = {}): Promise<void> {
    site = await Site.open({
      macOf: () => mac,
      openRadio: (opened) => {
        store = opened;
        radio = new RadiusRadio({
          authentication: { address: '127.0.0.1', port: 0 },
          accounting: { address: '127.0.0.1', port: 0 },
          clients: [{ name: 'hall', address: '127.0.0.1', secret: sharedSecret, dialect: 'standard', ordersPort: nas.port }],
          ssid: 'Home', security: 'wpa2-psk', restrictedVlan, keys: store.keys,
          log: (level, message, detail) => site?.log.push({ level, message, detail }),
        });
        return radio;
      },
    });
  }

  beforeEach(async () => {
    nas = await OrderTaker.open();
  });
  afterEach(async () => {
    await site.close();
    nas.close();
  });

  /** A device that has its password and has not said that it joined. */
  async function onboard(terms: GrantTerms = {}): Promise<Granted> {
    const joining = joinNetwork({
      link: site.link(), identity: await site.device({ label: 'Lamp 7' }), showsCode: false, timeoutMs: 10_000, confirm: async () => true,
      use: () => Promise.reject(new Error('it never says that it joined')),
    }).catch(() => undefined);
    const { id } = await site.request('pending');
    await site.agent.service.approve(id, terms);
    await joining;
    const { grantId } = await site.request('delivered');
    return { ...(await site.agent.service.reveal(grantId!)), grantId: grantId! } as Granted;
  }

  const ask = (station = spelled, calledStation = '02-00-00-00-FF-01:Home') =>
    radclient({ port: radio.ports!.authentication }, 'auth', {
      'User-Name': station.replaceAll('-', ''), 'Calling-Station-Id': station, 'Called-Station-Id': calledStation, 'Message-Authenticator': '0x00',
    });

  async function account(status: string, attributes: Record<string, string> = {}, times = 10): Promise<string> {
    return radclient({ port: radio.ports!.accounting }, 'acct', {
      'Acct-Status-Type': status, 'Acct-Session-Id': 'A1', 'Calling-Station-Id': spelled, 'Called-Station-Id': '02-00-00-00-FF-01:Home', ...attributes,
    }, { times });
  }

  const classOf = ({ grantId }: Granted) => ({ Class: `0x${Buffer.from(grantId).toString('hex')}` });
  const octets = (bytesIn: number, bytesOut: number, seconds: number) =>
    ({ 'Acct-Input-Octets': String(bytesIn), 'Acct-Output-Octets': String(bytesOut), 'Acct-Session-Time': String(seconds) });
  const usage = async ({ grantId }: Granted) => (await site.owner.grant(grantId)).usage;
  const trouble = async () => (await site.agent.service.status()).radio.trouble?.detail;

  test('a device that onboarded is let in with its password, its VLAN and the time that it has; nobody else is', async () => {
    await open();
    const granted = await onboard({ vlan: 20, validMs: 60 * minute });
    const said = await ask();
    expect(said).toContain('Received Access-Accept');
    expect(said).toContain(`Tunnel-Password:0 = "${granted.password}"`);
    expect(said).toContain('Tunnel-Private-Group-Id:0 = "20"');
    expect(Number(/Session-Timeout = (\d+)/.exec(said)?.[1])).toBeGreaterThan(3500);
    expect(await ask('02-00-00-00-00-02')).toContain('Received Access-Reject');
    expect(await ask(spelled, '02-00-00-00-FF-01:Another')).toContain('Received Access-Reject');
    expect((await site.agent.service.status()).radio).toMatchObject({ kind: 'radius', enforcement: 'per-grant', counters: { accepted: 1, rejected: 2, dropped_unsigned: 0 } });
  });

  test('a session that starts is its device’s word that it joined, and is listed while it lasts', async () => {
    await open();
    const granted = await onboard();
    await account('Start', classOf(granted));
    expect(await site.request('joined')).toMatchObject({ grantId: granted.grantId });
    expect(await site.agent.service.stations()).toMatchObject([{ bss: 'hall', mac, grantId: granted.grantId, label: 'Lamp 7' }]);
    await account('Stop', classOf(granted));
    expect(await site.agent.service.stations()).toEqual([]);
  });

  test('what an access point accounts for is added up once, beyond 32 bits, over repetitions and a restart of the agent', async () => {
    await open();
    const granted = await onboard();
    await account('Start', classOf(granted));
    await account('Interim-Update', { ...classOf(granted), ...octets(7, 5, 60), 'Acct-Input-Gigawords': '1' });
    await site.stop();
    await site.start();
    // Without a Class it is known by its address.
    await account('Interim-Update', { ...octets(7, 5, 60), 'Acct-Input-Gigawords': '1' });
    await account('Stop', { ...classOf(granted), ...octets(10, 6, 90), 'Acct-Input-Gigawords': '1' });
    for (const late of ['Stop', 'Interim-Update']) await account(late, { ...classOf(granted), ...octets(9, 6, 80), 'Acct-Input-Gigawords': '1' });
    await expect.poll(() => usage(granted)).toEqual({ bytesIn: 2n ** 32n + 10n, bytesOut: 6n, seconds: 90 });
    expect(await site.agent.service.stations()).toEqual([]);

    await account('Start', { ...classOf(granted), 'Acct-Session-Id': 'A2' });
    await account('Interim-Update', { ...classOf(granted), ...octets(1, 1, 10), 'Acct-Session-Id': 'A2' });
    await expect.poll(() => usage(granted)).toEqual({ bytesIn: 2n ** 32n + 11n, bytesOut: 7n, seconds: 100 });
  });

  test('a session may have the id of one before it, as hostapd’s stations do that come back; a start that comes late begins none', async () => {
    await open();
    const granted = await onboard();
    const at = (seconds: number) => ({ ...classOf(granted), 'Event-Timestamp': String(1_700_000_000 + seconds) });
    await account('Start', at(0));
    await account('Stop', { ...at(60), ...octets(100, 0, 60) });
    await account('Start', at(60));
    await account('Stop', { ...at(70), ...octets(30, 0, 10) });
    await expect.poll(() => usage(granted)).toEqual({ bytesIn: 130n, bytesOut: 0n, seconds: 70 });
    await account('Start', at(60 - 1));
    await account('Stop', { ...at(70), ...octets(31, 0, 10) });
    await expect.poll(() => usage(granted)).toEqual({ bytesIn: 131n, bytesOut: 0n, seconds: 70 });
    expect(await site.agent.service.stations()).toEqual([]);
  });

  test('a revoked grant’s session is ended within two seconds, and nobody gets in by it again', async () => {
    await open();
    const granted = await onboard();
    await account('Start', classOf(granted));
    const revokedAt = Date.now();
    await site.owner.revokeGrant(granted.grantId);
    await expect.poll(() => nas.orders).toMatchObject([{ kind: 'disconnect', sessionId: 'A1' }]);
    expect(nas.orders[0]!.at - revokedAt).toBeLessThan(2000);
    expect(await ask()).toContain('Received Access-Reject');
    await expect.poll(() => site.agent.service.stations()).toEqual([]);
    // Whom an access point lets in from its own memory.
    for (const [count, id] of [[2, 'A1'], [3, 'A2']] as const) {
      await account('Start', { ...classOf(granted), 'Acct-Session-Id': id });
      await expect.poll(() => nas.orders).toHaveLength(count);
      expect(nas.orders.at(-1)).toMatchObject({ kind: 'disconnect', sessionId: id });
    }
  });

  test('a grant whose time is over ends at once', async () => {
    await open();
    const granted = await onboard({ validMs: 5 * minute });
    await account('Start', classOf(granted));
    site.pass(5 * minute);
    expect(await ask()).toContain('Received Access-Reject');
    await expect.poll(() => nas.orders).toMatchObject([{ kind: 'disconnect', sessionId: 'A1' }]);
    await expect.poll(() => site.owner.grant(granted.grantId)).toMatchObject({ state: 'ended', reason: 'its time is over' });
  });

  test('a grant whose traffic is used up ends at once', async () => {
    await open();
    const granted = await onboard({ quotaBytes: 1000n });
    await account('Start', classOf(granted));
    await account('Interim-Update', { ...classOf(granted), ...octets(600, 300, 10) });
    expect(await ask()).toContain('Received Access-Accept');
    await account('Interim-Update', { ...classOf(granted), ...octets(600, 400, 20) });
    await expect.poll(() => nas.orders).toMatchObject([{ kind: 'disconnect', sessionId: 'A1' }]);
    expect(await ask()).toContain('Received Access-Reject');
    await expect.poll(() => site.owner.grant(granted.grantId)).toMatchObject({ state: 'ended', reason: 'its traffic is used up', usage: { bytesIn: 600n, bytesOut: 400n } });
  });

  test('time that was sold runs from when it is known here, ends sessions while it is paused, and goes on with the same password', async () => {
    await open();
    const granted = await onboard();
    await site.owner.revokeGrant(granted.grantId);
    const till = await Till.open(site);
    const sold = await till.sell('1.00');
    // To the one whose address is known here.
    await till.pos.move(sold.id, { kind: 'terminal', id: (await site.request('delivered')).uuid });
    await expect.poll(async () => (await site.owner.grant(sold.id)).waitingMs).toBeUndefined();
    const { password } = await site.agent.service.reveal(sold.id);
    const asked = await ask();
    expect(asked).toContain(`Tunnel-Password:0 = "${password}"`);
    expect(Number(/Session-Timeout = (\d+)/.exec(asked)?.[1])).toBeLessThanOrEqual(600);
    await account('Start', classOf({ ...granted, grantId: sold.id }));
    await till.pos.pause(sold.id);
    await expect.poll(() => nas.orders).toMatchObject([{ kind: 'disconnect', sessionId: 'A1' }]);
    expect(await ask()).toContain('Received Access-Reject');
    site.pass(60 * minute);
    await till.pos.resume(sold.id);
    await expect.poll(() => ask()).toContain(`Tunnel-Password:0 = "${password}"`);
    site.pass(10 * minute);
    expect(await ask()).toContain('Received Access-Reject');
    await expect.poll(() => site.owner.grant(sold.id)).toMatchObject({ state: 'ended', reason: 'its time is over' });
  });

  describe('a grant that is restricted when its traffic is used up', () => {
    const terms: GrantTerms = { quotaBytes: 1000n, policy: 'restrict', vlan: 20 };

    test('is changed to the VLAN for that, and back when it has more', async () => {
      await open({ restrictedVlan: 66 });
      const granted = await onboard(terms);
      await account('Start', classOf(granted));
      await account('Interim-Update', { ...classOf(granted), ...octets(1000, 0, 10) });
      await expect.poll(() => nas.orders).toMatchObject([{ kind: 'change', sessionId: 'A1', vlan: '66' }]);
      expect(await ask()).toMatch(/Received Access-Accept[^]*Tunnel-Private-Group-Id:0 = "66"[^]*Class = 0x/);
      await site.owner.increaseGrant(granted.grantId, { quotaBytes: 1000n });
      await expect.poll(() => nas.orders.at(-1)).toMatchObject({ kind: 'change', sessionId: 'A1', vlan: '20' });
      expect(await ask()).toContain('Tunnel-Private-Group-Id:0 = "20"');
    });

    test('comes anew where its session cannot be changed, and ends after its grace', async () => {
      await open({ restrictedVlan: 66 });
      nas.answer = ({ kind }) => (kind === 'change' ? { nak: 401 } : 'ack');
      const granted = await onboard(terms);
      await account('Start', classOf(granted));
      await account('Interim-Update', { ...classOf(granted), ...octets(1000, 0, 10) });
      await expect.poll(() => nas.orders.map(({ kind }) => kind)).toEqual(['change', 'disconnect']);
      const [, asGiven] = /Class = (0x[\da-f]+)/.exec(await ask()) ?? [];
      await account('Start', { Class: asGiven!, 'Acct-Session-Id': 'A2' });
      expect(await site.agent.service.stations()).toMatchObject([{ grantId: granted.grantId }]);
      site.pass(61 * minute);
      await expect.poll(() => nas.orders.at(-1)).toMatchObject({ kind: 'disconnect', sessionId: 'A2' });
      expect(await ask()).toContain('Received Access-Reject');
    });

    test('is not let in where there is no such VLAN, until it has more', async () => {
      await open();
      const granted = await onboard(terms);
      await account('Start', classOf(granted));
      await account('Interim-Update', { ...classOf(granted), ...octets(1000, 0, 10) });
      await expect.poll(() => nas.orders).toMatchObject([{ kind: 'disconnect' }]);
      expect(await ask()).toContain('Received Access-Reject');
      expect((await site.owner.grant(granted.grantId)).state).toBe('active');
      await site.owner.increaseGrant(granted.grantId, { quotaBytes: 1000n });
      await expect.poll(() => ask()).toContain('Received Access-Accept');
    });
  });

  test('an access point that takes no orders is told of, and is told again', async () => {
    await open();
    nas.answer = () => ({ nak: 501 });
    const granted = await onboard();
    await account('Start', classOf(granted));
    await site.owner.revokeGrant(granted.grantId);
    await expect.poll(trouble).toMatch(/^The access point hall \(127\.0\.0\.1\) refuses to end a session \(Error-Cause 501\)/);
    expect((await site.agent.service.status()).radio.trouble?.hint).toContain('--nas hall=…,orders=PORT');
    // Also by an agent that starts anew.
    await site.stop();
    await site.start();
    await expect.poll(trouble).toContain('Error-Cause 501');
    nas.answer = () => ({ nak: 503 });
    await expect.poll(trouble, { timeout: 5000 }).toBeUndefined();
    expect(await site.agent.service.stations()).toEqual([]);
  });

  test('an access point that starts anew has none of its sessions, and may begin their ids again', async () => {
    await open();
    const granted = await onboard();
    await account('Start', classOf(granted));
    await account('Interim-Update', { ...classOf(granted), ...octets(100, 0, 10) });
    await account('Accounting-On');
    expect(await site.agent.service.stations()).toEqual([]);
    await account('Start', classOf(granted));
    await account('Stop', { ...classOf(granted), ...octets(50, 0, 5) });
    await expect.poll(() => usage(granted)).toEqual({ bytesIn: 150n, bytesOut: 0n, seconds: 15 });
  });

  test('a store that fails is answered for with silence, and told of', async () => {
    await open();
    const granted = await onboard();
    const full = () => {
      throw new Error('database or disk is full');
    };
    const writing = vi.spyOn(store, 'transaction').mockImplementation(full);
    const reading = vi.spyOn(store.grants, 'grantsOfStation').mockImplementation(full);
    expect(await account('Start', classOf(granted), 1)).toContain('No reply');
    expect(await trouble()).toBe('database or disk is full');
    reading.mockImplementation(full);
    const asked = ask();
    await expect.poll(() => radio.counters['dropped_failed']).toBe(2);
    writing.mockRestore();
    reading.mockRestore();
    // radclient asks again.
    expect(await asked).toContain('Received Access-Accept');
    expect(await account('Start', classOf(granted))).toContain('Received Accounting-Response');
    expect(await trouble()).toBeUndefined();
  });
});
