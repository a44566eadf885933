import { expect, test } from 'vitest';
import type { Posting } from '../../domain/posting.ts';
import type { LedgerRole } from '../../roles/ledger/ports.ts';
import type { PageRequest } from '../../roles/page.ts';
import { exportLedger } from './export-ledger.ts';

const account = { id: 'acc_1', kind: 'customer' as const, name: 'Anna', currency: 'EUR', cardReference: undefined, balance: 0n, held: 0n, credit: 0n, suspendedAt: undefined, openedAt: new Date(0), closedAt: undefined };

/** So many postings, on pages as large as they are asked for. */
function ledgerOf(count: number): Pick<LedgerRole, 'postings' | 'accounts'> {
  const posting = (number: number): Posting => ({
    id: `pst_${number}`, at: new Date(number), kind: 'topup', debitId: 'out_EUR', creditId: 'acc_1', amount: { minor: 1n, currency: 'EUR' }, paymentId: undefined, actor: 'local', memo: undefined,
  });
  return {
    async postings({ after = '0', limit }: PageRequest) {
      const begin = Number(after);
      const end = Math.min(count, begin + limit);
      return { items: Array.from({ length: end - begin }, (_, at) => posting(begin + at)), next: end < count ? String(end) : undefined };
    },
    accounts: async () => ({ items: [account], next: undefined }),
  };
}

const ledger = (count: number) => ledgerOf(count) as LedgerRole;
async function all(pieces: AsyncIterable<string>): Promise<string[]> {
  const read: string[] = [];
  for await (const piece of pieces) read.push(piece);
  return read;
}

const quietly = { counted: () => {}, silent: true, signal: new AbortController().signal };

test('all of the pages, oldest first, and how many there were', async () => {
  let written = 0;
  const pieces = await all(exportLedger(ledger(2_500), 'csv', { ...quietly, counted: (more) => void (written += more) }));
  const ids = pieces.join('').trim().split('\r\n').slice(1).map((line) => line.split(',')[0]);
  expect(ids).toEqual(Array.from({ length: 2_500 }, (_, number) => `pst_${number}`));
  expect([written, pieces.length]).toEqual([2_500, 4]);
});

test('a journal names its accounts behind its postings', async () => {
  const text = (await all(exportLedger(ledger(2), 'hledger', quietly))).join('');
  expect(text.indexOf('account liabilities:accounts:acc_1')).toBeGreaterThan(text.lastIndexOf('(pst_1)'));
});

test('ends at once when it is told to', async () => {
  const ended = AbortSignal.abort(new Error('enough'));
  await expect(all(exportLedger(ledger(1), 'csv', { ...quietly, signal: ended }))).rejects.toThrow('enough');
});
