import { checkedCodeOrder, settlementGraceMs, type CodeOrder, type CreditToken } from '../../domain/credit-code.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { sameCurrency } from '../../domain/money.ts';
import type { Payment } from '../../domain/payment.ts';
import { codesAccountId } from '../../domain/posting.ts';
import { keyIdOf, signToken } from '../../protocol/credit-code.ts';
import { newEd25519Public } from '../../protocol/ed25519.ts';
import { base64url } from '../../protocol/encoding.ts';
import { openAccount, ownAccount } from '../ledger/accounts.ts';
import type { Bought } from '../ledger/payment-desk.ts';
import type { PaymentRequest } from '../ledger/payment-request.ts';
import { auditEntry, newId, type ServiceContext } from '../service-context.ts';
import { issuerOf, signer } from './signing-keys.ts';

/**
 * What a payment is that has a code issued: it holds the code's whole limit until registers may settle no more.
 * Errors: `invalid_input`.
 */
export function orderedCode(request: PaymentRequest, code: CodeOrder): { readonly request: PaymentRequest; readonly bought: Bought } {
  const { amount, payeeId, holdMs, purchase } = request;
  if (holdMs !== undefined || purchase !== undefined) {
    throw new LatchkeyError('invalid_input', 'What a code may spend is held as long as the code needs it, and buys nothing else.');
  }
  if (payeeId !== codesAccountId(amount.currency)) {
    throw new LatchkeyError('invalid_input', `A code is paid to ${codesAccountId(amount.currency)}.`);
  }
  checkedCodeOrder(code, amount.minor);
  newEd25519Public(code.holderKey);
  return { request: { ...request, holdMs: code.validMs + settlementGraceMs }, bought: codeBought(code, amount.currency) };
}

function codeBought(order: CodeOrder, currency: string): Bought {
  return {
    description: `code ${describe(order)}`,
    async payee(context) {
      return context.store.accounts.find(await ownAccount(context, { id: codesAccountId(currency), kind: 'codes', currency }));
    },
    async make(context, payment) {
      const { store } = context;
      // Nobody suspends it, and revokes its codes, meanwhile.
      await store.accounts.lock([payment.accountId]);
      if ((await store.accounts.find(payment.accountId))!.suspendedAt !== undefined) {
        throw new LatchkeyError('account_suspended');
      }
      await requirePayees(context, order, payment);
      const issuedAt = new Date(Math.floor(payment.at.getTime() / 1000) * 1000);
      const token: CreditToken = {
        id: newId(context, 'code'),
        issuer: await issuerOf(context),
        holderKey: order.holderKey,
        currency: payment.amount.currency,
        maxEach: order.maxEach,
        maxTotal: payment.amount.minor,
        uses: order.uses,
        payees: order.payees,
        issuedAt,
        expiresAt: new Date(issuedAt.getTime() + order.validMs),
      };
      const key = await signer(context);
      const { id: paymentId, accountId, terminalId, key: paymentKey, expiresAt } = payment;
      const keyId = keyIdOf(key.publicKey);
      const isNew = await store.creditCodes.insert({ token, key: paymentKey, keyId, accountId, terminalId, paymentId, settleBy: expiresAt!, signed: signToken(token, key) });
      if (isNew) {
        await store.audit.append(auditEntry(context, { action: 'code.issued', detail: { code_id: token.id, account_id: accountId, payment_id: paymentId, key_id: keyId } }));
      }
      return isNew;
    },
  };
}

/** The limits and whose the code is, in one order whatever they came in. */
function describe({ maxEach, uses, payees, validMs, holderKey }: CodeOrder): string {
  return JSON.stringify({ holder_key: base64url(holderKey), max_each: maxEach.toString(), payees, uses, valid_s: validMs / 1000 });
}

/** Errors: `account_not_found`, `account_closed`, `currency_mismatch`, `payee_is_payer`. */
async function requirePayees({ store }: ServiceContext, { payees = [] }: CodeOrder, { accountId, amount }: Payment): Promise<void> {
  for (const id of payees) {
    const payee = await openAccount(store, id);
    if (payee.id !== id) {
      throw new LatchkeyError('account_not_found', `There is no account ${id}.`);
    }
    sameCurrency(amount, payee);
    if (id === accountId) {
      throw new LatchkeyError('payee_is_payer');
    }
  }
}
