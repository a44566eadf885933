import { DatabaseSync } from 'node:sqlite';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cardLanguage } from '../../src/cli/cards/card-language.ts';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { parseAmount } from '../../src/domain/money.ts';
import type { TerminatedService } from '../../src/roles/card/ports.ts';
import { tellTerminations } from '../../src/roles/card/terminations.ts';
import { shadow, type ShadowChange } from '../../src/roles/card/shadow.ts';
import { createCardStore, openCardStore, openScratchCardStore } from '../../src/storage/card-store.ts';
import { application, dailyTotal, TestDesk } from './card-desk.ts';

const minute = 60_000;
const hour = 60 * minute;
let cards: TestDesk;
beforeEach(async () => {
  cards = await TestDesk.open();
});
afterEach(() => cards.close());

describe('applications', () => {
  test('a higher version comes into the place of the one in force, and the same once more changes nothing', async () => {
    const first = await cards.desk.add(application([dailyTotal('10.00EUR')]));
    cards.pass(1000);
    expect(await cards.desk.add(application([dailyTotal('10.00EUR')]))).toEqual(first);
    await cards.desk.add(application([dailyTotal('20.00EUR')], { version: 2 }));
    expect(cards.store.applications().map(({ version, endedAt }) => [version, endedAt])).toEqual([[2, undefined]]);
    expect(cards.store.versions('spending').map(({ version, endedAt }) => [version, endedAt === undefined])).toEqual([[2, true], [1, false]]);
  });

  test('the same version with other content, a lower one, and what cannot be meant are refused', async () => {
    await cards.desk.add(application([dailyTotal('10.00EUR')], { version: 2 }));
    await expect(cards.desk.add(application([dailyTotal('10.01EUR')], { version: 2 }))).rejects.toMatchObject({ code: 'card_application_conflict' });
    await expect(cards.desk.add(application([dailyTotal('10.00EUR')]))).rejects.toMatchObject({ code: 'card_application_conflict' });
    await expect(cards.desk.add(application([], { guards: ['access'] }))).rejects.toMatchObject({ code: 'invalid_input', problems: [{ pointer: '/guards/0' }] });
    await expect(cards.desk.add(application([], { guards: ['everything'] }))).rejects.toMatchObject({ code: 'invalid_input' });
    await expect(cards.desk.add('{')).rejects.toMatchObject({ code: 'invalid_input' });
    expect(cards.store.applications()).toHaveLength(1);
  });

  test('one that is removed guards nothing, and has forgotten nothing when it is added again', async () => {
    const text = application([dailyTotal('10.00EUR')]);
    await cards.desk.add(text);
    await cards.pay('8.00EUR');
    await cards.desk.remove('spending');
    expect(await cards.pay('8.00EUR')).toBeUndefined();
    await expect(cards.desk.remove('spending')).rejects.toMatchObject({ code: 'card_application_not_found' });
    await cards.desk.add(text);
    expect(await cards.pay('8.00EUR')).toMatchObject({ outcome: 'terminate' });
  });
});

