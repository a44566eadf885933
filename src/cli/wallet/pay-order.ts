import { randomBytes } from 'node:crypto';
import { LatchkeyError } from '../../domain/errors.ts';
import { amountText, type Amount } from '../../domain/money.ts';
import { parseIdentityCode } from '../../domain/payment.ts';
import { isServerAway } from '../../domain/server-away.ts';
import { withOutcome } from '../../domain/with-outcome.ts';
import { paymentLeftOpen, type EndedPayment, type Order } from '../../roles/wallet/payer.ts';
import { AccountGuard } from '../cards/wallet-guard.ts';
import type { RoleFlags } from '../destination.ts';
import type { Opening } from '../open-role.ts';
import { settledSentence } from '../present/wallet.ts';
import { readSecret } from '../secret-input.ts';
import { boundAccount, openPayer, withAccount } from './open-payer.ts';
import { PaymentFile } from './payment-file.ts';

export interface PayFlags extends RoleFlags {
  readonly account?: string | undefined;
  readonly memo?: string | undefined;
  readonly hold?: number | undefined;
  readonly yes: boolean;
  readonly 'identity-code-file'?: string | undefined;
  readonly 'idempotency-key'?: string | undefined;
}

export interface PayOptions extends Opening {
  readonly interactive: boolean;
  readonly ask: (question: string) => Promise<boolean>;
  readonly caution: (text: string) => Promise<void>;
}

/**
 * Brings an earlier payment to its end and tells of it, then pays. An earlier one that was just such a payment and went
 * through may be the one that was meant: then it asks. The security check comes before anything is written down. Errors:
 * why it was refused, `service_terminated`, `answer_needed`, and what leaves it open.
 */
export async function payOrder(to: string, amount: Amount, flags: PayFlags, options: PayOptions): Promise<EndedPayment> {
  const { interactive, ask, caution, ...opening } = options;
  const { wallet, payer } = await openPayer(flags, opening);
  const { accountId } = await askingServer('Nothing was paid.', () => boundAccount(wallet, flags.account));
  const guard = new AccountGuard({ ...options, role: wallet, payer, accountId });
  return withAccount(accountId, async () => {
    const settled = await payer.settle(accountId);
    await guard.reconcile();
    const payee = await askingServer('Nothing was paid.', () => wallet.payee(to));
    const key = flags['idempotency-key'] ?? randomBytes(16).toString('base64url');
    const order = { accountId, payee, amount, memo: flags.memo, holdMs: flags.hold, key };
    const earlier = await payer.earlier(order);
    if (settled !== undefined && settled.request.key !== earlier?.request.key) {
      await caution(settledSentence(settled));
      if (settled.end.kind === 'accepted' && isSame(settled, order) && !flags.yes) {
        await confirm(order, { interactive, ask });
      }
    }
    if (earlier !== undefined) {
      return accepted(earlier);
    }
    try {
      await guard.pay(order);
      const identityCode = await readSecret({ name: 'identity-code', file: flags['identity-code-file'], message: 'Identity code:', ...opening.sources });
      return accepted(await payer.pay(order, parseIdentityCode(identityCode.normalize('NFC'))));
    } finally {
      await guard.reconcile();
    }
  });
}

/** Gives up what is open. */
export async function cancelOrder(flags: Pick<PayFlags, 'account'> & RoleFlags, options: PayOptions): Promise<EndedPayment> {
  const { interactive: _interactive, ask: _ask, caution: _caution, ...opening } = options;
  const { wallet, payer } = await openPayer(flags, opening);
  const { accountId } = await askingServer('No payment of this terminal is open.', () => boundAccount(wallet, flags.account));
  const guard = new AccountGuard({ ...options, role: wallet, payer, accountId });
  return withAccount(accountId, async () => {
    try {
      return await payer.cancel(accountId);
    } finally {
      await guard.reconcile();
    }
  });
}

/** What is asked before anything is sent; while the server is away, what is open is told of, or else `nothing`. */
export async function askingServer<T>(nothing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isServerAway(error)) {
      throw error;
    }
    const [open] = new PaymentFile().open();
    throw open === undefined ? withOutcome(error, nothing, 'Run it again when the server can be reached.') : paymentLeftOpen(open, error);
  }
}

function isSame({ request, payee }: EndedPayment, order: Order): boolean {
  return payee.id === order.payee.id && amountText(request.amount) === amountText(order.amount) && request.memo === order.memo;
}

async function confirm({ amount, payee }: Order, { interactive, ask }: Pick<PayOptions, 'interactive' | 'ask'>): Promise<void> {
  const question = `Pay ${amountText(amount)} to ${payee.name} once more?`;
  if (!interactive) {
    throw new LatchkeyError('answer_needed', `The earlier payment was just such a one. ${question}`, { hint: 'If it is meant to be paid twice, run it again with --yes. With --idempotency-key a repetition never pays twice.' });
  }
  if (!(await ask(question))) {
    throw new LatchkeyError('interrupted', 'Nothing more was paid.');
  }
}

function accepted(payment: EndedPayment): EndedPayment {
  const { end } = payment;
  if (end.kind === 'refused') {
    throw new LatchkeyError(end.code, end.message);
  }
  if (end.kind === 'cancelled') {
    throw new LatchkeyError('payment_cancelled');
  }
  return payment;
}
