import { LatchkeyError } from '../../domain/errors.ts';
import { timeLeft, type Grant } from '../../domain/grant.ts';
import type { Amount } from '../../domain/money.ts';
import type { Sale } from '../../domain/sale.ts';
import { refundOf } from '../../domain/tariff.ts';
import { recordedActor } from '../../domain/token.ts';
import { revokeGrant } from '../grants/ending.ts';
import { newId, type ServiceContext } from '../service-context.ts';
import type { Refunded } from './ports.ts';

/** Why such a grant ended. */
const refunded = 'refunded';

/**
 * Ends a grant and gives back what of it is not used, by the tariffs that its sales were made by: what was bought last
 * is used last. Inside a transaction, with the access point's row taken. Errors: `grant_over`, `insufficient_funds` (the payee's), `account_closed`.
 */
export async function refundGrant(context: ServiceContext, sold: Grant, revision: number): Promise<Refunded> {
  const { store } = context;
  const refundable = await refundableOf(context, sold);
  await revokeGrant(context, sold.id, revision, refunded);
  for (const { sale, amount } of refundable.sales) {
    if (!(await store.sales.refund(sale.id, amount.minor))) {
      throw new LatchkeyError('refund_too_large', `Of sale ${sale.id} a part went back at the same time.`, { hint: 'Ask again.' });
    }
    if (sale.paymentId !== undefined) {
      await giveBack(context, sale, sale.paymentId, amount);
    }
  }
  return { ...refundable, grant: (await store.grants.find(sold.id))! };
}

/** What `refundGrant` would give back now. Errors: `grant_over`. */
export async function refundableOf({ store, clock }: ServiceContext, grant: Grant): Promise<Refunded> {
  const left = timeLeft(grant, clock.now());
  if (left === 0) {
    throw new LatchkeyError('grant_over', grant.reason === refunded ? `Grant ${grant.id} was refunded already.` : `Grant ${grant.id} is over.`);
  }
  const sales = backOf(await store.sales.ofGrant(grant.id), left);
  const amounts = (isInLedger: boolean) => sales.filter(({ sale }) => (sale.paymentId !== undefined) === isInLedger).map(({ amount }) => amount);
  return { grant, sales, inLedger: amounts(true), byHand: amounts(false) };
}

function backOf(sales: readonly Sale[], leftMs: number | undefined): Refunded['sales'] {
  let left = BigInt(leftMs ?? 0);
  return sales.flatMap((sale) => {
    const { tariff, bought, used } = sale;
    if (tariff === undefined || bought === undefined || bought === 'unlimited' || leftMs === undefined) {
      return [];
    }
    const unused = left < bought.size ? left : bought.size;
    left -= unused;
    const { currency } = sale.amount;
    const amount = refundOf(tariff, { used: { minor: used, currency }, bought }, { metric: 'time', size: unused });
    const rest = sale.amount.minor - sale.refunded;
    const minor = amount.minor < rest ? amount.minor : rest;
    return minor === 0n ? [] : [{ sale, amount: { minor, currency } }];
  });
}

async function giveBack(context: ServiceContext, sale: Sale, paymentId: string, amount: Amount): Promise<void> {
  const { store, clock, actor } = context;
  const payment = await store.payments.refund(paymentId, amount.minor);
  if (payment === undefined) {
    throw new LatchkeyError('refund_too_large', `Of payment ${paymentId} that much cannot go back.`);
  }
  await store.postings.insert({
    id: newId(context, 'pst'),
    at: clock.now(),
    kind: 'refund',
    debitId: sale.payeeId,
    creditId: payment.accountId,
    amount,
    paymentId,
    actor: recordedActor(actor),
    memo: undefined,
  });
}