describe('services', () => {
  test('count while they go on: what is over the limit is terminated, counts nothing, and says which check', async () => {
    await cards.desk.add(application([dailyTotal('10.00EUR', { reason: 'Ten a day.' })]));
    expect(await cards.pay('6.00EUR')).toMatchObject({ outcome: 'allow', state: 'counted', failed: [] });
    expect(await cards.pay('6.00EUR')).toMatchObject({
      outcome: 'terminate', state: 'terminated', failed: [{ application: 'spending', id: 'daily', reason: 'Ten a day.', detail: expect.stringContaining('total with this service 12.00EUR, limit 10.00EUR') }],
    });
    expect(await cards.pay('4.00EUR')).toMatchObject({ outcome: 'allow' });
    cards.pass(12 * hour);
    expect(await cards.pay('10.00EUR')).toMatchObject({ outcome: 'allow' });
  });

  test('what is counted has the same answer under its key, and is counted once; for another service it is refused', async () => {
    await cards.desk.add(application([dailyTotal('10.00EUR')]));
    const first = await cards.pay('6.00EUR', { key: 'k1' });
    expect(await cards.pay('6.00EUR', { key: 'k1' })).toEqual(first);
    expect(await cards.pay('4.00EUR')).toMatchObject({ outcome: 'allow' });
    expect(await cards.pay('1.00EUR', { key: 'k2' })).toMatchObject({ outcome: 'terminate' });
    await expect(cards.pay('1.01EUR', { key: 'k2' })).rejects.toMatchObject({ code: 'idempotency_mismatch' });
  });

  test('what one account has under a key is no other’s: each is counted, reversed and settled for itself', async () => {
    await cards.desk.add(application([dailyTotal('20.00EUR')]));
    const of = (holder: string) => ({ guard: 'pay', holder, key: 'k1' }) as const;
    const anna = await cards.pay('12.00EUR', of('acc_anna'));
    const bert = await cards.pay('8.00EUR', of('acc_bert'));
    expect([anna!.outcome, bert!.outcome, bert!.serviceId === anna!.serviceId]).toEqual(['allow', 'allow', false]);
    expect(await cards.pay('12.00EUR', of('acc_clara'))).toMatchObject({ outcome: 'terminate' });
    await cards.desk.settle(of('acc_bert'));
    await cards.desk.reverse(of('acc_anna'), 'refused');
    await cards.desk.reverse(of('acc_bert'), 'refused');
    await expect(cards.desk.confirm(of('acc_dora'), [])).rejects.toMatchObject({ code: 'service_not_found' });
    expect(cards.store.usage('spending', 0)).toEqual({ count: 1, totals: { EUR: 800n } });
  });

  test('what was terminated is judged under its key by what holds then, and is one service of the log while it stays so', async () => {
    await cards.desk.add(application([dailyTotal('10.00EUR'), { id: 'hurry', type: 'count', per: '1min', at_most: 1 }]));
    await cards.pay('1.00EUR');
    const first = await cards.pay('9.00EUR', { key: 'k1' });
    expect(await cards.pay('9.00EUR', { key: 'k1' })).toEqual(first);
    cards.pass(minute);
    expect(await cards.pay('9.00EUR', { key: 'k1' })).toMatchObject({ outcome: 'allow', state: 'counted' });
    expect(cards.store.services({}, { limit: 10 }).map(({ state }) => state)).toEqual(['counted', 'terminated', 'counted']);
  });

  test('a question is none any more once the limit is raised, or nothing guards it', async () => {
    const large = (atMost: string) => [{ id: 'large', type: 'largest_amount', at_most: atMost, on_fail: 'ask' }];
    await cards.desk.add(application(large('5.00EUR')));
    expect(await cards.pay('7.00EUR', { key: 'a' })).toMatchObject({ outcome: 'ask' });
    expect(await cards.pay('7.00EUR', { key: 'b' })).toMatchObject({ outcome: 'ask' });
    await cards.desk.add(application(large('9.00EUR'), { version: 2 }));
    expect(await cards.pay('7.00EUR', { key: 'a' })).toMatchObject({ outcome: 'allow' });
    await cards.desk.remove('spending');
    expect(await cards.pay('7.00EUR', { key: 'b' })).toBeUndefined();
    expect(cards.store.services({}, { limit: 10 })).toHaveLength(2);
  });

  test('what is begun again has what was drawn for it, whatever became of it', async () => {
    await cards.desk.add(application([{ id: 'ask', type: 'velocity', lower: 0, upper: 2 }, { id: 'stop', type: 'velocity', lower: 0, upper: 2, target_percent: 30, most_percent: 30, on_fail: 'terminate' }]));
    cards.draws(0.2, 0.9, 0.4, 0.9);
    expect(await cards.pay('1.00EUR', { key: 'a' })).toMatchObject({ outcome: 'terminate' });
    expect(await cards.pay('1.00EUR', { key: 'a' })).toMatchObject({ outcome: 'terminate' });
    expect(await cards.pay('1.00EUR', { key: 'a', isAnew: true })).toMatchObject({ outcome: 'terminate' });
    expect(await cards.pay('1.00EUR', { key: 'b' })).toMatchObject({ outcome: 'allow' });
    await cards.reverse('b', 'refused');
    expect(await cards.pay('1.00EUR', { key: 'b' })).toMatchObject({ outcome: 'allow' });
    expect(await cards.pay('1.00EUR', { key: 'c' })).toMatchObject({ outcome: 'ask' });
    expect(await cards.pay('1.00EUR', { key: 'c' })).toMatchObject({ outcome: 'ask' });
  });

  test('what was terminated is judged anew under its key once other parameters are in force', async () => {
    await cards.desk.add(application([dailyTotal('10.00EUR')]));
    await cards.pay('11.00EUR', { key: 'k1' });
    await cards.desk.add(application([dailyTotal('20.00EUR')], { version: 2 }));
    expect(await cards.pay('11.00EUR', { key: 'k1' })).toMatchObject({ outcome: 'allow', state: 'counted' });
    expect(cards.store.services({}, { limit: 10 }).map(({ state }) => state)).toEqual(['counted', 'terminated']);
    expect(await cards.pay('11.00EUR', { key: 'k1' })).toMatchObject({ outcome: 'allow' });
    expect(cards.store.usage('spending', 0).count).toBe(1);
  });

  test('what is reversed gives its room back, and is judged anew under its key', async () => {
    await cards.desk.add(application([dailyTotal('10.00EUR')]));
    const first = await cards.pay('6.00EUR', { key: 'k1' });
    await cards.reverse('k1', 'refused');
    await cards.reverse('k1', 'refused');
    expect(cards.store.service(first!.serviceId)).toMatchObject({ state: 'reversed', reason: 'refused' });
    expect(await cards.pay('9.00EUR')).toMatchObject({ outcome: 'allow' });
    expect(await cards.pay('6.00EUR', { key: 'k1' })).toMatchObject({ outcome: 'terminate' });
    const again = await cards.desk.begin(cards.attempt('1.00EUR', { key: 'k3' }));
    expect(await cards.desk.reverseService(again!.serviceId, 'by hand')).toMatchObject({ state: 'reversed' });
    await expect(cards.desk.reverseService('svc_none', 'x')).rejects.toMatchObject({ code: 'service_not_found' });
  });

  test('what has taken place is reversed by hand alone', async () => {
    await cards.desk.add(application([dailyTotal('10.00EUR')]));
    const paid = await cards.pay('6.00EUR', { key: 'k1' });
    await cards.settle('k1');
    await cards.reverse('k1', 'who else was asked for it declined');
    expect(cards.store.service(paid!.serviceId)).toMatchObject({ state: 'counted' });
    expect(await cards.pay('6.00EUR')).toMatchObject({ outcome: 'terminate' });
    expect(await cards.desk.reverseService(paid!.serviceId, 'refunded')).toMatchObject({ state: 'reversed' });
    expect(await cards.pay('6.00EUR')).toMatchObject({ outcome: 'allow' });
  });

  test('another under a key that is known not to have taken place is judged anew, and what it counted is free', async () => {
    await cards.desk.add(application([dailyTotal('10.00EUR'), { id: 'large', type: 'largest_amount', at_most: '8.00EUR', on_fail: 'ask' }]));
    const anew = (amount: string) => cards.pay(amount, { key: 'k1', isAnew: true });
    expect(await anew('11.00EUR')).toMatchObject({ outcome: 'terminate' });
    expect(await anew('9.00EUR')).toMatchObject({ outcome: 'ask' });
    expect(await anew('9.50EUR')).toMatchObject({ outcome: 'ask' });
    expect(await cards.confirm('k1')).toMatchObject({ state: 'counted' });
    expect(await anew('8.00EUR')).toMatchObject({ outcome: 'allow' });
    expect(await cards.pay('2.00EUR')).toMatchObject({ outcome: 'allow' });
    expect(cards.store.services({}, { limit: 10 }).map(({ state }) => state)).toEqual(['counted', 'counted', 'reversed', 'terminated']);
  });

  test('what came to less than it was counted for gives back the rest, also where it was taken for reversed', async () => {
    await cards.desk.add(application([dailyTotal('10.00EUR')]));
    await cards.pay('10.00EUR', { key: 'k1' });
    await cards.settle('k1', parseAmount('4.00EUR'));
    await cards.settle('k1', parseAmount('1.00EUR'));
    const [settled] = cards.store.services({}, { limit: 1 });
    expect([settled!.paid, cardLanguage.readService(settled!.data).amount]).toEqual([parseAmount('4.00EUR'), parseAmount('10.00EUR')]);
    expect(await cards.pay('6.01EUR')).toMatchObject({ outcome: 'terminate' });
    expect(await cards.pay('6.00EUR', { key: 'k2' })).toMatchObject({ outcome: 'allow' });
    await cards.reverse('k2', 'taken back');
    await cards.settle('k2', parseAmount('5.00EUR'));
    expect(await cards.pay('1.01EUR')).toMatchObject({ outcome: 'terminate' });
    expect(await cards.pay('1.00EUR')).toMatchObject({ outcome: 'allow' });
  });

  test('what asks goes on once it is confirmed, by what holds then', async () => {
    await cards.desk.add(application([{ id: 'large', type: 'largest_amount', at_most: '5.00EUR', on_fail: 'ask' }, dailyTotal('10.00EUR')]));
    expect(await cards.pay('7.00EUR', { key: 'a' })).toMatchObject({ outcome: 'ask', state: 'asked' });
    expect(await cards.pay('7.00EUR', { key: 'b' })).toMatchObject({ outcome: 'ask' });
    expect(await cards.confirm('a')).toMatchObject({ outcome: 'allow', state: 'counted' });
    expect(await cards.confirm('a')).toMatchObject({ outcome: 'allow', state: 'counted' });
    expect(await cards.confirm('b')).toMatchObject({ outcome: 'terminate', state: 'terminated' });
    await expect(cards.confirm('never')).rejects.toMatchObject({ code: 'service_not_found' });
    await cards.reverse('a', 'refused');
    expect(await cards.confirm('a')).toMatchObject({ outcome: 'allow', state: 'counted' });
    expect(cards.store.usage('spending', 0).count).toBe(1);
    await expect(cards.desk.reverseService((await cards.pay('7.00EUR', { key: 'b' }))!.serviceId, 'x')).rejects.toMatchObject({ code: 'service_not_counted' });
  });

  describe('a yes answers what was asked, and no more', () => {
    const large = { id: 'large', type: 'largest_amount', at_most: '5.00EUR', on_fail: 'ask' };
    const sum = (atMost: string) => dailyTotal(atMost, { on_fail: 'ask' });
    const shown = (application: string, version: number, id: string) => ({ application, version, id });

    test('what asks only by then is asked, too', async () => {
      await cards.desk.add(application([large, sum('10.00EUR')]));
      const asked = await cards.pay('7.00EUR', { key: 'a' });
      expect(asked!.failed).toMatchObject([{ id: 'large' }]);
      await cards.pay('4.00EUR', { holder: 'acc_2' });
      const again = await cards.desk.confirm({ guard: 'pay', holder: 'acc_1', key: 'a' }, asked!.failed);
      expect(again).toMatchObject({ outcome: 'ask', state: 'asked', serviceId: asked!.serviceId, failed: [{ id: 'large' }, { id: 'daily' }] });
      expect(cards.store.service(asked!.serviceId)).toMatchObject({ confirmed: false });
      expect(cards.store.usage('spending', 0).count).toBe(1);
      expect(await cards.confirm('a')).toMatchObject({ outcome: 'allow', state: 'counted' });
      expect(cards.store.service(asked!.serviceId)).toMatchObject({ confirmed: true });
    });

    test('also where it is begun once more under its key: another check, another version, another application asks', async () => {
      await cards.desk.add(application([large]));
      await cards.pay('7.00EUR', { key: 'a' });
      await cards.confirm('a');
      await cards.reverse('a');
      expect(await cards.pay('7.00EUR', { key: 'a' })).toMatchObject({ outcome: 'allow' });
      await cards.reverse('a');
      await cards.desk.add(application([sum('6.00EUR')], { name: 'frugal' }));
      expect(await cards.pay('7.00EUR', { key: 'a' })).toMatchObject({ outcome: 'ask', failed: [shown('frugal', 1, 'daily'), shown('spending', 1, 'large')] });
      await cards.desk.remove('frugal');
      await cards.desk.add(application([large], { version: 2 }));
      expect(await cards.pay('7.00EUR', { key: 'a' })).toMatchObject({ outcome: 'ask', failed: [shown('spending', 2, 'large')] });
      expect(await cards.pay('7.00EUR', { key: 'a', holder: 'acc_2' })).toMatchObject({ outcome: 'ask' });
    });

    test('of all that was asked under its key, in whatever way it was to be paid', async () => {
      const by = (id: string) => ({ id, when: `service.attributes.tender == "${id}"`, then: 'ask' });
      await cards.desk.add(application([], { rules: [by('cash'), by('card')] }));
      const foreseen = (tender: string) => cards.desk.foresee(cards.attempt('7.00EUR', { key: 'a', service: { attributes: { tender } } }));
      for (const tender of ['cash', 'card']) {
        expect(await foreseen(tender)).toMatchObject({ outcome: 'ask', failed: [{ id: tender }] });
        await cards.confirm('a');
        await cards.reverse('a');
      }
      expect(await foreseen('cash')).toMatchObject({ outcome: 'allow' });
      expect(await cards.pay('7.00EUR', { key: 'a', service: { attributes: { tender: 'card' } } })).toMatchObject({ outcome: 'allow', state: 'counted' });
    });
  });

  test('all that guard one must allow it, and the strictest decides; what does not go on counts for none', async () => {
    await cards.desk.add(application([{ id: 'large', type: 'largest_amount', at_most: '5.00EUR', on_fail: 'ask' }]));
    await cards.desk.add(application([dailyTotal('8.00EUR')], { name: 'frugal', guards: ['pay', 'charge'] }));
    expect(await cards.pay('6.00EUR', { key: 'a' })).toMatchObject({ outcome: 'ask', failed: [{ application: 'spending' }] });
    expect(await cards.pay('9.00EUR')).toMatchObject({ outcome: 'terminate', failed: [{ application: 'frugal' }, { application: 'spending' }] });
    expect(await cards.pay('4.00EUR', { guard: 'charge' })).toMatchObject({ outcome: 'allow' });
    expect(await cards.confirm('a')).toMatchObject({ outcome: 'terminate' });
    expect(await cards.pay('4.00EUR')).toMatchObject({ outcome: 'allow' });
  });

  test('nothing is begun where nothing guards it', async () => {
    await cards.desk.add(application([], { guards: undefined }));
    expect(await cards.pay('6.00EUR')).toBeUndefined();
    expect(cards.store.services({}, { limit: 10 })).toEqual([]);
  });

  test('clocks that are set back free nothing', async () => {
    await cards.desk.add(application([dailyTotal('10.00EUR'), { id: 'rolling', type: 'count', per: '1h', at_most: 5 }]));
    expect(await cards.pay('6.00EUR')).toMatchObject({ outcome: 'allow' });
    cards.pass(-2 * hour);
    expect(await cards.pay('6.00EUR')).toMatchObject({ outcome: 'terminate' });
  });

  test.each(['1970-01-01T00:00:10Z', '1999-12-31T23:59:59.999Z', '2200-01-01T00:00:00Z', '2226-11-30T12:00:00Z'])('a clock that says %s is refused, and nothing is kept', async (time) => {
    await cards.desk.add(application([dailyTotal('10.00EUR'), { id: 'large', type: 'largest_amount', at_most: '5.00EUR', on_fail: 'ask' }]));
    await cards.pay('6.00EUR', { key: 'asked' });
    cards.now = new Date(time);
    await expect(cards.pay('1.00EUR')).rejects.toMatchObject({ code: 'clock_wrong', message: expect.stringContaining(time.slice(0, 4)) });
    await expect(cards.confirm('asked')).rejects.toMatchObject({ code: 'clock_wrong' });
    const kept = cards.store.services({}, { limit: 10 });
    expect(kept.map(({ state }) => state)).toEqual(['asked']);
    expect(cardLanguage.readService(kept[0]!.data).amount).toEqual(parseAmount('6.00EUR'));
  });

  test('what is foreseen counts nothing, and takes place by what was drawn for it', async () => {
    await cards.desk.add(application([{ id: 'often', type: 'velocity', lower: 1, upper: 3 }]));
    await cards.pay('1.00EUR');
    cards.draws(0.99, 0.01);
    expect(await cards.desk.foresee(cards.attempt('1.00EUR', { key: 'k1' }))).toMatchObject({ outcome: 'allow', state: 'asked' });
    expect(await cards.desk.foresee(cards.attempt('1.00EUR', { key: 'k1' }))).toMatchObject({ outcome: 'allow', state: 'asked' });
    expect(cards.store.usage('spending', 0).count).toBe(1);
    expect(await cards.pay('1.00EUR', { key: 'k1' })).toMatchObject({ outcome: 'allow', state: 'counted' });
    expect(cards.store.services({}, { limit: 10 }).map(({ state, random }) => [state, random > 0.9])).toEqual([['counted', true], ['counted', expect.any(Boolean)]]);
    await cards.reverse('k1', 'refused');
    expect(await cards.pay('1.00EUR', { key: 'k1' })).toMatchObject({ outcome: 'allow' });
    expect(await cards.desk.foresee(cards.attempt('1.00EUR', { key: 'k2' }))).toMatchObject({ outcome: 'ask' });
  });

  test('what is foreseen is judged once more when it takes place', async () => {
    await cards.desk.add(application([dailyTotal('10.00EUR')]));
    await cards.desk.foresee(cards.attempt('6.00EUR', { key: 'k1' }));
    await cards.pay('6.00EUR');
    expect(await cards.pay('6.00EUR', { key: 'k1' })).toMatchObject({ outcome: 'terminate' });
  });

  test('what cannot be read any more of a service is said to be so', async () => {
    await cards.desk.add(application([dailyTotal('10.00EUR')]));
    await cards.pay('6.00EUR', { key: 'k1' });
    const database = new DatabaseSync(cards.path);
    database.exec(`update services set data = '{'`);
    database.close();
    await expect(cards.pay('6.00EUR', { key: 'k1' })).rejects.toMatchObject({ code: 'invalid_input' });
  });

  test('velocity asks by what is drawn, and a confirmation begins it anew', async () => {
    await cards.desk.add(application([{ id: 'often', type: 'velocity', lower: 1, upper: 3 }]));
    expect(await cards.pay('1.00EUR')).toMatchObject({ outcome: 'allow' });
    cards.draws(0.99, 0.01, 0.99);
    expect(await cards.pay('1.00EUR')).toMatchObject({ outcome: 'allow' });
    expect(await cards.pay('1.00EUR')).toMatchObject({ outcome: 'ask' });
    expect(await cards.pay('1.00EUR', { key: 'x', service: { confirmed: true } })).toMatchObject({ outcome: 'allow' });
    expect(cards.store.sinceConfirmed('spending')).toEqual({ count: 0, totals: {} });
    cards.pass(-hour);
    expect(await cards.pay('1.00EUR', { key: 'y' })).toMatchObject({ outcome: 'allow' });
    expect(cards.store.sinceConfirmed('spending')).toEqual({ count: 1, totals: { EUR: 100n } });
    await cards.reverse('x', 'test');
    expect(cards.store.sinceConfirmed('spending')).toEqual({ count: 3, totals: { EUR: 300n } });
    await cards.reverse('y', 'test');
    expect(cards.store.sinceConfirmed('spending')).toEqual({ count: 2, totals: { EUR: 200n } });
  });
});

