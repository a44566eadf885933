import { isErrorCode, LatchkeyError, type ErrorCode } from '../../domain/errors.ts';
import { amountText } from '../../domain/money.ts';
import { outsideAccountId } from '../../domain/posting.ts';
import { nextAsk, type TopUp, type TopUpProvider } from '../../domain/top-up.ts';
import { auditEntry, newId, within, type ServiceContext } from '../service-context.ts';
import { ownAccount } from './accounts.ts';
import { ledgerProvider, type Collection, type PaymentProvider } from './payment-provider.ts';
import type { OpenTopUp } from './ports.ts';

export interface LedgerServiceContext extends ServiceContext {
  /** Those beside `ledger`, which is always there. */
  readonly providers?: readonly PaymentProvider[] | undefined;
  /** Told of what somebody has to look into: a provider that does not answer, money that cannot be posted. */
  readonly onTopUpTrouble?: ((topUp: TopUp, error: LatchkeyError) => void) | undefined;
}

const atOnce = 20;
/** After these there is nothing to wait for. */
const finalErrors: readonly ErrorCode[] = ['amount_not_collectable', 'topup_failed'];
/** Why what was collected may not be posted. */
const unpostable: readonly ErrorCode[] = ['account_closed', 'account_full'];

/** Errors: `provider_unavailable`. */
export function providerOf({ providers = [] }: LedgerServiceContext, name: TopUpProvider): PaymentProvider {
  const provider = [ledgerProvider, ...providers].find((each) => each.name === name);
  if (provider === undefined) {
    throw new LatchkeyError('provider_unavailable', `The payment provider ${name} is not set up.`);
  }
  return provider;
}

/**
 * Begins what was not begun yet, else asks what has come of it, and does as the answer says. Where there is none, the
 * top-up stays as it is, with the error as its reason. Errors: `provider_unavailable`.
 */
export async function goOn(context: LedgerServiceContext, topUp: TopUp): Promise<OpenTopUp> {
  if (topUp.state !== 'pending') {
    return { ...topUp, clientSecret: undefined };
  }
  const provider = providerOf(context, topUp.provider);
  let collection: Collection;
  try {
    collection = await (topUp.reference === undefined
      ? provider.begin({ topUpId: topUp.id, accountId: topUp.accountId, amount: topUp.amount })
      : provider.find(topUp.reference));
  } catch (error) {
    if (!(error instanceof LatchkeyError)) {
      throw error;
    }
    const left = await (finalErrors.includes(error.code) ? fail(context, topUp, error.code) : note(context, topUp, { reason: error.code }));
    context.onTopUpTrouble?.(left, error);
    return { ...left, clientSecret: undefined };
  }
  const now = await settle(context, topUp, collection);
  return { ...now, clientSecret: now.state === 'pending' ? collection.clientSecret : undefined };
}

/** News that a provider brings by itself, in any order and any number of times; undefined if it is of no top-up here. */
export async function hear(context: LedgerServiceContext, provider: TopUpProvider, news: Collection): Promise<TopUp | undefined> {
  const { topUps } = context.store;
  const topUp = (await topUps.findByReference(provider, news.reference)) ?? (news.topUpId === undefined ? undefined : await topUps.find(news.topUpId));
  if (topUp?.provider !== provider) {
    return undefined;
  }
  if (topUp.reference !== undefined && topUp.reference !== news.reference) {
    const message = `${provider} has ${news.reference} for top-up ${topUp.id}, which is ${topUp.reference}.`;
    if (news.state === 'succeeded') context.onTopUpTrouble?.(topUp, new LatchkeyError('topup_not_posted', message));
    return undefined;
  }
  return settle(context, topUp, news);
}

/** Asks for those of which nobody has brought news; resolves to how many were asked for. */
export async function askForPending(context: LedgerServiceContext): Promise<number> {
  const { store, clock, providers = [] } = context;
  const names = providers.map(({ name }) => name);
  const due = names.length === 0 ? [] : await store.topUps.due(names, clock.now(), atOnce);
  let asked = 0;
  for (const { topUp, askAt } of due) {
    // Of several servers one asks.
    if (await store.topUps.claim(topUp.id, askAt, nextAsk(topUp, clock.now()))) {
      asked += 1;
      const { state, reason } = await goOn(context, topUp);
      // Who does not answer is not waited for twenty times.
      if (state === 'pending' && isErrorCode(reason)) break;
    }
  }
  return asked;
}

