import { afterEach, beforeEach, expect, test } from 'vitest';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { parseAmount } from '../../src/domain/money.ts';
import type { SettlementOutcome } from '../../src/domain/credit-code.ts';
import { receiptIdOf } from '../../src/protocol/code-receipt.ts';
import { CodeAcceptance } from '../../src/roles/codes/acceptance.ts';
import type { AcceptedCode, SettlementReply } from '../../src/roles/codes/ports.ts';
import { settleAccepted } from '../../src/roles/codes/settle-accepted.ts';
import { openAcceptanceStore, type AcceptanceStore } from '../../src/storage/acceptance-store.ts';
import { Issuer, newKey, payeeId } from './issuer.ts';

const start = new Date('2026-11-30T10:00:00Z');
const clock = { now: () => start };
let store: AcceptanceStore;
let issuer: Issuer;

beforeEach(async () => {
  issuer = new Issuer();
  store = await openAcceptanceStore({ path: ':memory:' });
  await store.keepTrust(issuer.trustList(start));
});

afterEach(() => store.close());

async function accept(count: number, validMs = 3_600_000, journal = store): Promise<void> {
  const acceptance = new CodeAcceptance({
    register: { id: 'tok_register', payeeId, currency: 'EUR' }, journal, receiptKey: newKey().privateKey, clock,
    rules: { bindAbove: undefined, trustWarnMs: 1e9, trustMaxMs: 1e9 },
  });
  const wallet = issuer.wallet(start, { maxTotal: 100_000n, uses: count, expiresAt: new Date(start.getTime() + validMs) });
  for (let counter = 1; counter <= count; counter += 1) {
    const { refusal } = await acceptance.accept({ text: wallet.shows(counter, start), amount: parseAmount('1.00EUR') });
    expect(refusal).toBe(undefined);
  }
}

/** A server that answers as it is told, once for each receipt. */
class Server {
  readonly brought: string[][] = [];
  readonly known = new Map<string, SettlementReply>();
  outcome: (number: number) => SettlementOutcome = () => 'settled';
  /** Does it, and then the answer is lost. */
  losesReply = false;
  batches = Infinity;

  async settle(accepted: readonly AcceptedCode[]): Promise<readonly SettlementReply[]> {
    if (this.batches <= 0) throw new LatchkeyError('remote_unreachable');
    this.batches -= 1;
    const ids = accepted.map(({ receipt }) => receiptIdOf(receipt));
    this.brought.push(ids);
    for (const id of ids) {
      const outcome = this.outcome(this.known.size);
      if (!this.known.has(id)) this.known.set(id, { id, outcome, reason: outcome === 'settled' ? undefined : `it is ${outcome}` });
    }
    if (this.losesReply) throw new LatchkeyError('timed_out');
    return ids.map((id) => this.known.get(id)!);
  }
}

test('everything is brought, the most urgent first, in batches', async () => {
  await accept(3);
  await accept(2, 60_000);
  const server = new Server();
  const urgent = store.unsettled(2).map(({ signedReceipt }) => receiptIdOf(signedReceipt));
  const { counts, disputed } = await settleAccepted({ codes: server, journals: [store], clock, batch: 2 });
  expect(counts).toEqual({ settled: 5, duplicate: 0, over_limit: 0, late: 0, rejected: 0 });
  expect(disputed).toEqual([]);
  expect(server.brought.map((each) => each.length)).toEqual([2, 2, 1]);
  expect(server.brought[0]).toEqual(urgent);
  expect(store.waiting()).toEqual({ count: 0, settleBy: undefined });
  expect(store.sums({ from: start, to: new Date(start.getTime() + 1) })).toEqual([{ currency: 'EUR', outcome: 'settled', count: 5, minor: 500n }]);
});

test('what did not come to be settled is told with its reason, and kept', async () => {
  await accept(4);
  const server = new Server();
  server.outcome = (number) => (['settled', 'duplicate', 'over_limit', 'rejected'] as const)[number]!;
  const { counts, disputed } = await settleAccepted({ codes: server, journals: [store], clock });
  expect(counts).toEqual({ settled: 1, duplicate: 1, over_limit: 1, late: 0, rejected: 1 });
  expect(disputed.map(({ settled }) => settled?.reason)).toEqual(['it is duplicate', 'it is over_limit', 'it is rejected']);
  expect(store.ofCounter(disputed[0]!.receipt.tokenId, disputed[0]!.receipt.counter)?.settled).toEqual({ outcome: 'duplicate', reason: 'it is duplicate', at: start });
});

test('what was answered before the server went away is not brought again, and the rest is', async () => {
  await accept(5);
  const server = new Server();
  server.batches = 1;
  await expect(settleAccepted({ codes: server, journals: [store], clock, batch: 2 })).rejects.toMatchObject({
    code: 'remote_unreachable', message: expect.stringContaining('2 of the accepted codes were settled by this, and none is lost.') as string,
  });
  expect(store.waiting().count).toBe(3);
  server.batches = Infinity;
  await settleAccepted({ codes: server, journals: [store], clock, batch: 2 });
  const all = server.brought.flat();
  expect(new Set(all).size).toBe(all.length);
  expect(store.waiting().count).toBe(0);
});

test('a reply that is lost changes nothing: the same is brought again, and has the same answer', async () => {
  await accept(2);
  const server = new Server();
  server.losesReply = true;
  await expect(settleAccepted({ codes: server, journals: [store], clock })).rejects.toMatchObject({ code: 'timed_out' });
  expect(store.waiting().count).toBe(2);
  server.losesReply = false;
  expect((await settleAccepted({ codes: server, journals: [store], clock })).counts.settled).toBe(2);
  expect(server.brought[1]).toEqual(server.brought[0]);
});

test('what an earlier register accepted is settled, too, and counted with the rest', async () => {
  const earlier = await openAcceptanceStore({ path: ':memory:' });
  await earlier.keepTrust(issuer.trustList(start));
  await accept(3, undefined, earlier);
  await accept(1);
  const server = new Server();
  expect((await settleAccepted({ codes: server, journals: [earlier, store], clock })).counts.settled).toBe(4);
  expect([earlier.waiting().count, store.waiting().count]).toEqual([0, 0]);
  earlier.close();
});

test('an outcome that is known stays, whoever settles beside', async () => {
  await accept(1);
  const server = new Server();
  const codes = {
    async settle(accepted: readonly AcceptedCode[]) {
      await settleAccepted({ codes: server, journals: [store], clock });
      return (await server.settle(accepted)).map((reply) => ({ ...reply, outcome: 'late' as const, reason: 'later' }));
    },
  };
  await settleAccepted({ codes, journals: [store], clock });
  expect(store.sums({ from: start, to: new Date(start.getTime() + 1) })).toMatchObject([{ outcome: 'settled', count: 1 }]);
});

test('a reply for other receipts is none', async () => {
  await accept(2);
  const server = new Server();
  const codes = { settle: async (accepted: readonly AcceptedCode[]) => (await server.settle(accepted)).toReversed() };
  await expect(settleAccepted({ codes, journals: [store], clock })).rejects.toMatchObject({ code: 'bad_reply' });
  expect(store.waiting().count).toBe(2);
});