describe('what is old', () => {
  const day = 24 * hour;
  const keys = () => cards.store.services({}, { limit: 100 }).map(({ key }) => key);

  test('leaves the log as others come, and is forgotten by no total', async () => {
    await cards.desk.add(application([{ id: 'ever', type: 'total', per: '3650d', at_most: '100.00EUR' }]));
    for (const key of ['a', 'b', 'c']) await cards.pay('20.00EUR', { key });
    cards.pass(399 * day);
    await cards.pay('20.00EUR', { key: 'd' });
    expect(keys()).toEqual(['d', 'c', 'b', 'a']);
    cards.pass(2 * day);
    expect(await cards.pay('20.01EUR', { key: 'e' })).toMatchObject({ outcome: 'terminate' });
    expect(keys()).toEqual(['e', 'd']);
    for (const from of [0, cards.now.getTime() - 401 * day, cards.now.getTime() - 400 * day]) {
      expect(cards.store.usage('spending', from)).toEqual(from > cards.now.getTime() - 401 * day ? { count: 1, totals: { EUR: 2000n } } : { count: 4, totals: { EUR: 8000n } });
    }
    await cards.reverse('d', 'refunded');
    expect(await cards.pay('40.00EUR')).toMatchObject({ outcome: 'allow' });
  });

  test('however many services there were before, each that comes takes out more than itself', async () => {
    await cards.desk.add(application([dailyTotal('10.00EUR')]));
    for (let number = 0; number < 30; number += 1) await cards.pay('0.10EUR');
    cards.pass(401 * day);
    for (let number = 0; number < 4; number += 1) await cards.pay('0.10EUR');
    expect(keys()).toHaveLength(4);
  });

  test('is the last service of an application as long as no other came, and its velocity is what it was', async () => {
    await cards.desk.add(application([{ id: 'often', type: 'velocity', lower: 50, upper: 100 }]));
    await cards.desk.add(application([{ id: 'way', type: 'distance', at_most_km: 10, if_missing: 'skip' }], { name: 'near', guards: ['charge'] }));
    await cards.pay('1.00EUR', { key: 'yes', service: { confirmed: true } });
    for (const key of ['a', 'b']) await cards.pay('1.00EUR', { key });
    await cards.pay('1.00EUR', { key: 'far', guard: 'charge', service: { place: { lat: 10, lon: 10, cell: undefined, bssid: undefined } } });
    cards.pass(401 * day);
    await cards.pay('1.00EUR', { key: 'c' });
    expect(keys()).toEqual(['c', 'far', 'b']);
    expect(cards.store.last('near')).toMatchObject({ place: { lat: 10 } });
    expect(cards.store.sinceConfirmed('spending')).toEqual({ count: 3, totals: { EUR: 300n } });
    await cards.pay('1.00EUR', { key: 'yes-2', service: { confirmed: true } });
    expect(cards.store.sinceConfirmed('spending').count).toBe(0);
    await cards.reverse('yes-2', 'refused');
    expect(cards.store.sinceConfirmed('spending')).toEqual({ count: 3, totals: { EUR: 300n } });
  });

  test('is not what was begun long ago, and goes on now', async () => {
    await cards.desk.add(application([{ id: 'large', type: 'largest_amount', at_most: '5.00EUR', on_fail: 'ask' }]));
    await cards.pay('7.00EUR', { key: 'a' });
    cards.pass(401 * day);
    await cards.confirm('a');
    await cards.pay('1.00EUR', { key: 'b' });
    await cards.pay('1.00EUR', { key: 'c' });
    expect(keys()).toEqual(['c', 'b', 'a']);
  });
});

