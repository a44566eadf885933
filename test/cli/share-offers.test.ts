import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { heardNetworkToWire } from '../../src/api/heard-networks.ts';
import type { HeardNetwork } from '../../src/domain/heard-network.ts';
import type { Network } from '../../src/domain/network.ts';
import { ssidBytes } from '../storage/samples.ts';
import type { Purse } from './purse.ts';
import { Site, ways } from './site.ts';
import { atTerminal } from './terminal.ts';
import type { Till } from './till.ts';

const heard = ({ bssids, ssid, security }: Pick<Network, 'bssids' | 'ssid' | 'security'>, parts: Partial<HeardNetwork> = {}) =>
  heardNetworkToWire({ bssid: bssids[0]!, ssid, security, signalDbm: -61, frequencyMhz: 2412, ageMs: 0, ...parts });

describe.each(ways)('offers, %s', (way) => {
  let site: Site;
  let till: Till;
  let purse: Purse;
  let accountId: string;
  beforeAll(async () => {
    site = await Site.make(way);
    [till, purse] = [await site.till(), await site.purse()];
    accountId = await purse.bound(() => till.account('20.00EUR'));
  });
  afterAll(() => site.close());

  const network = (parts: Parameters<Till['network']>[1] = {}) => till.network(accountId, parts);
  const offer = (of: Pick<Network, 'id'>, ...args: string[]) => purse.json(['share', 'offer', of.id, '--yes', ...args]);
  const find = (scan: readonly object[], ...args: string[]) => purse.json(['share', 'find', '--scan', '-', ...args], JSON.stringify(scan));
  async function refusal(args: readonly string[], input?: string): Promise<Record<string, any>> {
    const { code, stdout, stderr } = await purse.run([...args, '--json'], input);
    expect(stdout).toBe('');
    const error = JSON.parse(stderr.trimEnd().split('\n').at(-1)!) as Record<string, any>;
    expect(error['exit']).toBe(code);
    return error;
  }

  test('an offer is made of all its parts, changed, paused and withdrawn', async () => {
    const { id } = await network();
    const made = await offer({ id }, '--step', '1.00EUR=500MB', '--tier', '10.00EUR:1.00EUR=700MB', '--minimum', '1.00EUR', '--largest', '20.00EUR', '--longest', '10GB', '--free', '10MB',
      '--refund', 'unused', '--guests', '3', '--hours', 'Mon-Fri 08:00-18:00', '--hours', 'Sat 10:00-14:00', '--zone', 'Europe/Berlin', '--approval', 'manual', '--answer-within', '5m');
    expect(made).toMatchObject({
      network_id: id, account_id: accountId, state: 'active', guests: 3, approval: 'manual', answer_ms: 300_000, money_back_ms: 1_020_000,
      hours: { zone: 'Europe/Berlin', hours: ['Mon-Fri 08:00-18:00', 'Sat 10:00-14:00'] },
      tariff: { kind: 'steps', step: '1.00EUR=500MB', tiers: ['10.00EUR:1.00EUR=700MB'], minimum: '1.00EUR', largest_amount: '20.00EUR', largest_quantity: '10GB', free: '10MB', refund: 'unused' },
    });
    const offerId = made['offer_id'] as string;
    const offers = (...args: string[]) => purse.json(['share', 'offers', ...args]);
    expect(await offers('update', offerId, '--always', '--fixed', '2h', '--price', '3.00EUR')).toMatchObject({ guests: 3, tariff: { kind: 'fixed', allowed: '2h', price: '3.00EUR' } });
    expect(await offers('update', offerId, '--guests', '4')).not.toHaveProperty('hours');
    expect(await offers('pause', offerId)).toMatchObject({ state: 'paused', guests: 4 });
    expect((await offers('list', '--state', 'paused'))['items']).toMatchObject([{ offer_id: offerId }]);
    expect(await offers('resume', offerId)).toMatchObject({ state: 'active' });
    expect(await offers('withdraw', offerId, '--yes')).toMatchObject({ state: 'withdrawn' });
    expect(await refusal(['share', 'offers', 'resume', offerId])).toMatchObject({ code: 'offer_withdrawn', exit: 5 });
    expect(await refusal(['share', 'offers', 'update', offerId, '--guests', '1'])).toMatchObject({ code: 'offer_withdrawn', exit: 5 });
  });

  test('a tariff comes from a file, and by the same key an offer is made once', async () => {
    const of = await network();
    const args = ['--tariff', purse.cli.file(`${randomUUID()}.json`, '{"kind":"steps","step":"0.50EUR=30min"}'), '--idempotency-key', randomUUID()];
    const made = await offer(of, ...args);
    expect(made).toMatchObject({ tariff: { step: '0.50EUR=30min' }, guests: 5, approval: 'automatic', answer_ms: 120_000, money_back_ms: 840_000 });
    expect(await offer(of, ...args)).toEqual(made);
    expect(await refusal(['share', 'offer', of.id, '--yes', '--step', '1.00EUR=1GB'])).toMatchObject({ code: 'offer_exists', exit: 5 });
  });

  test.each([
    [[], 'missing_input', 2],
    [['--unlimited'], 'tariff_without_price', 2],
    [['--fixed', '1h'], 'tariff_without_price', 2],
    [['--step', '1.00USD=500MB'], 'currency_mismatch', 5],
    [['--step', '1.00EUR=500'], 'invalid_input', 2],
    [['--step', '1.00EUR=500MB', '--fixed', '1h'], 'invalid_input', 2],
    [['--step', '1.00EUR=500MB', '--longest', '2h'], 'invalid_input', 2],
    [['--step', '1.00EUR=500MB', '--tariff', '-'], 'invalid_input', 2],
    [['--tariff', 'nowhere.json'], 'file_not_found', 3],
    [['--step', '1.00EUR=500MB', '--guests', '0'], 'invalid_input', 2],
    [['--step', '1.00EUR=500MB', '--hours', 'Mon-Fri'], 'invalid_input', 2],
    [['--step', '1.00EUR=500MB', '--hours', 'Mon-Fri 08:00-18:00'], 'missing_input', 2],
    [['--step', '1.00EUR=500MB', '--zone', 'UTC'], 'invalid_input', 2],
    [['--step', '1.00EUR=500MB', '--answer-within', '9s'], 'invalid_input', 2],
  ] as const)('%j is %s', async (args, code, exit) => {
    const { id } = await network();
    expect(await refusal(['share', 'offer', id, '--yes', ...args])).toMatchObject({ code, exit });
  });

  test('nothing is made without a yes, and what is asked says when money comes back', async () => {
    const { id } = await network();
    const args = ['share', 'offer', id, '--step', '1.00EUR=500MB', '--refund', 'unused'];
    expect(await refusal(args)).toMatchObject({ code: 'missing_input', message: expect.stringContaining('--yes') });
    const asking = atTerminal(purse.cli, args, purse.env, { columns: 400 });
    await asking.shows(`Offer network ${id}?`);
    expect(asking.screen()).toMatch(/500MB for 1\.00EUR; what is unused goes back when they end early\..*has the money back within 14 min\./s);
    asking.type('n\r');
    expect(await asking.code).toBe(130);
    const { items } = await purse.json<{ items: { network_id: string }[] }>(['share', 'offers', 'list']);
    expect(items.filter(({ network_id }) => network_id === id)).toEqual([]);
    expect(await refusal(['share', 'offers', 'update', 'off_nobodys'])).toMatchObject({ code: 'missing_input' });
  });

  test('who looks around finds what is on offer, sorted as asked', async () => {
    const [far, near, closed] = [await network(), await network(), await network()];
    const day = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][(new Date().getUTCDay() + 2) % 7]!;
    const offers = [await offer(far, '--step', '1.00EUR=900MB'), await offer(near, '--step', '1.00EUR=500MB', '--approval', 'manual'),
      await offer(closed, '--step', '0.10EUR=5GB', '--hours', `${day} 00:00-24:00`, '--zone', 'UTC')].map(({ offer_id: id }) => id as string);
    const strangers = Array.from({ length: 20 }, (_, at) => heard({ ...far, bssids: [`02:ff:00:00:00:${(at + 16).toString(16)}`] }));
    const scan = [...strangers, heard(closed, { signalDbm: -20 }), heard(far, { signalDbm: -80 }), heard(near, { signalDbm: -40, frequencyMhz: 5180 })];
    const found = await find(scan);
    expect(found).toMatchObject({ heard: 23, items: [{ offer: { offer_id: offers[1] } }, { offer: { offer_id: offers[0] } }, { offer: { offer_id: offers[2] }, closed: 'hours' }] });
    const items = found['items'] as Record<string, any>[];
    expect(items[0]).toMatchObject({
      bssid: near.bssids[0], ssid: Buffer.from(near.ssid).toString('base64url'), signal_dbm: -40, frequency_mhz: 5180, security_differs: false, money_back_ms: 1_620_000,
      network: { network_id: near.id, bssids: near.bssids, verified_at: expect.any(String) }, record: { delivered: 0, failed: 0, disputed: 0 }, bssids: near.bssids,
    });
    expect(((await find(scan, '--sort', 'price'))['items'] as Record<string, any>[]).map(({ offer: { offer_id: id } }) => id as string)).toEqual(offers);
    // What it prints is a scan of what it found.
    const again = await purse.json(['share', 'find', '--scan', '-'], JSON.stringify(found));
    expect((again['items'] as unknown[]).length).toBe(3);
    const { stdout } = await purse.run(['share', 'find', '--scan', '-'], JSON.stringify(scan));
    expect(stdout).toContain('500MB for 1.00EUR');
    expect(stdout).toContain('closed: outside its hours');
    expect(stdout).not.toContain('02:ff');
  });

  test('a hostile name is matched by its bytes and shown as what it is', async () => {
    const ssid = Buffer.concat([ssidBytes('\u001b[2J\u202e☕'), Buffer.from([0xff, 0x00])]);
    const of = await network({ ssid });
    await offer(of, '--step', '1.00EUR=500MB');
    expect((await find([heard(of, { ssid: ssid.subarray(0, -1) })]))['items']).toEqual([]);
    expect((await find([heard(of, { ssid: new Uint8Array(), security: 'open' })]))['items']).toMatchObject([{ security_differs: true }]);
    const { stdout } = await purse.run(['share', 'find', '--scan', '-'], JSON.stringify([heard(of, { security: 'open' })]));
    expect(stdout).not.toMatch(/[\u001b\u202e\u0000]/);
    expect(stdout).toContain('☕');
    expect(stdout.replace(/\s+/g, ' ')).toContain('other security');
  });

  test('nothing around, and nothing on offer, is said', async () => {
    expect((await purse.run(['share', 'find', '--scan', '-'], '[]')).stdout).toBe('No network is heard.\n');
    const { stdout } = await purse.run(['share', 'find', '--scan', '-'], JSON.stringify([heard({ bssids: ['02:ff:00:00:00:01'], ssid: ssidBytes('x'), security: 'open' })]));
    expect(stdout).toBe('Of the one network that is heard none is on offer.\n');
  });
});
