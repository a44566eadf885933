import { LatchkeyError } from '../../domain/errors.ts';
import type { Payee } from '../../domain/account.ts';
import type { Amount } from '../../domain/money.ts';
import type { PasswordAlgorithm } from '../../domain/payment.ts';
import type { WalletHandler } from '../../protocol/card-application.ts';
import type { DeliveredCredential, PaymentOutcome } from '../../protocol/card-messages.ts';
import type { WalletGuard } from '../card/ports.ts';
import type { Order, Payer, RegisterWord } from './payer.ts';
import type { WalletRole } from './ports.ts';

/** What a cash register wants to be paid. */
export interface AskedPayment {
  readonly payeeId: string;
  readonly amount: Amount;
  readonly key: string;
  readonly registerId?: string | undefined;
  readonly memo?: string | undefined;
}

export interface CardWalletContext {
  readonly payer: Payer;
  readonly wallet: Pick<WalletRole, 'payee'>;
  readonly account: { readonly accountId: string; readonly terminalId: string; readonly currency: string; readonly algorithm: PasswordAlgorithm };
  /** Keeps others away from the account meanwhile. */
  readonly exclusively: <T>(work: () => Promise<T>) => Promise<T>;
  /** The wallet's security check, before its user is asked. */
  readonly guard: WalletGuard;
  /** Its user's word. Errors: `card_refused`. */
  readonly confirm: (order: { readonly payee: Payee; readonly amount: Amount; readonly memo?: string | undefined }) => Promise<void>;
  readonly identityCode: () => Promise<string>;
  /** Told of what the register said, once it is kept. */
  readonly onOutcome: (outcome: PaymentOutcome) => void;
  readonly onCredential: (credential: DeliveredCredential) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Gives the transaction password for what a cash register wants, after the security check and its user's word, and once
 * the payment is in the journal. An earlier one that is open is settled first. Errors: `service_terminated`, `card_refused`,
 * `payment_pending`, `account_not_found`, and what keeps an earlier one open.
 */
export async function authoriseFor({ payer, wallet, account, exclusively, guard, confirm, identityCode }: CardWalletContext, asked: AskedPayment) {
  const { accountId } = account;
  return exclusively(async () => {
    const pending = await payer.pending(accountId);
    if (pending !== undefined && pending.request.key !== asked.key) {
      await payer.settle(accountId);
    }
    const { payeeId, amount, key, registerId, memo } = asked;
    const payee = await wallet.payee(payeeId);
    if (payee.id !== payeeId) {
      throw new LatchkeyError('account_not_found', `There is no account with the id ${payeeId}.`);
    }
    const order: Order & { readonly key: string } = { accountId, payee, amount, memo, key, registerId };
    try {
      return await payer.authorise(order, async () => {
        await guard.charge(order);
        await confirm(order);
        return identityCode();
      });
    } finally {
      await guard.reconcile();
    }
  });
}

export function wordOf(outcome: PaymentOutcome): RegisterWord {
  return outcome.status === 'refused' ? { kind: 'refused' } : { kind: 'accepted', renewal: outcome.renewal };
}

/** A terminal as a card (protocol.md section 8). */
export function cardWallet(context: CardWalletContext): WalletHandler {
  const { payer, account, exclusively, guard, onOutcome, onCredential, failed } = context;
  const { accountId, terminalId, currency, algorithm } = account;
  return {
    pay: {
      paymentInfo: async () => ({ accountId, terminalId, currencies: [currency], algorithm }),
      authorise: ({ payeeId, amount, idempotencyKey, registerId, memo }) => refusing(failed, () => authoriseFor(context, { payeeId, amount, key: idempotencyKey, registerId, memo })),
      async result(outcome) {
        await exclusively(async () => {
          await payer.told(accountId, outcome.idempotencyKey, wordOf(outcome));
          await guard.reconcile();
        });
        onOutcome(outcome);
      },
    },
    access: {
      request: ({ apId, network }) =>
        refusing(failed, async () => {
          const undo = await guard.access({ apId, network });
          try {
            return { kind: 'terminal', token: await payer.claim({ accountId, terminalId, apId }) };
          } catch (error) {
            // Once it has given its word it does not hear what came of it.
            await undo();
            throw error;
          }
        }),
      deliver: async (credential) => onCredential(credential),
    },
    failed,
  };
}

/** What keeps the wallet from it is for its user to read; the register hears that it refuses, or that its security check does. */
async function refusing<T>(failed: (error: unknown) => void, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof LatchkeyError) || error.code === 'card_refused') {
      throw error;
    }
    failed(error);
    if (error.code === 'service_terminated') {
      throw error;
    }
    throw new LatchkeyError('card_refused', error.message, { cause: error });
  }
}
