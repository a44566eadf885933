import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { parseAmount } from '../../src/domain/money.ts';
import type { OpenTopUp, TopUpRequest } from '../../src/roles/ledger/ports.ts';
import { codeOf, type Holder, type MakeHarness, type RolesHarness } from './roles.harness.ts';

const page = { limit: 100 };
const euros = (text: string) => parseAmount(`${text}EUR`);
const hourMs = 3_600_000;

export function topUpsContract(name: string, make: MakeHarness): void {
  describe(`${name}: top-ups`, () => {
    let harness: RolesHarness;
    let admin: Holder;
    beforeAll(async () => {
      harness = await make();
      admin = await harness.hold('admin');
    });
    afterAll(() => harness.close());

    const newAccount = (currency = 'EUR') => admin.ledger.open({ name: randomUUID(), currency });
    const balanceOf = async (id: string) => (await admin.ledger.account(id)).balance;
    async function begin(text = '5.00', request: TopUpRequest = {}) {
      const account = await newAccount();
      const topUp = await admin.ledger.topUp(account.id, euros(text), { provider: 'stripe', ...request });
      return { account, topUp };
    }
    const paid = ({ reference }: OpenTopUp) => harness.provider.becomes(reference!, { state: 'succeeded' });
    /** While it fails. */
    async function failing<T>(error: LatchkeyError, work: () => Promise<T>): Promise<T> {
      harness.provider.error = error;
      try {
        return await work();
      } finally {
        harness.provider.error = undefined;
      }
    }

    test('the ledger’s own are posted at once', async () => {
      const account = await newAccount();
      const topUp = await admin.ledger.topUp(account.id, euros('3.00'), { memo: 'cash' });
      expect(topUp).toMatchObject({ provider: 'ledger', state: 'posted', accountId: account.id, amount: euros('3.00'), memo: 'cash', clientSecret: undefined });
      const [line] = (await admin.ledger.statement(account.id, page)).items;
      expect(line).toMatchObject({ posting: { id: topUp.postingId, kind: 'topup', memo: 'cash', actor: topUp.actor }, balance: 300n });
    });

    test('a provider’s waits for its payer, who gets a secret that is not kept', async () => {
      const { account, topUp } = await begin();
      expect(topUp).toMatchObject({ state: 'pending', reference: `pi_${topUp.id}`, clientSecret: `pi_${topUp.id}_secret`, postingId: undefined });
      expect(await balanceOf(account.id)).toBe(0n);
      const [listed] = (await admin.ledger.topUps({ accountId: account.id }, page)).items;
      expect(listed).not.toHaveProperty('clientSecret');
      const { clientSecret: _, ...kept } = topUp;
      expect(listed).toEqual(kept);
      expect(await admin.ledger.resumeTopUp(topUp.id)).toEqual(topUp);
    });

    test('the same key begins once, and gets the payer’s secret again', async () => {
      const account = await newAccount();
      const topUp = () => admin.ledger.topUp(account.id, euros('5.00'), { provider: 'stripe', idempotencyKey: `key-${account.id}` });
      const first = await topUp();
      expect(await topUp()).toEqual(first);
      expect((await admin.ledger.topUps({ accountId: account.id }, page)).items).toHaveLength(1);
      paid(first);
      expect(await topUp()).toMatchObject({ id: first.id, state: 'posted', clientSecret: undefined });
      const other = admin.ledger.topUp(account.id, euros('5.00'), { idempotencyKey: `key-${account.id}` });
      expect(await codeOf(other)).toBe('idempotency_mismatch');
    });

    test('is posted once, however often and by whomever the news comes', async () => {
      const { account, topUp } = await begin();
      const news = paid(topUp);
      const all = await Promise.all([...Array.from({ length: 6 }, () => harness.hear(news)), admin.ledger.resumeTopUp(topUp.id), admin.ledger.resumeTopUp(topUp.id)]);
      expect(new Set(all.map((each) => each?.postingId)).size).toBe(1);
      expect(await harness.hear(news)).toMatchObject({ state: 'posted' });
      expect(await balanceOf(account.id)).toBe(500n);
      expect((await admin.ledger.statement(account.id, page)).items).toHaveLength(1);
    });

    test('news of a failed try, late or early, changes nothing of the end', async () => {
      const { account, topUp } = await begin();
      const declined = harness.provider.becomes(topUp.reference!, { reason: 'card_declined' });
      expect(await harness.hear(declined)).toMatchObject({ state: 'pending', reason: 'stripe: card_declined' });
      expect(await admin.ledger.resumeTopUp(topUp.id)).toMatchObject({ clientSecret: topUp.clientSecret });
      expect(await harness.hear(paid(topUp))).toMatchObject({ state: 'posted', reason: undefined });
      expect(await harness.hear(declined)).toMatchObject({ state: 'posted', reason: undefined });
      expect(await harness.hear({ ...declined, state: 'failed' })).toMatchObject({ state: 'posted' });
      expect(await balanceOf(account.id)).toBe(500n);
    });

    test('what the provider gives up has failed, and money that comes all the same is posted', async () => {
      const { account, topUp } = await begin();
      const cancelled = harness.provider.becomes(topUp.reference!, { state: 'failed', reason: 'abandoned' });
      expect(await harness.hear(cancelled)).toMatchObject({ state: 'failed', reason: 'stripe: abandoned' });
      expect(await admin.ledger.resumeTopUp(topUp.id)).toMatchObject({ state: 'failed', clientSecret: undefined });
      expect(await balanceOf(account.id)).toBe(0n);
      expect(await harness.hear(paid(topUp))).toMatchObject({ state: 'posted' });
      expect(await balanceOf(account.id)).toBe(500n);
    });

    test('news that comes before the provider’s answer finds its top-up by the id', async () => {
      const { account, topUp } = await failing(new LatchkeyError('timed_out'), () => begin());
      expect(topUp).toMatchObject({ state: 'pending', reference: undefined, reason: 'timed_out' });
      const news = { reference: `pi_early_${topUp.id}`, state: 'succeeded', amount: euros('5.00'), topUpId: topUp.id } as const;
      expect(await harness.hear(news)).toMatchObject({ state: 'posted', reference: news.reference });
      expect(await balanceOf(account.id)).toBe(500n);
    });

    test('news of what is not here is passed over', async () => {
      const { account, topUp } = await begin();
      const foreign = { reference: 'pi_foreign', state: 'succeeded', amount: euros('5.00') } as const;
      expect(await harness.hear(foreign)).toBeUndefined();
      expect(await harness.hear({ ...foreign, topUpId: 'top_none' })).toBeUndefined();
      const own = await admin.ledger.topUp(account.id, euros('1.00'));
      expect(await harness.hear({ ...foreign, topUpId: own.id })).toBeUndefined();
      expect(harness.trouble.filter((each) => each.startsWith(topUp.id))).toEqual([]);
      // It says that it is for this one, which has another already.
      expect(await harness.hear({ ...foreign, topUpId: topUp.id })).toBeUndefined();
      expect(harness.trouble).toContain(`${topUp.id} topup_not_posted`);
      expect(await balanceOf(account.id)).toBe(100n);
    });

    test.each([
      ['less', { minor: 499n, currency: 'EUR' }],
      ['more', { minor: 501n, currency: 'EUR' }],
      ['another currency', { minor: 500n, currency: 'USD' }],
    ])('%s than was to be collected is not posted, and somebody hears of it', async (_, amount) => {
      const { account, topUp } = await begin();
      const news = harness.provider.becomes(topUp.reference!, { state: 'succeeded', amount });
      expect(await harness.hear(news)).toMatchObject({ state: 'refund_due', reason: 'amount_mismatch', postingId: undefined });
      expect(await harness.hear(news)).toMatchObject({ state: 'refund_due' });
      expect(await balanceOf(account.id)).toBe(0n);
      expect(harness.trouble.filter((each) => each === `${topUp.id} amount_mismatch`)).toHaveLength(1);
      const { items } = await admin.ledger.topUps({ state: 'refund_due' }, page);
      expect(items.map(({ id }) => id)).toContain(topUp.id);
    });

    test('what comes for an account that was closed meanwhile is not posted', async () => {
      const { account, topUp } = await begin();
      await admin.ledger.close(account.id);
      expect(await harness.hear(paid(topUp))).toMatchObject({ state: 'refund_due', reason: 'account_closed', postingId: undefined });
      expect(harness.trouble).toContain(`${topUp.id} account_closed`);
      const { items } = await admin.admin.auditEntries({ action: 'topup.refund_due' }, page);
      expect(items.map(({ detail }) => detail)).toContainEqual(
        { topup_id: topUp.id, account_id: account.id, provider: 'stripe', reference: topUp.reference, reason: 'account_closed' },
      );
    });

    test('a provider that does not answer leaves it pending, and it goes on later', async () => {
      const { account, topUp } = await failing(new LatchkeyError('remote_unreachable'), () => begin());
      expect(topUp).toMatchObject({ state: 'pending', reason: 'remote_unreachable', reference: undefined, clientSecret: undefined });
      const resumed = await admin.ledger.resumeTopUp(topUp.id);
      expect(resumed).toMatchObject({ state: 'pending', reason: undefined, clientSecret: `pi_${topUp.id}_secret` });
      paid(resumed);
      expect(await failing(new LatchkeyError('provider_refused'), () => admin.ledger.resumeTopUp(topUp.id))).toMatchObject({ state: 'pending', reason: 'provider_refused' });
      expect(await admin.ledger.resumeTopUp(topUp.id)).toMatchObject({ state: 'posted', reason: undefined });
      expect(await balanceOf(account.id)).toBe(500n);
    });

    test('what the provider refuses for good has failed', async () => {
      const { topUp } = await failing(new LatchkeyError('amount_not_collectable'), () => begin());
      expect(topUp).toMatchObject({ state: 'failed', reason: 'amount_not_collectable' });
    });

    test('is refused before anything is begun', async () => {
      const account = await newAccount();
      const franc = await newAccount('CHF');
      const before = harness.provider.asked.length;
      const topUp = (id: string, text: string) => codeOf(admin.ledger.topUp(id, parseAmount(text), { provider: 'stripe' }));
      expect(await topUp(franc.id, '5.00CHF')).toBe('amount_not_collectable');
      expect(await topUp(account.id, '5.00USD')).toBe('currency_mismatch');
      expect(await topUp('nobody', '5.00EUR')).toBe('account_not_found');
      await admin.ledger.close(account.id);
      expect(await topUp(account.id, '5.00EUR')).toBe('account_closed');
      expect(harness.provider.asked).toHaveLength(before);
      expect((await admin.ledger.topUps({ accountId: account.id }, page)).items).toEqual([]);
      expect(await codeOf(admin.ledger.resumeTopUp('top_none'))).toBe('topup_not_found');
    });

    test('of what nobody brings news of, the provider is asked, ever more seldom', async () => {
      while ((await harness.askForPending()) > 0);
      const { account, topUp } = await begin();
      expect(await harness.askForPending()).toBe(0);
      harness.clock.pass(hourMs);
      const before = harness.provider.asked.length;
      while ((await harness.askForPending()) > 0);
      expect(harness.provider.asked.slice(before)).toContain(topUp.reference);
      // At an hour's age the next time is at two.
      harness.clock.pass(hourMs / 2);
      while ((await harness.askForPending()) > 0);
      expect(harness.provider.asked.slice(before).filter((each) => each === topUp.reference)).toHaveLength(1);
      paid(topUp);
      harness.clock.pass(hourMs);
      while ((await harness.askForPending()) > 0);
      expect(await balanceOf(account.id)).toBe(500n);
    });

    test('several at once ask for each once, and who does not answer is not asked on and on', async () => {
      while ((await harness.askForPending()) > 0);
      await Promise.all([begin(), begin(), begin()]);
      harness.clock.pass(hourMs);
      const before = harness.provider.asked.length;
      await failing(new LatchkeyError('remote_unreachable'), () => harness.askForPending());
      expect(harness.provider.asked).toHaveLength(before + 1);
      harness.clock.pass(hourMs);
      const from = harness.provider.asked.length;
      await Promise.all(Array.from({ length: 4 }, () => harness.askForPending()));
      const asked = harness.provider.asked.slice(from);
      expect(asked.length).toBeGreaterThan(0);
      expect(new Set(asked).size).toBe(asked.length);
    });

    test('adds up with everything else', async () => {
      expect((await admin.ledger.verify()).findings).toEqual([]);
    });

    test('are the admins’', async () => {
      const pos = await harness.hold('pos');
      const { account, topUp } = await begin();
      const expected = harness.isRemote ? 'forbidden' : undefined;
      expect(await codeOf(pos.ledger.topUps({}, page))).toBe(expected);
      expect(await codeOf(pos.ledger.resumeTopUp(topUp.id))).toBe(expected);
      expect(await codeOf(pos.ledger.topUp(account.id, euros('1.00'), { provider: 'stripe' }))).toBe(expected);
    });
  });
}
