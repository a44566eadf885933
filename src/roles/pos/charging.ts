import { createHash, timingSafeEqual } from 'node:crypto';
import { parseDescription } from '../../domain/device.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Grant } from '../../domain/grant.ts';
import { parseId } from '../../domain/identifiers.ts';
import { amountText, checkedAmount, sameCurrency } from '../../domain/money.ts';
import type { FinalRefusal } from '../../domain/payment.ts';
import type { Register } from '../../domain/sale.ts';
import { openAccount } from '../ledger/accounts.ts';
import { replyOf } from '../ledger/outcome.ts';
import { PaymentDesk, type Bought } from '../ledger/payment-desk.ts';
import { within, type ServiceContext } from '../service-context.ts';
import type { Charge, Charged } from './ports.ts';
import { boughtAt, sell } from './purchase.ts';
import type { KeptSale, Tap } from './store.ts';
import { newReceiptCode, subjectOf } from './subjects.ts';
import { refusalOfTap, settleTap } from './taps.ts';

/** Errors: as `PosRole.charge`. */
export async function chargeAt(context: ServiceContext, register: Register, charge: Charge): Promise<Charged> {
  parseId(charge.key, 'idempotency key');
  checkedAmount(charge.amount);
  if (charge.memo !== undefined) parseDescription(charge.memo, 'memo');
  switch (charge.authority.kind) {
    case 'wallet':
      return chargeWallet(context, register, charge, charge.authority);
    case 'mandate':
      return chargeMandate(context, register, charge, charge.authority.uid);
    case 'cash':
    case 'card':
      return chargeOutside(context, register, charge, charge.authority.kind, charge.authority.uid);
  }
}

async function chargeWallet(context: ServiceContext, register: Register, { key, amount, memo }: Charge, authority: Extract<Charge['authority'], { kind: 'wallet' }>): Promise<Charged> {
  const { accountId, terminalId, codeNumber, password } = authority;
  const bought = boughtAt(register, { tender: 'wallet', subject: { kind: 'terminal', id: terminalId } });
  const request = { key, accountId, payeeId: register.payeeId, amount, password, codeNumber, memo, purchase: { registerId: register.id } };
  const reply = replyOf(await new PaymentDesk(context).pay({ request, terminalId, counts: false, bought }));
  return { ...(await charged(context, register, key, accountId)), reply };
}

async function chargeMandate(context: ServiceContext, register: Register, charge: Charge, uid: Uint8Array): Promise<Charged> {
  const { key, amount } = charge;
  const subject = await subjectOf(context, { kind: 'nfc', uid });
  const { store } = context;
  const fingerprint = fingerprintOf(['mandate', amountText(amount), subject.id]);
  // What was charged before has its answer, whatever has become of the mandate.
  const byMandate = async () => (await store.sales.ofKey(register.id, key)).find(({ sale }) => sale.tender === 'mandate');
  const kept = await byMandate();
  if (kept !== undefined) {
    requireSame(kept, fingerprint);
    return charged(context, register, key, kept.sale.payerId);
  }
  const tap: Tap = { registerId: register.id, key, subjectId: subject.id, fingerprint };
  const refusal = (await refusalOfTap(context, tap)) ?? (await payByMandate(context, register, charge, subject, tap));
  // Whatever becomes of the mandate, or of whose it is: what was refused stays so.
  const settled = refusal && (await settleTap(context, tap, refusal));
  if (settled !== undefined) {
    throw new LatchkeyError(settled);
  }
  return charged(context, register, key, (await byMandate())!.sale.payerId);
}

/** Undefined once it is charged. Errors: `idempotency_mismatch`. */
async function payByMandate(context: ServiceContext, register: Register, { key, amount, memo }: Charge, subject: Grant['subject'], tap: Tap): Promise<FinalRefusal | undefined> {
  const mandate = await context.store.mandates.find(subject.id);
  if (mandate === undefined || mandate.endedAt !== undefined) {
    return 'mandate_missing';
  }
  if (mandate.currency !== amount.currency) {
    return 'currency_mismatch';
  }
  const sold = boughtAt(register, { tender: 'mandate', subject, fingerprint: tap.fingerprint });
  const bought: Bought = {
    ...sold,
    async make(context, payment) {
      const refusal = await settleTap(context, tap, undefined);
      if (refusal !== undefined) {
        throw new LatchkeyError(refusal);
      }
      return sold.make(context, payment);
    },
  };
  const request = { key, payeeId: register.payeeId, amount, memo };
  const outcome = await new PaymentDesk(context).payByMandate({ mandate, registerId: register.id, request, bought });
  return 'refusal' in outcome ? outcome.refusal : undefined;
}

async function chargeOutside(context: ServiceContext, register: Register, { key, amount, memo }: Charge, tender: 'cash' | 'card', uid: Uint8Array | undefined): Promise<Charged> {
  const identified = uid === undefined ? undefined : await subjectOf(context, { kind: 'nfc', uid });
  const fingerprint = fingerprintOf([tender, amountText(amount), identified?.id ?? null, memo ?? null]);
  const { store } = context;
  await store.transaction(async (tx) => {
    const inside = within(context, tx);
    const kept = (await tx.sales.ofKey(register.id, key)).find(({ sale }) => sale.payerId === undefined);
    if (kept !== undefined) {
      requireSame(kept, fingerprint);
      return;
    }
    sameCurrency(amount, await openAccount(tx, register.payeeId));
    const receiptCode = identified === undefined ? newReceiptCode(inside) : undefined;
    const subject = identified ?? (await subjectOf(inside, { kind: 'receipt', code: receiptCode! }));
    await sell(inside, { register, key, tender, amount, memo, subject, payment: undefined, fingerprint, receiptCode });
  });
  return charged(context, register, key, undefined);
}

async function charged(context: ServiceContext, register: Register, key: string, payerId: string | undefined): Promise<Charged> {
  const { store } = context;
  const { sale, receiptCode } = (await store.sales.ofKey(register.id, key)).find((kept) => kept.sale.payerId === payerId)!;
  const grant = sale.grantId === undefined ? undefined : await store.grants.find(sale.grantId);
  return { sale, grant, reply: undefined, receiptCode };
}

function fingerprintOf(parts: readonly (string | null)[]): Uint8Array {
  return createHash('sha256').update(JSON.stringify(parts)).digest();
}

function requireSame({ fingerprint }: KeptSale, given: Uint8Array): void {
  if (!timingSafeEqual(fingerprint, given)) {
    throw new LatchkeyError('idempotency_mismatch');
  }
}