describe('what is terminated', () => {
  test('is told once, the oldest first, with nothing of the service itself; what is not heard is kept', async () => {
    await cards.desk.add(application([dailyTotal('5.00EUR', { reason: 'Five.' })]));
    await cards.desk.add(application([{ id: 'small', type: 'largest_amount', at_most: '1.00EUR' }], { name: 'frugal', guards: ['pay', 'charge'] }));
    await cards.pay('6.00EUR', { key: 'first' });
    cards.pass(1000);
    await cards.pay('2.00EUR', { key: 'second', guard: 'charge' });
    const heard: TerminatedService[] = [];
    const context = { store: cards.store, language: cardLanguage, clock: { now: () => cards.now } };
    const away = { terminated: async () => Promise.reject(new LatchkeyError('remote_unreachable')) };
    const there = { terminated: async (service: TerminatedService) => void heard.push(service) };
    await tellTerminations(context, away, ['pay', 'charge'], 'acc_1');
    await tellTerminations(context, there, ['register-charge'], 'acc_1');
    expect(heard).toEqual([]);
    await tellTerminations(context, there, ['pay', 'charge'], 'acc_1');
    cards.pass(1000);
    await cards.pay('6.00EUR', { key: 'first' });
    await tellTerminations(context, there, ['pay', 'charge'], 'acc_1');
    expect(heard.map(({ key, application: name, failed }) => [key, name, failed])).toEqual([
      ['first', 'frugal', [{ id: 'small', reason: undefined }]],
      ['first', 'spending', [{ id: 'daily', reason: 'Five.' }]],
      ['second', 'frugal', [{ id: 'small', reason: undefined }]],
    ]);
    expect(JSON.stringify(heard)).not.toMatch(/acc_|EUR|600/);
  });

  test('is told without what the server will never take, which keeps nothing else back', async () => {
    await cards.desk.add(application([dailyTotal('5.00EUR')]));
    for (const key of ['too large', 'fine']) await cards.pay('6.00EUR', { key });
    const heard: string[] = [];
    const context = { store: cards.store, language: cardLanguage, clock: { now: () => cards.now } };
    const picky = { terminated: async ({ key }: TerminatedService) => (key === 'too large' ? Promise.reject(new LatchkeyError('payload_too_large')) : void heard.push(key)) };
    await tellTerminations(context, picky, ['pay'], 'acc_1');
    await tellTerminations(context, picky, ['pay'], 'acc_1');
    expect(heard).toEqual(['fine']);
  });

  test('is told to the server of its own account alone', async () => {
    await cards.desk.add(application([dailyTotal('5.00EUR')]));
    await cards.pay('6.00EUR', { key: 'of one', holder: 'acc_1' });
    await cards.pay('6.00EUR', { key: 'of two', holder: 'acc_2' });
    const heard: [string, string][] = [];
    const context = { store: cards.store, language: cardLanguage, clock: { now: () => cards.now } };
    for (const holder of ['acc_2', 'acc_3', 'acc_1']) {
      await tellTerminations(context, { terminated: async ({ key }) => void heard.push([holder, key]) }, ['pay'], holder);
    }
    expect(heard).toEqual([['acc_2', 'of two'], ['acc_1', 'of one']]);
  });
});

