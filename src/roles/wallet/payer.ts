import type { Payee } from '../../domain/account.ts';
import type { Clock, Random } from '../../domain/clock.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { amountText, type Amount } from '../../domain/money.ts';
import { isFinalRefusal, type PasswordAlgorithm } from '../../domain/payment.ts';
import { base64url } from '../../protocol/encoding.ts';
import { nextCode, transactionPassword } from '../../protocol/transaction-password.ts';
import type { NewBinding, PaymentReply, PaymentRequest, TemporaryCode, WalletRole } from './ports.ts';

/** The temporary code that a terminal keeps for an account; in the secret store, for it is half of every password. */
export interface HeldCode extends TemporaryCode {
  readonly algorithm: PasswordAlgorithm;
}

export interface CodeBook {
  get(accountId: string): Promise<HeldCode | undefined>;
  /** Durable when the promise resolves. */
  set(accountId: string, code: HeldCode): Promise<void>;
}

/** A payment as the terminal wrote it down before it was sent: all that is needed to send it again. */
export interface BegunPayment {
  readonly accountId: string;
  readonly payee: Payee;
  readonly request: PaymentRequest;
  /** Of the temporary code that its password was made with. */
  readonly codeNumber: number;
  readonly begunAt: Date;
}

/** What a payment came to, without what renews the code. */
export type PaymentEnd =
  | { readonly kind: 'accepted'; readonly reply: Omit<PaymentReply, 'renewal'> }
  | { readonly kind: 'refused'; readonly code: LatchkeyError['code']; readonly message: string }
  | { readonly kind: 'cancelled' };

export interface EndedPayment extends BegunPayment {
  readonly end: PaymentEnd;
}

/** What this terminal has begun and what came of it; at most one payment of an account is open. */
export interface PaymentJournal {
  pending(accountId: string): Promise<BegunPayment | undefined>;
  find(accountId: string, key: string): Promise<EndedPayment | undefined>;
  /** On the disk when the promise resolves. */
  begin(payment: BegunPayment): Promise<void>;
  /** On the disk when the promise resolves. */
  end(payment: BegunPayment, end: PaymentEnd): Promise<void>;
}

export interface Order {
  readonly accountId: string;
  readonly payee: Payee;
  readonly amount: Amount;
  readonly memo?: string | undefined;
  readonly holdMs?: number | undefined;
  /** The same key pays once, also over a lost answer. */
  readonly key?: string | undefined;
}

export interface PayerContext {
  readonly wallet: WalletRole;
  readonly codes: CodeBook;
  readonly journal: PaymentJournal;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * The terminal's side of a payment (protocol.md section 4): one outstanding at a time, written down before it is sent,
 * and sent again, the very same, until there is an answer. Whoever uses it keeps other processes away from the
 * account's journal meanwhile.
 */
export class Payer {
  readonly #context: PayerContext;

  constructor(context: PayerContext) {
    this.#context = context;
  }

  /** Keeps the first temporary code of a new binding, or of one that was bound anew. */
  async keep({ accountId, algorithm, temporaryCode }: NewBinding): Promise<void> {
    await this.#context.codes.set(accountId, { ...temporaryCode, algorithm });
  }

  /** What is open, without asking anybody. */
  pending(accountId: string): Promise<BegunPayment | undefined> {
    return this.#context.journal.pending(accountId);
  }

  /** Brings what is open to its end; undefined if nothing is. Errors: what keeps it open, with what to do. */
  async settle(accountId: string): Promise<EndedPayment | undefined> {
    const pending = await this.#context.journal.pending(accountId);
    return pending && this.#send(pending);
  }

  /** What an earlier payment under this key came to. Errors: `idempotency_mismatch` if it was another. */
  async earlier({ accountId, payee, amount, memo, key }: Order): Promise<EndedPayment | undefined> {
    const ended = key === undefined ? undefined : await this.#context.journal.find(accountId, key);
    const request = ended?.request;
    if (request !== undefined && (request.payeeId !== payee.id || amountText(request.amount) !== amountText(amount) || request.memo !== memo)) {
      throw new LatchkeyError('idempotency_mismatch');
    }
    return ended;
  }

