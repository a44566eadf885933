import type { Payee } from '../../domain/account.ts';
import type { Clock, Random } from '../../domain/clock.ts';
import type { CodeOrder } from '../../domain/credit-code.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { amountText, type Amount } from '../../domain/money.ts';
import { isFinalRefusal, type PasswordAlgorithm } from '../../domain/payment.ts';
import { isServerAway } from '../../domain/server-away.ts';
import { withOutcome } from '../../domain/with-outcome.ts';
import type { Authorisation, TerminalToken } from '../../protocol/card-messages.ts';
import { base64url } from '../../protocol/encoding.ts';
import { subjectMac } from '../../protocol/subject-token.ts';
import { nextCode, transactionPassword } from '../../protocol/transaction-password.ts';
import type { PaymentReply, PaymentRequest } from '../ledger/payment-request.ts';
import type { NewBinding, TemporaryCode, WalletRole } from './ports.ts';

/** The temporary code that a terminal keeps for an account; in the secret store, for it is half of every password. */
export interface HeldCode extends TemporaryCode {
  readonly algorithm: PasswordAlgorithm;
  /** The next one by the word of a cash register, which proves nothing by it: no payment is made with it yet. */
  readonly next?: Uint8Array | undefined;
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
  /** A cash register said that it will not be paid: it is cancelled when the server can be asked. */
  readonly givenUp?: boolean | undefined;
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
  giveUp(payment: BegunPayment): Promise<void>;
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
  /** The cash register that asked for it, and that gives time on a network for it. */
  readonly registerId?: string | undefined;
  /** The credit payment code that it is to bring. */
  readonly code?: CodeOrder | undefined;
  /** The request for access to a shared network that it pays; then `holdMs` is not said. */
  readonly shareRequestId?: string | undefined;
}

/** What a cash register says that a payment came to. */
export type RegisterWord = { readonly kind: 'accepted'; readonly renewal: PaymentReply['renewal'] } | { readonly kind: 'refused' };

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

  /** What this terminal knows of a payment, open or ended. */
  async known(accountId: string, key: string): Promise<BegunPayment | EndedPayment | undefined> {
    const { journal } = this.#context;
    const pending = await journal.pending(accountId);
    return pending?.request.key === key ? pending : journal.find(accountId, key);
  }

  /** Brings what is open to its end; undefined if nothing is. Errors: what keeps it open, with what to do. */
  async settle(accountId: string): Promise<EndedPayment | undefined> {
    const pending = await this.#context.journal.pending(accountId);
    return pending && (pending.givenUp === true ? this.#cancel(pending) : this.#send(pending));
  }

  /** What an earlier payment under this key came to. Errors: `idempotency_mismatch` if it was another. */
  async earlier(order: Order): Promise<EndedPayment | undefined> {
    const ended = order.key === undefined ? undefined : await this.#context.journal.find(order.accountId, order.key);
    if (ended !== undefined && !isOf(order, ended)) {
      throw new LatchkeyError('idempotency_mismatch');
    }
    return ended;
  }

  /**
   * Pays; nothing may be open. Errors: `not_bound` if this terminal has no code for the account, and what leaves the
   * payment open. That it was refused is its end.
   */
  async pay(order: Order, identityCode: string): Promise<EndedPayment> {
    return this.#send(await this.#begin(order, identityCode));
  }

  /**
   * Writes a payment down that a cash register is going to bring, and gives the password for it: the same for the same
   * order, however often it is asked. What becomes of it `told` says, or else `settle` finds out.
   * Errors: `payment_pending` if another one is open, `idempotency_mismatch`, `not_bound`.
   */
  async authorise(order: Order & { readonly key: string }, identityCode: () => Promise<string>): Promise<Authorisation> {
    const pending = await this.#context.journal.pending(order.accountId);
    if (pending !== undefined && (pending.request.key !== order.key || !isOf(order, pending))) {
      throw new LatchkeyError('payment_pending', `A payment of ${amountText(pending.request.amount)} to ${pending.payee.name} is open.`);
    }
    const { request, codeNumber } = pending ?? (await this.earlier(order)) ?? (await this.#begin(order, await identityCode()));
    return { password: request.password, codeNumber };
  }

  /**
   * What a cash register says that an open payment came to. It is asked for at the server, where the same request has the
   * same answer; while that is away, the payment stays open, and undefined is returned.
   * Errors: what else keeps it open.
   */
  async told(accountId: string, key: string, word: RegisterWord): Promise<EndedPayment | undefined> {
    const { journal } = this.#context;
    const pending = await journal.pending(accountId);
    if (pending?.request.key !== key) {
      return journal.find(accountId, key);
    }
    if (word.kind === 'refused') {
      await journal.giveUp(pending);
    } else {
      await this.#noteNext(pending, word.renewal);
    }
    try {
      return await this.settle(accountId);
    } catch (error) {
      if (isServerAway(error)) {
        return undefined;
      }
      throw error;
    }
  }

  /** This terminal's word that it is there, for one network and two minutes. Errors: `not_bound`. */
  async claim({ accountId, terminalId, apId }: { readonly accountId: string; readonly terminalId: string; readonly apId: string }): Promise<TerminalToken> {
    const { number, code, next } = await this.#held(accountId);
    const at = new Date(Math.floor(this.#context.clock.now().getTime() / 1000) * 1000);
    return { accountId, terminalId, codeNumber: next === undefined ? number : number + 1, at, mac: subjectMac(next ?? code, { accountId, terminalId, apId, at }) };
  }

  /** Gives up what is open. That it had been paid before is its end, too. Errors: `nothing_pending`, and what keeps it open. */
  async cancel(accountId: string): Promise<EndedPayment> {
    const pending = await this.#context.journal.pending(accountId);
    if (pending === undefined) {
      throw new LatchkeyError('nothing_pending');
    }
    return this.#cancel(pending);
  }

  async #begin({ accountId, payee, amount, memo, holdMs, key = this.#newKey(), registerId, code: codeOrder, shareRequestId }: Order, identityCode: string): Promise<BegunPayment> {
    const { journal, clock } = this.#context;
    const { algorithm, code, number: codeNumber } = await this.#held(accountId);
    const password = transactionPassword(algorithm, code, identityCode, { accountId, amount, payeeId: payee.id, idempotencyKey: key });
    const bound = algorithm === 'md5' ? {} : { accountId, codeNumber };
    const purchase = registerId === undefined ? {} : { purchase: { registerId } };
    const request: PaymentRequest = { key, ...bound, payeeId: payee.id, amount, password, memo, holdMs, ...purchase, ...(codeOrder === undefined ? {} : { code: codeOrder }), ...(shareRequestId === undefined ? {} : { shareRequestId }) };
    const begun: BegunPayment = { accountId, payee, request, codeNumber, begunAt: clock.now() };
    await journal.begin(begun);
    return begun;
  }

  async #held(accountId: string): Promise<HeldCode> {
    const held = await this.#context.codes.get(accountId);
    if (held === undefined) {
      throw new LatchkeyError('not_bound', 'There is no temporary code for this account in the secret store.');
    }
    return held;
  }

  async #noteNext({ accountId, codeNumber }: BegunPayment, renewal: PaymentReply['renewal']): Promise<void> {
    const held = await this.#held(accountId);
    if (renewal !== undefined && held.number === codeNumber) {
      await this.#context.codes.set(accountId, { ...held, next: renewed(held, renewal, accountId) });
    }
  }

  /** A cash register's word was not so: nothing was paid. */
  async #forgetNext(accountId: string): Promise<void> {
    const { codes } = this.#context;
    const held = await codes.get(accountId);
    if (held?.next !== undefined) {
      const { next: _next, ...current } = held;
      await codes.set(accountId, current);
    }
  }

  async #send(begun: BegunPayment): Promise<EndedPayment> {
    try {
      return await this.#accept(begun, await this.#context.wallet.pay(begun.request));
    } catch (error) {
      const isMismatch = error instanceof LatchkeyError && error.code === 'idempotency_mismatch';
      const refused = isMismatch ? undefined : await this.#refused(begun, error);
      if (refused !== undefined) {
        return refused;
      }
      // Somebody else has brought something under this key: what that was, the server tells who asks to give it up.
      if (isMismatch) {
        return this.#cancel(begun);
      }
      // The server takes nothing now. Left open, it would be charged at some later time, when nobody expects it.
      if (error instanceof LatchkeyError && error.code === 'account_locked') {
        const { end } = await this.#cancel(begun);
        if (end.kind === 'cancelled') throw error;
      }
      throw paymentLeftOpen(begun, error);
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
        throw paymentLeftOpen(begun, error);
      }
      return refused;
    }
  }

  /** The new code first: if the journal does not get that far, the same request brings the same reply once more. */
  async #accept(begun: BegunPayment, { renewal, ...reply }: PaymentReply): Promise<EndedPayment> {
    const { codes } = this.#context;
    const held = await codes.get(begun.accountId);
    if (renewal !== undefined && held !== undefined && held.number === begun.codeNumber) {
      const { algorithm, number } = held;
      await codes.set(begun.accountId, { algorithm, number: number + 1, code: renewed(held, renewal, begun.accountId) });
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
    if (end.kind !== 'accepted') {
      await this.#forgetNext(begun.accountId);
    }
    await this.#context.journal.end(begun, end);
    return { ...begun, end };
  }

  #newKey(): string {
    return base64url(this.#context.random.bytes(16));
  }
}