describe('nothing fails open', () => {
  const damage = (sql: string) => {
    const database = new DatabaseSync(cards.path);
    database.exec(sql);
    database.close();
  };

  test.each([
    ['cut off', `update applications set json = substr(json, 1, 40)`],
    ['with another limit', `update applications set json = replace(json, '10.00EUR', '99.00EUR')`],
    ['that guards nothing any more', `update applications set json = replace(json, '"pay"', '"code"'), guards = 'code'`],
    ['of a form that this program does not know', `update applications set json = replace(json, '"guards"', '"guardians"'), guards = ''`],
    ['under another name', `update applications set name = 'other'`],
  ])('an application %s terminates everything until it is removed', async (_, sql) => {
    await cards.desk.add(application([dailyTotal('10.00EUR')]));
    damage(sql);
    for (const guard of ['pay', 'charge', 'register-charge'] as const) {
      expect(await cards.pay('1.00EUR', { guard })).toMatchObject({ outcome: 'terminate', failed: [{ id: 'kind', detail: expect.stringContaining('damaged') }] });
    }
    const [kept] = cards.store.applications();
    expect(cards.desk.isDamaged(kept!)).toBe(true);
    await cards.desk.remove(kept!.name);
    expect(await cards.pay('1.00EUR')).toBeUndefined();
  });

  test('a file of a newer program, and one that is none, are errors', async () => {
    cards.store.close();
    damage('pragma user_version = 99');
    await expect(openCardStore(cards.path)).rejects.toMatchObject({ code: 'storage_too_new' });
    damage('pragma application_id = 1; pragma user_version = 1');
    await expect(openCardStore(cards.path)).rejects.toMatchObject({ code: 'storage_unavailable' });
  });

  test.each([
    ['is empty', (path: string) => truncateSync(path)],
    ['lacks a table', () => damage('drop table applications')],
    ['says that it has no schema', () => damage('pragma user_version = 0')],
    ['is no database', (path: string) => writeFileSync(path, 'x'.repeat(4096))],
  ])('a file that %s is damaged, and not new: neither opening nor adding takes it', async (_, spoil) => {
    await cards.desk.add(application([dailyTotal('10.00EUR')]));
    cards.store.close();
    spoil(cards.path);
    for (const open of [openCardStore, createCardStore]) {
      await expect(open(cards.path)).rejects.toMatchObject({ code: 'storage_corrupt', message: expect.stringContaining(cards.path) });
    }
  });

  test('opening makes no file, and making one leaves no other', async () => {
    const folder = join(cards.folder, 'new');
    const path = join(folder, 'cards.sqlite');
    await expect(openCardStore(path)).rejects.toMatchObject({ code: 'storage_unavailable' });
    const stores = await Promise.all(Array.from({ length: 4 }, () => createCardStore(path)));
    stores.forEach((store) => store.close());
    expect(readdirSync(folder)).toEqual(['cards.sqlite']);
  });
});

