import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '../../src/domain/account.ts';
import { accessCode } from '../contract/share-parties.ts';
import { identityCode, type Purse } from './purse.ts';
import { Site, ways } from './site.ts';
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

  /** Somebody with 20.00EUR whose terminal this is. */
  async function payer(): Promise<Account> {
    const account = await till.account('20.00EUR');
    await purse.bind(account);
    return account;
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
});
