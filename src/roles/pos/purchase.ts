import { createHash } from 'node:crypto';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Grant } from '../../domain/grant.ts';
import type { Amount } from '../../domain/money.ts';
import type { Payment } from '../../domain/payment.ts';
import type { Register, Sale, Tender } from '../../domain/sale.ts';
import { bought, type Purchase } from '../../domain/tariff.ts';
import type { Bought } from '../ledger/payment-desk.ts';
import { newId, type ServiceContext } from '../service-context.ts';
import { wantAccessCode } from './access-codes.ts';
import { isEnforced, permit } from './permission.ts';

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
  if (grant !== undefined && isEnforced(await store.accessPoints.find(register.apId))) {
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
    tariff: purchase === undefined ? undefined : register.tariff,
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
  if (tariff === undefined) {
    return undefined;
  }
  // Who shows a receipt code may have been here before.
  const first = subject.kind !== 'receipt' && isFreeAtFirst(register) && !(await context.store.sales.hasBought(subject.id));
  try {
    return bought(tariff, amount, at, { first });
  } catch (error) {
    if (error instanceof LatchkeyError && (error.code === 'amount_below_minimum' || error.code === 'currency_mismatch')) {
      return undefined;
    }
    throw error;
  }
}

/** False if the register has sold this to its payer before. */
export async function sellOnce(context: ServiceContext, selling: Selling): Promise<boolean> {
  const sold = await context.store.sales.ofKey(selling.register.id, selling.key);
  if (sold.some(({ sale }) => sale.payerId === selling.payment?.accountId)) {
    return false;
  }
  await sell(context, selling);
  return true;
}

/**
 * What a terminal's payment buys at the register that asked for it. Errors: `invalid_input` if the payment is not to
 * that register's payee.
 */
export async function purchaseBy(
  context: ServiceContext,
  { registerId }: { readonly registerId: string },
  { payeeId, terminalId }: { readonly payeeId: string; readonly terminalId: string },
): Promise<Bought> {
  const register = await context.store.registers.find(registerId);
  if (register === undefined || register.payeeId !== payeeId) {
    throw new LatchkeyError('invalid_input', `There is no cash register ${registerId} that charges for ${payeeId}.`);
  }
  return {
    description: `register ${registerId}`,
    async make(within, payment) {
      return sellOnce(within, {
        register,
        key: payment.key,
        tender: 'wallet',
        amount: payment.amount,
        memo: payment.memo,
        subject: { kind: 'terminal', id: terminalId },
        payment,
        fingerprint: createHash('sha256').update(`${payment.accountId} ${payment.key}`).digest(),
        receiptCode: undefined,
      });
    },
  };
}