function isOf({ payee, amount, memo, code, shareRequestId }: Order, { request }: BegunPayment): boolean {
  const isSame = request.payeeId === payee.id && amountText(request.amount) === amountText(amount) && request.memo === memo;
  return isSame && isSameCode(code, request.code) && request.shareRequestId === shareRequestId;
}

/** Whether two payments ask for the same credit payment code, or both for none. */
function isSameCode(one: CodeOrder | undefined, other: CodeOrder | undefined): boolean {
  const text = (code: CodeOrder | undefined) => code && [code.maxEach, code.uses, code.validMs, base64url(code.holderKey), ...(code.payees ?? [])].join();
  return text(one) === text(other);
}

function renewed({ code }: HeldCode, renewal: NonNullable<PaymentReply['renewal']>, accountId: string): Uint8Array {
  return 'rotation' in renewal ? nextCode(code, renewal.rotation, accountId) : renewal.nextCode;
}

/** The error that leaves a payment open, with what can be done. */
export function paymentLeftOpen({ request, payee }: BegunPayment, error: unknown): unknown {
  if (request.code !== undefined) {
    return withOutcome(
      error,
      `It is not known whether the code over ${amountText(request.amount)} was issued.`,
      'The next `latchkey code issue` or `latchkey code list` finds out first and finishes it, never twice; `latchkey pay --cancel` gives it up.',
    );
  }
  if (request.shareRequestId !== undefined) {
    return withOutcome(
      error,
      `It is not known whether ${amountText(request.amount)} for request ${request.shareRequestId} is held.`,
      'The same command again finds out first and goes on, never paying twice; if nothing comes of it, the money goes back by itself.',
    );
  }
  return withOutcome(
    error,
    `It is not known whether ${amountText(request.amount)} to ${payee.name} was paid.`,
    'The next `latchkey pay` finds out first and pays it if need be, never twice; `latchkey pay --cancel` gives it up.',
  );
}