describe('many at once', () => {
  test('services in other processes, begun at once, do not slip under a limit together', { timeout: 60_000 }, async () => {
    await cards.desk.add(application([dailyTotal('10.00EUR'), { id: 'number', type: 'count', per: 'day', at_most: 1000 }]));
    const payers = Array.from({ length: 4 }, (_, at) => fork(new URL('./pay-often.ts', import.meta.url), [cards.path, String(at), '20', '1.00EUR', cards.now.toISOString()]));
    const outcomes = await Promise.all(payers.map(async (payer) => {
      const [told] = (await once(payer, 'message')) as [string[]];
      return told;
    }));
    expect(outcomes.flat().filter((outcome) => outcome === 'allow')).toHaveLength(10);
    expect(outcomes.flat()).toHaveLength(80);
    expect(cards.store.usage('spending', 0)).toEqual({ count: 10, totals: { EUR: 1000n } });
  });

  test('and of one service that is begun everywhere at once, one is counted', async () => {
    await cards.desk.add(application([dailyTotal('10.00EUR')]));
    const stores = await Promise.all(Array.from({ length: 5 }, () => openCardStore(cards.path)));
    const judged = await Promise.all(stores.map((store) => cards.deskOver(store).begin(cards.attempt('6.00EUR', { key: 'one' }))));
    stores.forEach((store) => store.close());
    expect(new Set(judged.map((each) => each!.serviceId)).size).toBe(1);
    expect(cards.store.usage('spending', 0).count).toBe(1);
  });
});

