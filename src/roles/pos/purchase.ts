import { createHash } from 'node:crypto';
import { isEnforced, type Grant } from '../../domain/grant.ts';
import type { Amount } from '../../domain/money.ts';
import type { Payment } from '../../domain/payment.ts';
import type { Register, Sale, Tender } from '../../domain/sale.ts';
import { bought, whyNothing, type Purchase } from '../../domain/tariff.ts';
import { permit } from '../grants/permission.ts';
import type { Bought } from '../ledger/payment-desk.ts';
import { newId, type ServiceContext } from '../service-context.ts';
import { wantAccessCode } from './access-codes.ts';

/** What a register sells in one go. */
export interface Selling {
  readonly register: Register;
  readonly key: string;
  readonly tender: Tender;
  readonly amount: Amount;
  readonly memo: string | undefined;
  /** Who gets the time; undefined: nobody can be told from others. */
  readonly subject: Grant['subject'] | undefined;
  readonly payment: Payment | undefined;
  readonly fingerprint: Uint8Array;
  readonly receiptCode: string | undefined;
}

/**
 * Puts a sale on record, and its subject on the permission list for what the register's tariff gives for the amount;
 * an amount that buys no time is a sale all the same. Inside a transaction, that of the payment where there is one.
 */
export async function sell(context: ServiceContext, { register, subject, ...selling }: Selling): Promise<Sale> {
  const { store, clock } = context;
  const { tender, amount, memo, key, payment, fingerprint, receiptCode } = selling;
  const at = payment?.at ?? clock.now();
  if (isFreeAtFirst(register)) {
    // Of several first purchases at once, one is the first.
    await store.accessPoints.nextRevision(register.apId);
  }
  const purchase = subject === undefined ? undefined : await purchased(context, register, subject, amount, at);
  const grant = purchase === undefined ? undefined : await permit(context, register.apId, subject!, purchase.quantity);
  if (grant !== undefined && isEnforced((await store.accessPoints.find(register.apId))?.enforcement)) {
    await wantAccessCode(context, register, grant);
  }
  const sale: Sale = {
    id: newId(context, 'sal'),
    registerId: register.id,
    key,
    payerId: payment?.accountId,
    subjectId: subject?.id,
    at,
    tender,
    amount,
    payeeId: register.payeeId,
    memo,
    paymentId: payment?.id,
    grantId: grant?.id,
    tariff: register.tariff,
    quantity: purchase?.quantity,
    bought: purchase?.bought,
    used: purchase?.used.minor ?? 0n,
    refunded: 0n,
  };
  await store.sales.insert({ sale, fingerprint, receiptCode: grant === undefined ? undefined : receiptCode });
  return sale;
}

function isFreeAtFirst({ tariff }: Register): boolean {
  return tariff?.kind === 'steps' && tariff.free !== undefined;
}

/** Undefined where the amount buys nothing. */
async function purchased(context: ServiceContext, register: Register, subject: Grant['subject'], amount: Amount, at: Date): Promise<Purchase | undefined> {
  const { tariff } = register;
  if (tariff === undefined || whyNothing(tariff, amount, at) !== undefined) {
    return undefined;
  }
  // Who shows a receipt code may have been here before.
  const first = subject.kind !== 'receipt' && isFreeAtFirst(register) && !(await context.store.sales.hasBought(subject.id));
  return bought(tariff, amount, at, { first });
}

/** What a payment at a register buys; once, for the same payer and key. `fingerprint`: of what else the key is for. */
export function boughtAt(
  register: Register,
  { tender, subject, fingerprint }: { readonly tender: Tender; readonly subject: Grant['subject']; readonly fingerprint?: Uint8Array | undefined },
): Bought {
  return {
    description: `register ${register.id}`,
    async make(context, payment) {
      const { key, amount, memo, accountId } = payment;
      const sold = await context.store.sales.ofKey(register.id, key);
      if (sold.some(({ sale }) => sale.payerId === accountId)) {
        return false;
      }
      const told = fingerprint ?? createHash('sha256').update(`${accountId} ${key}`).digest();
      await sell(context, { register, key, tender, amount, memo, subject, payment, fingerprint: told, receiptCode: undefined });
      return true;
    },
  };
}