async function settle(context: LedgerServiceContext, topUp: TopUp, collection: Collection): Promise<TopUp> {
  switch (collection.state) {
    case 'pending':
      return note(context, topUp, { reference: collection.reference, reason: wordOf(topUp, collection) });
    case 'failed':
      return fail(context, topUp, wordOf(topUp, collection) ?? 'topup_failed', collection.reference);
    case 'succeeded':
      return post(context, topUp, collection);
  }
}

/** Some of a provider’s words are codes of ours, too, with another meaning. */
function wordOf({ provider }: TopUp, { reason }: Collection): string | undefined {
  return reason === undefined ? undefined : `${provider}: ${reason}`;
}

async function note({ store }: LedgerServiceContext, topUp: TopUp, { reference, reason }: Partial<Pick<TopUp, 'reference' | 'reason'>>): Promise<TopUp> {
  return (await store.topUps.note(topUp.id, { reference, reason })) ?? (await store.topUps.find(topUp.id))!;
}

async function fail({ store, clock }: LedgerServiceContext, topUp: TopUp, reason: string, reference?: string): Promise<TopUp> {
  const failed = await store.topUps.end(topUp.id, ['pending'], { state: 'failed', at: clock.now(), reason, reference });
  return failed ?? (await store.topUps.find(topUp.id))!;
}

/** Once, whoever hears of it first: the row's change of state and its posting are one transaction. */
async function post(context: LedgerServiceContext, topUp: TopUp, { amount, reference }: Collection): Promise<TopUp> {
  const { store, clock } = context;
  if (amount.minor !== topUp.amount.minor || amount.currency !== topUp.amount.currency) {
    const message = `Top-up ${topUp.id} is of ${amountText(topUp.amount)}, and ${topUp.provider} collected ${amount.minor} minor units of ${amount.currency}.`;
    return refundDue(context, topUp, reference, new LatchkeyError('amount_mismatch', message));
  }
  try {
    const posted = await store.transaction(async (tx) => {
      const postingId = newId(context, 'pst');
      const at = clock.now();
      const changed = await tx.topUps.end(topUp.id, ['pending', 'failed'], { state: 'posted', at, reason: undefined, reference, postingId });
      if (changed !== undefined) {
        await postTopUp(within(context, tx), changed, postingId, at);
      }
      return changed;
    });
    return posted ?? (await store.topUps.find(topUp.id))!;
  } catch (error) {
    if (error instanceof LatchkeyError && unpostable.includes(error.code)) {
      return refundDue(context, topUp, reference, error);
    }
    throw error;
  }
}

/** The posting of a top-up, inside the transaction that says so in its row. */
export async function postTopUp(context: ServiceContext, topUp: TopUp, postingId: string, at: Date): Promise<void> {
  const { store } = context;
  const { accountId, amount, actor, memo } = topUp;
  const debitId = await outsideAccount(context, amount.currency);
  await store.postings.insert({ id: postingId, at, kind: 'topup', debitId, creditId: accountId, amount, paymentId: undefined, actor, memo });
}

/** The account of what is outside in a currency, made when it is first needed. */
export async function outsideAccount({ store, clock }: ServiceContext, currency: string): Promise<string> {
  return ownAccount({ store, clock }, { id: outsideAccountId(currency), kind: 'outside', currency });
}

async function refundDue(context: LedgerServiceContext, topUp: TopUp, reference: string, error: LatchkeyError): Promise<TopUp> {
  const { store, clock } = context;
  const changed = await store.transaction(async (tx) => {
    const due = await tx.topUps.end(topUp.id, ['pending', 'failed'], { state: 'refund_due', at: clock.now(), reason: error.code, reference });
    if (due !== undefined) {
      const detail = { topup_id: due.id, account_id: due.accountId, provider: due.provider, reference, reason: error.code };
      await tx.audit.append(auditEntry(context, { action: 'topup.refund_due', detail }));
    }
    return due;
  });
  if (changed !== undefined) {
    context.onTopUpTrouble?.(changed, error);
  }
  return changed ?? (await store.topUps.find(topUp.id))!;
}