describe('the totals of a period', () => {
  test('are those of its services, whatever was added and reversed, and whenever it begins', async () => {
    await cards.desk.add(application([dailyTotal('100000.00EUR')]));
    const start = cards.now.getTime();
    const all: { at: number; minor: bigint; currency: string; key: string }[] = [];
    let seed = 7;
    const drawn = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let number = 0; number < 150; number += 1) {
      cards.now = new Date(start + drawn(4 * 24) * hour / 3 + drawn(hour));
      const key = `k${number}`;
      const cents = 1 + drawn(500);
      await cards.pay(`${(cents / 100).toFixed(2)}EUR`, { key });
      all.push({ at: cards.now.getTime(), minor: BigInt(cents), currency: 'EUR', key });
    }
    for (const { key } of all.splice(20, 30)) await cards.reverse(key, 'test');
    for (let probe = 0; probe < 100; probe += 1) {
      const from = probe === 0 ? Number.MIN_SAFE_INTEGER : start - hour + drawn(40 * hour);
      const within = all.filter(({ at }) => at >= from);
      const sum = within.reduce((total, { minor }) => total + minor, 0n);
      expect({ EUR: 0n, ...cards.store.usage('spending', from).totals }).toEqual({ EUR: sum });
      expect(cards.store.usage('spending', from).count).toBe(within.length);
    }
  });
});