  /**
   * Pays; nothing may be open. Errors: `not_bound` if this terminal has no code for the account, and what leaves the
   * payment open. That it was refused is its end.
   */
  async pay({ accountId, payee, amount, memo, holdMs, key = this.#newKey() }: Order, identityCode: string): Promise<EndedPayment> {
    const { codes, journal, clock } = this.#context;
    const held = await codes.get(accountId);
    if (held === undefined) {
      throw new LatchkeyError('not_bound', 'There is no temporary code for this account in the secret store.');
    }
    const { algorithm, code, number: codeNumber } = held;
    const password = transactionPassword(algorithm, code, identityCode, { accountId, amount, payeeId: payee.id, idempotencyKey: key });
    const bound = algorithm === 'md5' ? {} : { accountId, codeNumber };
    const request: PaymentRequest = { key, ...bound, payeeId: payee.id, amount, password, memo, holdMs };
    const begun: BegunPayment = { accountId, payee, request, codeNumber, begunAt: clock.now() };
    await journal.begin(begun);
    return this.#send(begun);
  }

  /** Gives up what is open. That it had been paid before is its end, too. Errors: `nothing_pending`, and what keeps it open. */
  async cancel(accountId: string): Promise<EndedPayment> {
    const pending = await this.#context.journal.pending(accountId);
    if (pending === undefined) {
      throw new LatchkeyError('nothing_pending');
    }
    return this.#cancel(pending);
  }

  async #send(begun: BegunPayment): Promise<EndedPayment> {
    try {
      return await this.#accept(begun, await this.#context.wallet.pay(begun.request));
    } catch (error) {
      const refused = await this.#refused(begun, error);
      if (refused !== undefined) {
        return refused;
      }
      // The server takes nothing now. Left open, it would be charged at some later time, when nobody expects it.
      if (error instanceof LatchkeyError && error.code === 'account_locked') {
        const { end } = await this.#cancel(begun);
        if (end.kind === 'cancelled') throw error;
      }
      throw left(begun, error);
    }
  }

  async #cancel(begun: BegunPayment): Promise<EndedPayment> {
    const { wallet } = this.#context;
    try {
      const reply = await wallet.cancel({ accountId: begun.accountId, key: begun.request.key });
      return reply === undefined ? await this.#end(begun, { kind: 'cancelled' }) : await this.#accept(begun, reply);
    } catch (error) {
      const refused = await this.#refused(begun, error);
      if (refused === undefined) {
        throw left(begun, error);
      }
      return refused;
    }
  }

  /** The new code first: if the journal does not get that far, the same request brings the same reply once more. */
  async #accept(begun: BegunPayment, { renewal, ...reply }: PaymentReply): Promise<EndedPayment> {
    const { codes } = this.#context;
    const held = await codes.get(begun.accountId);
    if (renewal !== undefined && held !== undefined && held.number === begun.codeNumber) {
      const code = 'rotation' in renewal ? nextCode(held.code, renewal.rotation, begun.accountId) : renewal.nextCode;
      await codes.set(begun.accountId, { ...held, number: held.number + 1, code });
    }
    return this.#end(begun, { kind: 'accepted', reply });
  }

  async #refused(begun: BegunPayment, error: unknown): Promise<EndedPayment | undefined> {
    // Without a binding nothing is ever charged, now or later; nor under a key that another request, of another terminal
    // say, has for ever.
    const isEnd = error instanceof LatchkeyError && (isFinalRefusal(error.code) || error.code === 'not_bound' || error.code === 'idempotency_mismatch');
    return isEnd ? this.#end(begun, { kind: 'refused', code: error.code, message: error.message }) : undefined;
  }

  async #end(begun: BegunPayment, end: PaymentEnd): Promise<EndedPayment> {
    await this.#context.journal.end(begun, end);
    return { ...begun, end };
  }

  #newKey(): string {
    return base64url(this.#context.random.bytes(16));
  }
}

/** The error that leaves a payment open, with what can be done. */
function left({ request, payee }: BegunPayment, error: unknown): unknown {
  if (!(error instanceof LatchkeyError)) {
    return error;
  }
  const { retryAfter } = error;
  return new LatchkeyError(error.code, `${error.message} It is not known whether ${amountText(request.amount)} to ${payee.name} was paid.`, {
    hint: 'The next `latchkey pay` finds out first and pays it if need be; `latchkey pay --cancel` gives it up.',
    cause: error,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}
