import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createThumbprintListener } from '../../src/agent/thumbprint-listener.ts';
import type { Account } from '../../src/domain/account.ts';
import { amountText } from '../../src/domain/money.ts';
import type { Offer } from '../../src/domain/offer.ts';
import { parseQuantity } from '../../src/domain/quantity.ts';
import { jwkThumbprint, newAccessKey, parsePublicJwk, publicJwkOf, sealAccessCode } from '../../src/protocol/access-code.ts';
import { ThumbprintDesk } from '../../src/roles/sharer/thumbprint-desk.ts';
import { accessCode } from '../contract/share-parties.ts';
import { jsonWith } from './command-line.ts';
import { identityCode, type Purse } from './purse.ts';
import { Site, ways } from './site.ts';
import { atTerminal } from './terminal.ts';
import type { TestSharer } from './test-sharer.ts';
import type { Till } from './till.ts';

describe.each(ways)('a guest of a shared network, %s', (way) => {
  let site: Site;
  let till: Till;
  let purse: Purse;
  let sharer: TestSharer;
  beforeAll(async () => {
    site = await Site.make(way);
    [till, purse] = [await site.till(), await site.purse()];
    sharer = await till.sharer();
  });
  afterAll(() => site.close());

  let own: Account | undefined;
  /** Whose terminal this is, with 20.00EUR: one for all, for a terminal gets ten verification codes a day. */
  async function payer(): Promise<Account> {
    if (own === undefined) {
      own = await till.account('20.00EUR');
      await purse.bind(own);
    }
    const [balance] = await moneyOf(own);
    if (balance! < 2000n) await till.topUp(own, amountText({ minor: 2000n - balance!, currency: 'EUR' }));
    return own;
  }
  const ask = (account: Account, offerId: string, ...args: string[]) =>
    ['share', 'request', offerId, '--buy', '200MB', '--account', account.id, '--max-fee', '5.00EUR', '--identity-code-file', '-', ...args];
  async function refusal(args: readonly string[], input = identityCode): Promise<Record<string, any>> {
    const { code, stdout, stderr } = await purse.run([...args, '--json'], input);
    expect(stdout).toBe('');
    const error = JSON.parse(stderr.trimEnd().split('\n').at(-1)!) as Record<string, any>;
    expect(error['exit']).toBe(code);
    return error;
  }
  const moneyOf = async (account: Account) => {
    const { balance, held } = await till.balance(account);
    return [balance, held];
  };

  test('asks, pays, gets the password, and the sharer has the money', async () => {
    const [account, offer] = [await payer(), await sharer.offer()];
    const asking = purse.json(ask(account, offer.id), identityCode);
    await sharer.deliver(offer);
    const access = await asking;
    expect(access).toMatchObject({
      request: { state: 'active', fee: { minor: '200', currency: 'EUR' }, quantity: '200MB' },
      credential: { ssid: accessCode.ssid, password: accessCode.password, security: accessCode.security },
    });
    expect(await moneyOf(account)).toEqual([1800n, 0n]);
    // The same again is the same: nothing is paid twice.
    expect(await purse.json(ask(account, offer.id), identityCode)).toEqual(access);
    expect(await purse.json(['share', 'request', '--resume', access['request'].request_id])).toEqual(access);
    expect(await moneyOf(account)).toEqual([1800n, 0n]);
  });

  /** Access that was bought, and is in use. */
  async function bought(account: Account, terms: Parameters<TestSharer['offer']>[0] = {}, of: Parameters<TestSharer['offer']>[1] = {}) {
    const offer = await sharer.offer(terms, of);
    const asking = purse.json(ask(account, offer.id), identityCode);
    await sharer.deliver(offer);
    const { request } = await asking;
    return { offer, id: request.request_id as string, request: await sharer.sharing.show(request.request_id as string) };
  }

  test('who is refused has the money back, and asks anew', async () => {
    const [account, offer] = [await payer(), await sharer.offer()];
    const refused = refusal(ask(account, offer.id));
    const { id } = await sharer.request(offer, 'held');
    expect(await moneyOf(account)).toEqual([2000n, 200n]);
    await sharer.sharing.refuse(id, 'full today');
    expect(await refused).toMatchObject({ code: 'share_refused', exit: 4, message: expect.stringMatching(/"full today"\. The money is back\.$/) });
    expect(await moneyOf(account)).toEqual([2000n, 0n]);
    const again = purse.json(ask(account, offer.id), identityCode);
    await sharer.deliver(offer);
    expect(await again).toMatchObject({ request: { state: 'active' } });
  });

  test('whom nobody answers has the money back in the time that the offer states', async () => {
    const [account, offer] = [await payer(), await sharer.offer({ answerMs: 10_000 })];
    const expired = await refusal(ask(account, offer.id, '--idempotency-key', `silent-${way}`));
    expect(expired).toMatchObject({ code: 'share_expired', exit: 8, message: expect.stringMatching(/did not answer in time\. The money is back\.$/) });
    expect(await moneyOf(account)).toEqual([2000n, 0n]);
    // By its key it stays what it came to.
    expect(await refusal(ask(account, offer.id, '--idempotency-key', `silent-${way}`))).toEqual(expired);
  });

  test('waiting is bounded, and goes on later', async () => {
    const [account, offer] = [await payer(), await sharer.offer()];
    expect(await refusal(ask(account, offer.id, '--timeout', '4s'))).toMatchObject({ code: 'timed_out', exit: 8, hint: expect.stringContaining('share cancel') });
    const { id } = await sharer.request(offer, 'held');
    expect(await purse.json(['share', 'usage', id])).toMatchObject({ request: { state: 'held' } });
    expect(await purse.json(['share', 'request', '--resume', id, '--no-wait'])).toMatchObject({ request: { state: 'held' } });
    const going = purse.json(['share', 'request', '--resume', id]);
    await sharer.deliver(offer);
    expect(await going).toMatchObject({ request: { request_id: id, state: 'active' }, credential: { password: accessCode.password } });
    expect(await moneyOf(account)).toEqual([1800n, 0n]);
  });

  test('nothing is paid that nobody said yes to', async () => {
    const [account, offer] = [await payer(), await sharer.offer()];
    const dear = ['share', 'request', offer.id, '--buy', '500MB', '--account', account.id, '--identity-code-file', '-'];
    expect(await refusal(dear)).toMatchObject({ code: 'missing_input', exit: 2, message: expect.stringContaining('--max-fee') });
    expect(await refusal([...dear, '--max-fee', '4.99EUR'])).toMatchObject({ code: 'fee_too_high', exit: 4, message: expect.stringContaining('5.00 EUR') });
    expect(await refusal([...dear, '--max-fee', '500JPY'])).toMatchObject({ code: 'fee_too_high', exit: 4 });
    expect(await moneyOf(account)).toEqual([2000n, 0n]);
    expect((await purse.json(['share', 'history', '--guest'])).items.filter((each: any) => each.offer_id === offer.id).map(({ state }: any) => state)).toEqual(['cancelled', 'cancelled']);
  });

  test('at a terminal the fee is asked, and at a no nothing is paid', async () => {
    const [account, offer] = [await payer(), await sharer.offer()];
    const args = ['share', 'request', offer.id, '--buy', '200MB', '--account', account.id];
    const no = atTerminal(purse.cli, args, purse.env);
    await no.shows('200MB for 2.00 EUR: hold it now? If nothing comes of it, it is back within');
    no.type('n\r');
    expect(await no.code).toBe(130);
    expect(await sharer.request(offer, 'cancelled')).toMatchObject({ paymentId: undefined });
    const yes = atTerminal(purse.cli, args, purse.env);
    await yes.shows('hold it now?');
    yes.type('y\r');
    await yes.shows('Identity code:');
    yes.type(`${identityCode}\r`);
    await yes.shows(/2\.00 EUR are held\. Waiting for the sharer until/);
    const { id } = await sharer.deliver(offer);
    await yes.shows(accessCode.password);
    expect(await yes.code).toBe(0);
    expect(yes.screen()).not.toContain(identityCode);
    expect(await moneyOf(account)).toEqual([1800n, 0n]);

    const using = atTerminal(purse.cli, ['share', 'use', id, '--interface', 'lo', '--every', '300ms'], purse.env);
    await using.shows(/used .* of 200 MB/);
    await sharer.sharing.warn(id, { threshold: '80%', left: parseQuantity('40MB') });
    await using.shows('Running low: 40.0 MB left. Buy 200MB more?');
    using.type('n\r');
    await sharer.sharing.warn(id, { threshold: '95%', left: parseQuantity('10MB') });
    await using.shows('Running low: 10.0 MB left. Buy 200MB more?');
    using.type('\u0003');
    expect(await using.code).toBe(130);
    const end = atTerminal(purse.cli, ['share', 'end', id], purse.env);
    await end.shows(/End the access now\? By what was counted so far, [\d.]+ EUR go back\./);
    end.type('y\r');
    expect(await end.code).toBe(0);
    expect((await sharer.sharing.usage(id)).guest?.isFinal).toBe(true);
  });

  // Where all is on one machine there is no server to be away.
  if (way === 'server') {
    test('waits for a server that is away, and goes on', async () => {
      const [account, offer] = [await payer(), await sharer.offer()];
      const asking = purse.cli.start(ask(account, offer.id), { env: purse.env, input: identityCode });
      await sharer.request(offer, 'held');
      await site.server!.stop();
      await sharer.deliver(offer);
      await vi.waitUntil(() => asking.errors().includes('Trying again.'), { timeout: 20_000 });
      await site.server!.startAgain();
      expect(await asking.ended).toMatchObject({ code: 0, stdout: expect.stringContaining(accessCode.password) });
      expect(await moneyOf(account)).toEqual([1800n, 0n]);
    });
  }

  test('a wrong identity code pays nothing, and the same command goes on with the right one', async () => {
    const [account, offer] = [await payer(), await sharer.offer()];
    expect(await refusal(ask(account, offer.id), 'wrong code')).toMatchObject({ code: 'password_wrong', exit: 4 });
    const asking = purse.json(ask(account, offer.id, '--no-wait'), identityCode);
    expect(await asking).toMatchObject({ request: { state: 'held' } });
    const { items } = await purse.json(['share', 'history', '--guest']);
    expect(items.filter((each: any) => each.offer_id === offer.id)).toHaveLength(1);
    await purse.json(['share', 'cancel', items[0].request_id]);
    expect(await moneyOf(account)).toEqual([2000n, 0n]);
    expect(await refusal(['share', 'request', '--resume', items[0].request_id])).toMatchObject({ code: 'share_cancelled', exit: 5 });
  });

  test('a code that is sealed to another key is found out, and the money goes back', async () => {
    const [account, offer] = [await payer(), await sharer.offer()];
    const asking = refusal(ask(account, offer.id));
    await sharer.deliver(offer, publicJwkOf(newAccessKey()));
    expect(await asking).toMatchObject({ code: 'access_code_invalid', exit: 4, message: expect.stringContaining('The money goes back.') });
    expect(await moneyOf(account)).toEqual([2000n, 0n]);
  });

  test('killed at whatever step, the same command goes on, and it is paid once', async () => {
    const account = await payer();
    for (const state of ['priced', 'held', 'approved', 'ready'] as const) {
      const offer = await sharer.offer();
      // Nobody writes into a pipe: it waits for the identity code.
      const from = state === 'priced' ? pipe() : '-';
      const args = ask(account, offer.id).map((arg) => (arg === '-' ? from : arg));
      const first = purse.cli.start(args, { env: purse.env, input: identityCode });
      const { id, jwk } = await sharer.request(offer, state === 'priced' ? 'priced' : 'held');
      if (state === 'approved') await sharer.sharing.approve(id);
      if (state !== 'ready') first.kill('SIGKILL');
      await (state === 'ready' ? undefined : first.ended);
      if (state === 'ready') {
        first.kill('SIGSTOP');
        await sharer.sharing.approve(id);
        await sharer.sharing.respond(id, await sealAccessCode(accessCode, parsePublicJwk(jwk!), id));
        first.kill('SIGKILL');
        await first.ended;
      }
      const again = purse.json(ask(account, offer.id), identityCode);
      if (state === 'priced' || state === 'held') await sharer.deliver(offer);
      if (state === 'approved') await sharer.sharing.respond(id, await sealAccessCode(accessCode, parsePublicJwk(jwk!), id));
      expect(await again).toMatchObject({ request: { request_id: id, state: 'active' }, credential: { password: accessCode.password } });
    }
    expect(await moneyOf(account)).toEqual([1200n, 0n]);
  });

  test('is told of what is used and left, has more bought up to a limit, and of what it came to', async () => {
    const account = await payer();
    const { id, request } = await bought(account);
    const code = purse.cli.file(`code-${way}`, identityCode);
    const using = purse.cli.start(
      ['share', 'use', id, '--interface', 'lo', '--every', '300ms', '--auto-topup', '100MB', '--auto-topup-max', '1.50EUR', '--identity-code-file', code, '--on-low', `sh -c "echo $LATCHKEY_REQUEST_ID > low-${way}"`, '--json'],
      { env: purse.env },
    );
    await using.line(jsonWith('event', 'usage'));
    await sharer.sharing.warn(id, { threshold: '80%', left: parseQuantity('40MB') });
    expect(await using.line(jsonWith('event', 'low'))).toMatchObject({ threshold: '80%', remaining: '40MB', request: { request_id: id } });
    const increase = await sharer.request({ id: request.offerId } as Offer, 'held', 'increase');
    await sharer.sharing.approve(increase.id);
    expect(await using.line(jsonWith('event', 'increased'))).toMatchObject({ increase_id: increase.id, quantity: '100MB', grant: { quota_bytes: '300000000' } });
    // 0.50 EUR are left of the limit, and that buys nothing.
    await sharer.sharing.warn(id, { threshold: '95%', left: parseQuantity('10MB') });
    await vi.waitUntil(() => using.errors().includes('No more was bought'), { timeout: 10_000 });
    await sharer.sharing.end(id);
    const ending = (await sharer.sharing.show(id)).state;
    expect(ending).toBe('ending');
    await vi.waitUntil(async () => (await sharer.sharing.usage(id)).guest?.isFinal === true, { timeout: 10_000 });
    const { guest } = await sharer.sharing.usage(id);
    await sharer.read(await sharer.sharing.show(id), { bytesIn: guest!.bytesIn, bytesOut: guest!.bytesOut }, true);
    const { code: exit, stdout } = await using.ended;
    expect(exit).toBe(0);
    const events = stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, any>);
    expect(events.at(-1)).toMatchObject({ event: 'ended', request: { state: 'ended' }, cost: { currency: 'EUR' }, returned: { currency: 'EUR' } });
    const { cost, returned } = events.at(-1)!;
    expect(BigInt(cost.minor) + BigInt(returned.minor)).toBe(300n);
    expect(await moneyOf(account)).toEqual([2000n - BigInt(cost.minor), 0n]);
    expect(readFileSync(join(purse.cli.folder, `low-${way}`), 'utf8').trim()).toBe(id);
  });

  test('buys more by hand, ends early, and what is unused goes back', async () => {
    const account = await payer();
    const { id, offer } = await bought(account, {}, { isEnforced: false });
    const more = purse.json(['share', 'topup', id, '--buy', '100MB', '--max-fee', '1.00EUR', '--identity-code-file', '-'], identityCode);
    await sharer.sharing.approve((await sharer.request(offer, 'held', 'increase')).id);
    expect(await more).toMatchObject({ kind: 'increase', access_id: id, state: 'active', fee: { minor: '100' } });
    expect(await refusal(['share', 'usage'])).toMatchObject({ code: 'missing_input', exit: 2 });
    expect(await purse.json(['share', 'usage', id])).toMatchObject({ request: { request_id: id }, grant: { quota_bytes: '300000000' }, left: '300000000B' });
    expect(await refusal(['share', 'end', id])).toMatchObject({ code: 'missing_input', exit: 2, message: expect.stringMatching(/nothing was yet.*--yes/) });
    expect(await purse.json(['share', 'end', id, '--yes'])).toMatchObject({ request_id: id, state: 'ending' });
    expect(await refusal(['share', 'topup', id, '--buy', '100MB', '--yes', '--identity-code-file', '-'])).toMatchObject({ code: 'share_request_over', exit: 5 });
  });

  test('the other side’s key is compared on the network, and a server that put in its own is found out', async () => {
    const account = await payer();
    for (const isSame of [true, false]) {
      const { id } = await bought(account);
      const { jwk } = await sharer.sharing.show(id);
      const thumbprint = await jwkThumbprint(isSame ? parsePublicJwk(jwk!) : newAccessKey());
      const desk = new ThumbprintDesk({ accessPoint: { credential: async () => ({ ...accessCode, security: 'wpa3-sae' }) }, sealed: { find: () => ({ grantId: 'grt_guest', thumbprint }) } });
      const listener = createThumbprintListener({ desk, log: () => {} });
      const at = `127.0.0.1:${await listener.listen(0, '127.0.0.1')}`;
      const before = await moneyOf(account);
      try {
        const args = ['share', 'request', '--resume', id, '--sharer', at];
        if (isSame) {
          expect(await purse.json(args)).toMatchObject({ compared: 'same', request: { state: 'active' } });
        } else {
          expect(await refusal(args)).toMatchObject({ code: 'access_code_mismatch', exit: 4 });
          expect(await sharer.sharing.show(id)).toMatchObject({ state: 'ended', reason: 'key_mismatch', returned: 200n });
          expect(await moneyOf(account)).toEqual([before[0]! + 200n, 0n]);
        }
      } finally {
        await listener.close();
      }
    }
  });

  test('both sides see what was bought and earned, and there is a page of it', async () => {
    const account = await payer();
    const { id, offer } = await bought(account, {}, { isEnforced: true });
    const { items } = await purse.json(['share', 'history', '--guest', '--network', offer.networkId]);
    expect(items).toMatchObject([{ request_id: id, state: 'active' }]);
    await purse.bind(sharer.account);
    await sharer.read(await sharer.sharing.show(id), { bytesIn: 1_000_000n, bytesOut: 20_000_000n });
    const earned = { network_id: offer.networkId, sales: 1, sold: { minor: '200', currency: 'EUR' }, returned: { minor: '0', currency: 'EUR' }, earned: { minor: '200', currency: 'EUR' } };
    expect(await purse.json(['share', 'earnings', '--network', offer.networkId, '--zone', 'UTC'])).toMatchObject({ zone: 'UTC', items: [{ month: new Date().toISOString().slice(0, 7), ...earned }] });
    expect(await purse.json(['share', 'earnings', '--network', offer.networkId, '--to', '2026-01-01'])).toMatchObject({ items: [] });
    expect(await refusal(['share', 'earnings', '--from', '2026-02-01', '--to', '2026-01-01'])).toMatchObject({ code: 'invalid_input', exit: 2 });
    expect((await purse.run(['share', 'earnings', '--network', offer.networkId])).stdout).toMatch(/^MONTH +NETWORK +SALES +SOLD +EARNED\n20\d\d-\d\d +net_\S+ +1 +2\.00 EUR +2\.00 EUR\n$/);
    expect((await purse.run(['share', 'history', '--sharer', '--network', offer.networkId])).stdout).toContain(id);
    const file = join(purse.cli.folder, `report-${way}.html`);
    expect(await purse.json(['share', 'report', '--html', file, '--network', offer.networkId])).toMatchObject({ file, sales: 1 });
    const page = readFileSync(file, 'utf8');
    expect(page).toMatch(/<dt>earned<\/dt><dd>2\.00&nbsp;EUR<\/dd>/);
    expect(page).toMatch(/<dt>traffic<\/dt><dd>21\.0 MB<\/dd>/);
    expect(page).toContain(account.id);
    expect(page).not.toMatch(/<script|https?:/);
    expect(await refusal(['share', 'report', '--html', file])).toMatchObject({ code: 'file_exists' });
    expect(await refusal(['share', 'report', '--html', '-'])).toMatchObject({ code: 'invalid_input', exit: 2 });
    expect(await refusal(['share', 'report', '--html', `${file}.other`, '--network', 'net_none'])).toMatchObject({ code: 'network_not_found', exit: 3 });
  });

  test('what makes no sense has its own words', async () => {
    const account = await payer();
    const offer = await sharer.offer();
    const said = async (args: string[], code: string, exit: number) => expect(await refusal(args)).toMatchObject({ code, exit });
    await said(['share', 'request'], 'missing_input', 2);
    await said(['share', 'request', offer.id], 'missing_input', 2);
    await said(['share', 'request', 'off_none', '--buy', '100MB', '--yes', '--account', account.id], 'offer_not_found', 3);
    await said(['share', 'request', 'no offer', '--buy', '100MB', '--yes'], 'invalid_input', 2);
    await said(['share', 'request', offer.id, '--buy', 'lots', '--yes'], 'invalid_input', 2);
    await said(['share', 'request', offer.id, '--buy', '2h', '--yes', '--account', account.id], 'metric_mismatch', 5);
    await said(['share', 'request', offer.id, '--buy', '100MB', '--yes', '--account', 'nobody'], 'not_bound', 4);
    await said(['share', 'request', offer.id, '--buy', '100MB', '--yes', '--join', 'wpa_supplicant'], 'missing_input', 2);
    await said(['share', 'request', offer.id, '--buy', '100MB', '--yes', '--join', 'wpa_supplicant', '--interface', 'wlan99'], 'interface_not_found', 3);
    await said(['share', 'request', offer.id, '--buy', '100MB', '--yes', '--join', 'wpa_supplicant', '--interface', 'lo'], 'wifi_unavailable', 6);
    await said(['share', 'request', '--resume', 'srq_none'], 'share_request_not_found', 3);
    await said(['share', 'request', offer.id, '--buy', '100MB', '--yes', '--sharer', 'no address'], 'invalid_input', 2);
    await said(['share', 'usage', 'srq_none'], 'share_request_not_found', 3);
    await said(['share', 'topup', 'srq_none', '--buy', '100MB', '--yes'], 'share_request_not_found', 3);
    await said(['share', 'topup', 'srq_none', '--buy', '100MB'], 'missing_input', 2);
    await said(['share', 'cancel', 'srq_none'], 'share_request_not_found', 3);
    await said(['share', 'end', 'srq_none'], 'share_request_not_found', 3);
    await said(['share', 'use', 'srq_none'], 'share_request_not_found', 3);
    await said(['share', 'use', '--auto-topup', '100MB'], 'invalid_input', 2);
    await said(['share', 'use', '--on-low', '"unbalanced'], 'invalid_input', 2);
  });
});

/** One that nobody writes into. */
function pipe(): string {
  const path = join(mkdtempSync(join(tmpdir(), 'latchkey-pipe-')), 'code');
  execFileSync('mkfifo', [path]);
  return path;
}