describe('shadow', () => {
  async function replayed(text: string, since?: Date, signal?: AbortSignal) {
    const changes: ShadowChange[] = [];
    const scratch = await openScratchCardStore();
    const counts = await shadow({ log: cards.store, scratch, language: cardLanguage, candidate: cardLanguage.application(text), since, onChange: (change) => changes.push(change), signal });
    scratch.close();
    return { counts, changes };
  }

  test('says what other parameters would have said, each with what it counts itself', async () => {
    await cards.desk.add(application([dailyTotal('10.00EUR')]));
    for (const amount of ['6.00EUR', '3.00EUR', '5.00EUR', '1.00EUR']) {
      await cards.pay(amount);
      cards.pass(1000);
    }
    expect((await replayed(application([dailyTotal('10.00EUR')], { version: 2 }))).counts).toEqual({ services: 4, unchanged: 4, changed: {} });
    const wider = await replayed(application([dailyTotal('14.00EUR')], { version: 2 }));
    expect(wider.counts).toEqual({ services: 4, unchanged: 2, changed: { terminate: { allow: 1 }, allow: { terminate: 1 } } });
    expect(wider.changes.map(({ before, after, failed }) => [before, after, failed.map(({ id }) => id)])).toEqual([['terminate', 'allow', []], ['allow', 'terminate', ['daily']]]);
    expect((await replayed(application([dailyTotal('1.00EUR')], { version: 2 }), cards.now)).counts).toMatchObject({ services: 0 });
  });

  test('takes a key that was begun again after it was reversed, or terminated', async () => {
    const text = application([dailyTotal('10.00EUR')]);
    await cards.desk.add(text);
    await cards.pay('6.00EUR', { key: 'a' });
    await cards.reverse('a', 'refused');
    cards.pass(1000);
    await cards.pay('6.00EUR', { key: 'a' });
    await cards.pay('11.00EUR', { key: 'b', isAnew: true });
    await cards.pay('4.00EUR', { key: 'b', isAnew: true });
    expect((await replayed(text)).counts).toEqual({ services: 4, unchanged: 4, changed: {} });
  });

  test('takes what is reversed out when it was, in whatever order it was begun, over many pages; and ends when it is told to', async () => {
    const text = application([dailyTotal('10.00EUR')]);
    await cards.desk.add(text);
    for (const key of ['a', 'b', 'c']) await cards.pay('3.00EUR', { key });
    for (const key of ['c', 'a', 'b']) {
      cards.pass(1000);
      await cards.reverse(key);
      await cards.pay('3.00EUR', { key: `after ${key}` });
    }
    for (let more = 0; more < 600; more += 1) await cards.pay('3.00EUR');
    expect((await replayed(text)).counts).toEqual({ services: 606, unchanged: 606, changed: {} });
    expect((await replayed(application([dailyTotal('9.00EUR')], { version: 2 }))).counts).toMatchObject({ services: 606, unchanged: 606 });
    await expect(replayed(text, undefined, AbortSignal.abort())).rejects.toMatchObject({ code: 'interrupted' });
  });

  test('counts nothing that was only foreseen', async () => {
    const text = application([dailyTotal('10.00EUR')]);
    await cards.desk.add(text);
    await cards.desk.foresee(cards.attempt('6.00EUR', { key: 'a' }));
    cards.pass(1000);
    await cards.pay('6.00EUR', { key: 'b' });
    expect((await replayed(text)).counts).toEqual({ services: 2, unchanged: 2, changed: {} });
  });

  test('judges what was begun, and counts what was paid', async () => {
    const text = application([dailyTotal('10.00EUR'), { id: 'large', type: 'largest_amount', at_most: '9.00EUR' }]);
    await cards.desk.add(text);
    await cards.pay('9.00EUR', { key: 'a' });
    await cards.settle('a', parseAmount('1.00EUR'));
    await cards.pay('9.00EUR');
    expect((await replayed(text)).counts).toEqual({ services: 2, unchanged: 2, changed: {} });
    expect((await replayed(application([{ id: 'large', type: 'largest_amount', at_most: '5.00EUR' }]))).counts.changed).toEqual({ allow: { terminate: 2 } });
  });

  test('counts nothing that another application terminated, too', async () => {
    await cards.desk.add(application([dailyTotal('5.00EUR')]));
    await cards.desk.add(application([dailyTotal('5.00EUR')], { name: 'frugal' }));
    await cards.pay('6.00EUR');
    await cards.pay('5.00EUR');
    expect((await replayed(application([dailyTotal('10.00EUR')]))).counts).toEqual({ services: 2, unchanged: 1, changed: { terminate: { allow: 1 } } });
  });

  test('goes by what was drawn, confirmed and reversed', async () => {
    const text = application([{ id: 'often', type: 'velocity', lower: 0, upper: 100 }, dailyTotal('10.00EUR')]);
    await cards.desk.add(text);
    cards.draws(0.9, 0.0001, 0.5, 0.6);
    await cards.pay('6.00EUR', { key: 'a' });
    cards.pass(1);
    await cards.reverse('a', 'cancelled');
    cards.pass(1);
    await cards.pay('7.00EUR', { key: 'b' });
    await cards.confirm('b');
    cards.pass(1);
    await cards.pay('3.00EUR');
    expect((await replayed(text)).counts).toEqual({ services: 3, unchanged: 3, changed: {} });
  });
});
