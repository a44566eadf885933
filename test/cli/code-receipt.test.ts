import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '../../src/domain/account.ts';
import { parseReceiptText, readReceipt, receiptText, signReceipt } from '../../src/protocol/code-receipt.ts';
import { newEd25519 } from '../../src/protocol/ed25519.ts';
import { Counter } from './counter.ts';
import { identityCode, type Purse } from './purse.ts';
import { Site, ways } from './site.ts';

describe.each(ways)('a receipt in the hands of its payer, %s', (way) => {
  let site: Site;
  let purse: Purse;
  let counter: Counter;
  let account: Account;
  beforeAll(async () => {
    site = await Site.make(way);
    [purse, counter] = [await site.purse(), await Counter.make(site, { here: true })];
    account = await (await site.till()).account('100.00EUR');
    await purse.bind(account);
    await counter.json('code', 'trust', 'sync');
  });
  afterAll(async () => {
    await counter.close();
    await site.close();
  });

  /** A code of which one showing was accepted for so much. */
  async function accepted(amount: string, ...show: string[]): Promise<{ readonly id: string; readonly receipt: string }> {
    const issued = await purse.json(['code', 'issue', '--account', account.id, '--limit', '20.00EUR', '--max-each', '5.00EUR', '--uses', '4', '--valid', '1h', '--identity-code-file', '-'], identityCode);
    const id = issued['code_id'] as string;
    const { text } = await purse.json(['code', 'show', id, ...show]);
    await counter.json('code', 'trust', 'sync');
    const { receipt_text: receipt } = await counter.cli.json<{ receipt_text: string }>(['code', 'accept', '--amount', amount], { input: text as string });
    return { id, receipt };
  }
  const read = (receipt: string, ...more: string[]) => purse.json(['code', 'receipt', '-', ...more], receipt);
  const listed = async (id: string) => ((await purse.json(['code', 'list'])) as { codes: Record<string, any>[] }).codes.find((code) => code['code_id'] === id);

  test('is checked by what the server knows of the register, and its showing goes on counting as what it may cost', async () => {
    const { id, receipt } = await accepted('1.20EUR');
    const first = await read(receipt);
    expect(first).toMatchObject({ receipt_id: expect.stringMatching(/^rcp_[\w-]{43}$/), signature: 'valid', receipt: { code_id: id, counter: 1 } });
    expect(await read(receipt)).toEqual(first);
    expect(await listed(id)).toMatchObject({ amount_left: { minor: '1500' }, settled: { minor: '0' } });
    const { stdout } = await purse.run(['code', 'receipt', '-'], receipt);
    expect(stdout).toContain('valid: this register signed it');
  });

  test('by another key is refused', async () => {
    const { id, receipt } = await accepted('1.00EUR');
    const forged = receiptText(signReceipt(readReceipt(parseReceiptText(receipt)), newEd25519(randomBytes(32)).privateKey));
    const { code, stderr } = await purse.run(['code', 'receipt', '-', '--json'], forged);
    expect([code, JSON.parse(stderr)]).toEqual([4, expect.objectContaining({ code: 'receipt_signature_invalid' })]);
    expect(await listed(id)).toMatchObject({ amount_left: { minor: '1500' } });
  });

  if (way === 'server') {
    test('is read where nobody can be asked, which it says', async () => {
      const { id, receipt } = await accepted('1.00EUR');
      const result = await read(receipt, '--server', 'https://127.0.0.1:9');
      expect(result).toMatchObject({ signature: 'not_checked', not_checked_because: expect.stringMatching(/\.$/), receipt: { amount: { minor: '100' } } });
      expect(await purse.cli.json(['code', 'receipt', '-', '--profile', 'local'], { input: receipt })).toMatchObject({ signature: 'not_checked', not_checked_because: 'There is no server that could be asked.' });
      expect(await listed(id)).toMatchObject({ amount_left: { minor: '1500' } });
    });
  }
});
