import { available } from '../../domain/account.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { endReasons, owedAgainMs, type ShareRequest } from '../../domain/share-request.ts';
import { recordedActor } from '../../domain/token.ts';
import type { NewPosting } from '../ledger/store.ts';
import { newId, type ServiceContext } from '../service-context.ts';
import { countOf, isDisputed } from './counting.ts';
import { expire } from './giving-up.ts';
import { captureHold, releaseHold } from './holding.ts';
import type { News } from './news.ts';
import { inTransaction, move, record } from './transition.ts';
import { isUndelivered, unusedOf, type Back } from './unused.ts';

/** Settles one that is over; undefined if it is settled already. */
export async function settle(context: ServiceContext, accessId: string): Promise<ShareRequest | undefined> {
  try {
    return await inTransaction(context, (within, news) => settleAll(within, accessId, news));
  } catch (error) {
    // What is still held can be paid no more.
    if (error instanceof LatchkeyError && ['account_closed', 'account_full', 'share_request_over'].includes(error.code)) {
      return expire(context, accessId, error.code === 'share_request_over' ? endReasons.uncollected : endReasons.payeeClosed, ['ending']);
    }
    throw error;
  }
}

/** What was bought of one grant, in the transaction. Errors, after which that is lost: those of `captureHold`, where it was given up uncollected. */
export async function settleAll(context: ServiceContext, accessId: string, news: News): Promise<ShareRequest | undefined> {
  const { store, clock } = context;
  // From its row on nobody reads anything more of it.
  const found = await store.shareRequests.change(accessId, ['ending'], { state: 'ending' });
  if (found === undefined) {
    return undefined;
  }
  const grant = (await store.grants.find(found.grantId!))!;
  const count = await countOf(store, grant);
  const isHeld = found.paidAt === undefined;
  if (isHeld && isUndelivered(found, count)) {
    const cancelled = (await move(context, found, ['ending'], { state: 'cancelled', dueAt: undefined }))!;
    await releaseHold(context, cancelled, cancelled.reason!);
    news.add('both', 'request.settled', cancelled, { returned: '0', owed: '0', currency: cancelled.fee.currency });
    return cancelled;
  }
  const access = (await move(context, found, ['ending'], { state: 'ended', dueAt: undefined }))!;
  const purchases: ShareRequest[] = [];
  for (const request of (await store.shareRequests.ofGrant(access.grantId!)).toReversed()) {
    const ended = request.id === accessId ? access : await move(context, request, ['ending'], { state: 'ended', dueAt: undefined });
    if (ended !== undefined) purchases.push(ended);
  }
  const backs = unusedOf(purchases, grant, count);
  if (isHeld) {
    await captureHold(context, access);
    await store.shareRequests.change(accessId, ['ended'], { state: 'ended', paidAt: clock.now() });
  }
  const settled = await giveBack(context, backs);
  if (isDisputed(count)) {
    await record(context, 'share.disputed', access, { grant_id: grant.id });
    news.add('both', 'meters.differ', access);
  }
  const sum = (of: (request: ShareRequest) => bigint) => settled.reduce((total, request) => total + of(request), 0n).toString();
  news.add('both', 'request.settled', access, { returned: sum(({ returned }) => returned), owed: sum(({ owed }) => owed), currency: access.fee.currency });
  return settled.find(({ id }) => id === accessId)!;
}

/** Tries again to give back what is owed; true if nothing is any more. */
export async function payOwed(context: ServiceContext, id: string): Promise<boolean> {
  return inTransaction(context, async (within, news) => {
    const { shareRequests } = within.store;
    const request = await shareRequests.change(id, ['ended'], { state: 'ended', dueAt: undefined });
    if (request === undefined || request.owed === 0n) {
      return true;
    }
    const [paid] = await giveBack(within, [{ request, minor: request.owed }]);
    if (paid!.returned > request.returned) {
      news.add('both', 'request.settled', paid!, { returned: paid!.returned.toString(), owed: paid!.owed.toString(), currency: paid!.fee.currency });
    }
    return paid!.owed === 0n;
  });
}

/** All of one guest's with one sharer. What the sharer's account lacks is owed. */
async function giveBack(context: ServiceContext, backs: readonly Back[]): Promise<ShareRequest[]> {
  const { store, clock, actor } = context;
  // Their rows before those of the accounts, as everywhere.
  const refundable = new Map<string, bigint>();
  for (const { request: { paymentId } } of backs) {
    const payment = paymentId === undefined ? undefined : await store.payments.refund(paymentId, 0n);
    if (payment !== undefined) refundable.set(payment.id, payment.captured - payment.refunded);
  }
  const { guest, sharer } = backs[0]!.request;
  await store.accounts.lock([guest.accountId, sharer.accountId]);
  const [payee, payer] = [(await store.accounts.find(guest.accountId))!, (await store.accounts.find(sharer.accountId))!];
  let there = payee.closedAt === undefined && payer.closedAt === undefined ? most(0n, available(payer)) : 0n;
  const postings: NewPosting[] = [];
  const settled: ShareRequest[] = [];
  const now = clock.now();
  for (const { request, minor: wanted } of backs) {
    const { id, paymentId, fee, state } = request;
    const minor = least(wanted, refundable.get(paymentId ?? '') ?? 0n);
    const back = least(minor, there);
    there -= back;
    if (back > 0n) {
      await store.payments.refund(paymentId!, back);
      postings.push({
        id: newId(context, 'pst'), at: now, kind: 'refund', debitId: payer.id, creditId: payee.id, amount: { minor: back, currency: fee.currency },
        paymentId, actor: recordedActor(actor), memo: undefined,
      });
      await record(context, 'share.returned', request, { payment_id: paymentId!, minor: back.toString(), currency: fee.currency });
    }
    const owed = minor - back;
    const dueAt = owed > 0n ? new Date(now.getTime() + owedAgainMs) : undefined;
    settled.push((await store.shareRequests.change(id, [state], { state, returned: request.returned + back, owed, dueAt }))!);
  }
  if (postings.length > 0) {
    await store.postings.insert(...postings);
  }
  return settled;
}

function least(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}

function most(one: bigint, other: bigint): bigint {
  return one > other ? one : other;
}
