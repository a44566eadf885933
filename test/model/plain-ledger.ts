/**
 * What a ledger with rolling passwords has to be, in plain numbers: protocol.md section 4, without a database, crashes
 * or cryptography. Who made a password, with what, it is told.
 */

export interface PlainAccount {
  readonly id: string;
  readonly name: string;
  readonly currency: string;
  balance: number;
  held: number;
  closed: boolean;
}

/** What a password was made of, to be compared where the server computes. */
export interface Ingredients {
  /** Hexadecimal. */
  readonly code: string;
  readonly identityCode: string;
}

/** A temporary code that nobody has seen yet. */
export const fresh = 'fresh';

export interface PlainBinding {
  readonly accountId: string;
  readonly terminalId: string;
  algorithm: 'hmac-sha256' | 'md5';
  number: number;
  code: string;
  identityCode: string;
  /** Its number when the terminal was bound last. */
  bound: number;
  /** `md5`: by what the last password but one was made. */
  spent: Ingredients | undefined;
  wrong: number;
  lockedUntil: number | undefined;
  supersededAt: number | undefined;
  boundAt: number;
}

export interface PlainRequest {
  readonly key: string;
  readonly accountId: string | undefined;
  readonly codeNumber: number | undefined;
  readonly payeeId: string;
  readonly minor: number;
  readonly currency: string;
  readonly password: string;
  /** Undefined if it was guessed, or made for anything else. */
  readonly made: Ingredients | undefined;
  readonly memo: string | undefined;
  readonly holdMs: number | undefined;
  /** The cash register that it buys time at. */
  readonly registerId: string | undefined;
}

/** Whose money is taken, and at whose word: a terminal's by its binding, or a register's by a mandate. */
export interface Taking {
  readonly accountId: string;
  readonly terminalId: string;
  /** Renewed by a success. */
  readonly binding: PlainBinding | undefined;
  /** Makes what the payment is for, in one with it. */
  readonly buy: ((payment: PlainPayment) => void) | undefined;
}

export interface PlainPayment {
  readonly accountId: string;
  readonly key: string;
  readonly terminalId: string;
  state: 'held' | 'paid' | 'released' | 'refused' | 'cancelled';
  /** Undefined for a tombstone. */
  readonly request: PlainRequest | undefined;
  readonly at: number;
  captured: number;
  refunded: number;
  readonly expiresAt: number | undefined;
  readonly refusal: string | undefined;
  reason: string | undefined;
  /** Learnt when it is first seen, never to change. */
  id: string | undefined;
}

export interface PlainPosting {
  readonly kind: string;
  readonly debitId: string;
  readonly creditId: string;
  readonly minor: number;
  readonly unheld: number;
  /** Account and key of the payment that it is of. */
  readonly payment: string | undefined;
  readonly memo: string | undefined;
}

export interface PlainVerification {
  /** Learnt when it is first seen. */
  id: string | undefined;
  readonly terminalId: string;
  readonly key: string;
  readonly accountId: string | undefined;
  code: string;
  tries: number;
  readonly createdAt: number;
  used: boolean;
}

/** What a call comes to, as its caller sees it: a code of an error, or what was done. */
export type Expected =
  | { readonly error: string; readonly retryAfter?: number }
  | { readonly payment: string }
  /** `payment`: what paid it in the ledger. */
  | { readonly charged: string; readonly payment: string | undefined }
  | { readonly access: string }
  | { readonly cancelled: true }
  | { readonly done: true }
  | { readonly bound: { readonly accountId: string; readonly number: number; readonly algorithm: string } }
  | { readonly verification: string };

/** A call in parts, each of which is done or not, in their order; and what it comes to if all are. */
export interface Judged {
  readonly parts: readonly (() => void)[];
  readonly expected: Expected;
}

/** A payment by account and key, a binding by account and terminal, a verification by terminal and key. */
export const paymentName = (accountId: string, key: string) => `${accountId} ${key}`;
export const bindingName = paymentName;
export const verificationName = paymentName;

export const done = { done: true } as const;

const firstWaitMs = 60_000;
const longestWaitMs = 24 * 3_600_000;
const verificationMs = 600_000;
const dayMs = 86_400_000;

export class PlainLedger {
  accounts = new Map<string, PlainAccount>();
  bindings = new Map<string, PlainBinding>();
  payments = new Map<string, PlainPayment>();
  postings: PlainPosting[] = [];
  verifications = new Map<string, PlainVerification>();

  /** The same once more, to try on. */
  copy(): PlainLedger {
    return Object.assign(new PlainLedger(), structuredClone({ ...this }));
  }

  account(id: string): PlainAccount {
    return this.accounts.get(id)!;
  }

  binding(accountId: string, terminalId: string): PlainBinding | undefined {
    return this.bindings.get(bindingName(accountId, terminalId));
  }

  payment(accountId: string, key: string): PlainPayment | undefined {
    return this.payments.get(paymentName(accountId, key));
  }

  // What a terminal asks for.

  /** `counts`: whether it came under the terminal's own token. */
  pay(terminalId: string, request: PlainRequest, now: number, { counts = true, buy }: { readonly counts?: boolean; readonly buy?: Taking['buy'] } = {}): Judged {
    const found = this.#bindingOf(terminalId, request);
    if (found === undefined) {
      return refused('not_bound');
    }
    const { binding, isSpent } = found;
    const { accountId } = binding;
    const { key, codeNumber = binding.number } = request;
    const kept = this.payment(accountId, key);
    if (kept !== undefined) {
      return this.again(kept, terminalId, request);
    }
    if (binding.lockedUntil !== undefined && binding.lockedUntil > now) {
      const parts = counts ? [] : [() => this.#giveUp(accountId, key, terminalId, now)];
      return { parts, expected: { error: 'account_locked', retryAfter: Math.ceil((binding.lockedUntil - now) / 1000) } };
    }
    const taking = { accountId, terminalId, binding, buy };
    if (isSpent || codeNumber < binding.number) {
      return this.refuse(taking, request, now, 'code_superseded', { also: () => { if (counts) binding.supersededAt = now; } });
    }
    if (codeNumber > binding.number) {
      return this.refuse(taking, request, now, 'code_unknown');
    }
    if (!isMadeOf(request.made, binding)) {
      return this.refuse(taking, request, now, 'password_wrong', {
        also: () => {
          if (!counts) return;
          binding.wrong += 1;
          binding.lockedUntil = binding.wrong < 5 ? undefined : now + Math.min(longestWaitMs, firstWaitMs * 2 ** (binding.wrong - 5));
        },
      });
    }
    return this.take(taking, request, now);
  }

  /** What a request under a key that is taken comes to. */
  again(kept: PlainPayment, terminalId: string, request: PlainRequest): Judged {
    if (kept.state === 'cancelled') {
      return refused('payment_cancelled');
    }
    return kept.terminalId === terminalId && isSame(kept.request!, request) ? { parts: [], expected: cameTo(kept) } : refused('idempotency_mismatch');
  }

  /** Puts it on record, for good. */
  refuse(of: Taking, request: PlainRequest, now: number, refusal: string, { also, before = [] }: { readonly also?: () => void; readonly before?: Judged['parts'] } = {}): Judged {
    const refuse = () => {
      also?.();
      this.#record(of, request, now, { state: 'refused', refusal });
    };
    return { parts: [...before, refuse], expected: { error: refusal } };
  }

  /** Moves or holds the money, if that can be. */
  take(taking: Taking, request: PlainRequest, now: number): Judged {
    const { accountId, binding, buy } = taking;
    const { key } = request;
    const payer = this.account(accountId);
    const payee = this.accounts.get(request.payeeId);
    const refuse = (refusal: string) => this.refuse(taking, request, now, refusal);
    if (payee === undefined || payee.id.startsWith('out_')) return refuse('account_not_found');
    if (payee.id === payer.id) return refuse('payee_is_payer');
    if (payer.closed || payee.closed) return refuse('account_closed');
    if (request.currency !== payer.currency || request.currency !== payee.currency) return refuse('currency_mismatch');
    const before: (() => void)[] = [];
    let available = payer.balance - payer.held;
    if (available < request.minor) {
      // What is held no longer is given back first, everybody's.
      for (const overdue of this.overdue(now)) {
        before.push(() => this.release(overdue, 'expired'));
        available += overdue.accountId === accountId ? overdue.request!.minor : 0;
      }
    }
    if (available < request.minor) {
      return this.refuse(taking, request, now, 'insufficient_funds', { before });
    }
    const charge = () => {
      if (binding !== undefined) {
        binding.spent = binding.algorithm === 'md5' ? { code: binding.code, identityCode: binding.identityCode } : undefined;
        Object.assign(binding, { number: binding.number + 1, code: fresh, wrong: 0, lockedUntil: undefined });
      }
      const isHold = request.holdMs !== undefined;
      const payment = this.#record(taking, request, now, { state: isHold ? 'held' : 'paid', captured: isHold ? 0 : request.minor });
      if (isHold) payer.held += request.minor;
      else this.#post({ kind: 'payment', debitId: accountId, creditId: payee.id, minor: request.minor, payment: paymentName(accountId, key), memo: request.memo });
      buy?.(payment);
    };
    return { parts: [...before, charge], expected: { payment: paymentName(accountId, key) } };
  }

  cancel(terminalId: string, { accountId, key }: { readonly accountId: string; readonly key: string }, now: number): Judged {
    if (this.binding(accountId, terminalId) === undefined) {
      return refused('not_bound');
    }
    const kept = this.payment(accountId, key);
    if (kept === undefined) {
      return { parts: [() => this.#giveUp(accountId, key, terminalId, now)], expected: { cancelled: true } };
    }
    if (kept.terminalId !== terminalId) {
      return refused('idempotency_mismatch');
    }
    return { parts: [], expected: kept.state === 'cancelled' ? { cancelled: true } : cameTo(kept) };
  }

  #giveUp(accountId: string, key: string, terminalId: string, at: number): void {
    this.payments.set(paymentName(accountId, key), {
      accountId, key, terminalId, state: 'cancelled', request: undefined, at, captured: 0, refunded: 0,
      expiresAt: undefined, refusal: undefined, reason: undefined, id: undefined,
    });
  }

  requestVerification(terminalId: string, { key, account, name }: { readonly key: string; readonly account: string; readonly name: string }, now: number): Judged {
    const verification = verificationName(terminalId, key);
    if (this.verifications.has(verification)) {
      return { parts: [], expected: { verification } };
    }
    const today = [...this.verifications.values()].filter((one) => one.terminalId === terminalId && one.createdAt > now - dayMs);
    if (today.length >= 10) {
      return refused('verification_limit');
    }
    const meant = this.accounts.get(account);
    const accountId = meant !== undefined && !meant.closed && meant.name === name ? meant.id : undefined;
    const made: PlainVerification = { id: undefined, terminalId, key, accountId, code: fresh, tries: 0, createdAt: now, used: false };
    return { parts: [() => this.verifications.set(verification, made)], expected: { verification } };
  }

  bind(
    terminalId: string,
    { verificationId, verificationCode, identityCode, algorithm: wanted }: { readonly verificationId: string; readonly verificationCode: string; readonly identityCode: string; readonly algorithm?: 'hmac-sha256' | 'md5' | undefined },
    now: number,
  ): Judged {
    const verification = [...this.verifications.values()].find(({ id }) => id === verificationId);
    if (verification === undefined || verification.terminalId !== terminalId || verification.used || verification.createdAt + verificationMs <= now || verification.tries >= 5) {
      return refused('verification_code_over');
    }
    const { accountId } = verification;
    if (verification.code !== verificationCode || accountId === undefined || this.account(accountId).closed) {
      return { parts: [() => { verification.tries += 1; }], expected: { error: 'verification_code_wrong' } };
    }
    const use = () => {
      verification.tries += 1;
      verification.used = true;
    };
    const earlier = this.binding(accountId, terminalId);
    if (earlier !== undefined && earlier.boundAt > verification.createdAt) {
      return { parts: [use], expected: { error: 'verification_code_over' } };
    }
    const algorithm = wanted ?? earlier?.algorithm ?? 'hmac-sha256';
    if (algorithm === 'md5' && earlier?.algorithm === 'hmac-sha256') {
      return refused('algorithm_disabled');
    }
    const number = (earlier?.number ?? 0) + 1;
    const bind = () => {
      use();
      const spent = earlier?.algorithm === 'md5' ? { code: earlier.code, identityCode: earlier.identityCode } : undefined;
      this.bindings.set(bindingName(accountId, terminalId), {
        accountId, terminalId, algorithm, number, bound: number, code: fresh, identityCode, spent, wrong: 0, lockedUntil: undefined, supersededAt: undefined, boundAt: now,
      });
    };
    return { parts: [bind], expected: { bound: { accountId, number, algorithm } } };
  }

  // What others do.

  move(kind: 'topup' | 'payout', id: string, minor: number): Judged {
    const account = this.account(id);
    const outside = `out_${account.currency}`;
    if (account.closed) return refused('account_closed');
    if (kind === 'payout' && account.balance - account.held < minor) return refused('insufficient_funds');
    const sides = kind === 'topup' ? { debitId: outside, creditId: id } : { debitId: id, creditId: outside };
    return {
      parts: [() => {
        if (!this.accounts.has(outside)) {
          this.accounts.set(outside, { id: outside, name: outside, currency: account.currency, balance: 0, held: 0, closed: false });
        }
        this.#post({ kind, ...sides, minor });
      }],
      expected: done,
    };
  }

  capture(payment: PlainPayment, minor: number | undefined, now: number): Judged {
    const { accountId, key, request } = payment;
    if (payment.state !== 'held' || payment.expiresAt! <= now) return refused('payment_not_held');
    const captured = minor ?? request!.minor;
    if (captured > request!.minor) return refused('amount_too_large');
    if (this.account(request!.payeeId).closed) return refused('account_closed');
    return {
      parts: [() => {
        Object.assign(payment, { state: 'paid', captured });
        this.#post({ kind: 'payment', debitId: accountId, creditId: request!.payeeId, minor: captured, unheld: request!.minor, payment: paymentName(accountId, key), memo: request!.memo });
      }],
      expected: done,
    };
  }

  releaseByHand(payment: PlainPayment, now: number): Judged {
    if (payment.state !== 'held' || payment.expiresAt! <= now) return refused('payment_not_held');
    return { parts: [() => this.release(payment, 'given back')], expected: done };
  }

  release(payment: PlainPayment, reason: string): void {
    Object.assign(payment, { state: 'released', reason });
    this.account(payment.accountId).held -= payment.request!.minor;
  }

  /** Held longer than agreed. */
  overdue(now: number): PlainPayment[] {
    return [...this.payments.values()].filter(({ state, expiresAt }) => state === 'held' && expiresAt! <= now).toSorted((one, other) => one.expiresAt! - other.expiresAt!);
  }

  refund(payment: PlainPayment, minor: number | undefined): Judged {
    const { accountId, key, request } = payment;
    const back = minor ?? payment.captured - payment.refunded;
    if (back === 0 || payment.captured - payment.refunded < back) return refused('refund_too_large');
    const payee = this.account(request!.payeeId);
    if (payee.closed || this.account(accountId).closed) return refused('account_closed');
    if (payee.balance - payee.held < back) return refused('insufficient_funds');
    return {
      parts: [() => {
        payment.refunded += back;
        this.#post({ kind: 'refund', debitId: payee.id, creditId: accountId, minor: back, payment: paymentName(accountId, key) });
      }],
      expected: done,
    };
  }

  close(id: string): Judged {
    const account = this.account(id);
    if (account.closed) return { parts: [], expected: done };
    if (account.balance !== 0 || account.held !== 0) return refused('account_not_empty');
    return { parts: [() => { account.closed = true; }], expected: done };
  }

  unlock(id: string): Judged {
    return {
      parts: [() => {
        for (const binding of this.bindings.values()) {
          if (binding.accountId === id) Object.assign(binding, { wrong: 0, lockedUntil: undefined });
        }
      }],
      expected: done,
    };
  }

  /** An `md5` password finds its account, now or as the last one spent; a wrong one counts where its request is not known yet. */
  #bindingOf(terminalId: string, request: PlainRequest): { readonly binding: PlainBinding; readonly isSpent: boolean } | undefined {
    if (request.accountId !== undefined) {
      const binding = this.binding(request.accountId, terminalId);
      return binding && { binding, isSpent: false };
    }
    const own = [...this.bindings.values()].filter((binding) => binding.terminalId === terminalId);
    const next = own.find((binding) => binding.algorithm === 'md5' && isMadeOf(request.made, binding));
    if (next !== undefined) return { binding: next, isSpent: false };
    const last = own.find(({ spent }) => spent !== undefined && isMadeOf(request.made, spent));
    if (last !== undefined) return { binding: last, isSpent: true };
    const same = own.find(({ accountId }) => {
      const kept = this.payment(accountId, request.key);
      // Another terminal's request under this key is another one, whatever it says.
      return kept?.request !== undefined && kept.terminalId === terminalId && isSame(kept.request, request);
    });
    if (same !== undefined) return { binding: same, isSpent: false };
    const md5 = own.filter(({ algorithm }) => algorithm === 'md5');
    const unused = md5.filter(({ accountId }) => this.payment(accountId, request.key) === undefined);
    const [first, ...others] = (unused.length > 0 ? unused : md5).toSorted((one, other) => (one.accountId < other.accountId ? -1 : 1));
    const binding = first && others.reduce((most, one) => (one.wrong > most.wrong ? one : most), first);
    return binding && { binding, isSpent: false };
  }

  #record({ accountId, terminalId }: Taking, request: PlainRequest, at: number, { state, captured = 0, refusal }: { state: PlainPayment['state']; captured?: number; refusal?: string }): PlainPayment {
    const { key, holdMs } = request;
    const payment: PlainPayment = {
      accountId, key, terminalId, state, request, at, captured, refunded: 0,
      expiresAt: state === 'held' ? at + holdMs! : undefined, refusal, reason: refusal, id: undefined,
    };
    this.payments.set(paymentName(accountId, key), payment);
    return payment;
  }

  #post({ kind, debitId, creditId, minor, unheld = 0, payment, memo }: Pick<PlainPosting, 'kind' | 'debitId' | 'creditId' | 'minor'> & Partial<PlainPosting>): void {
    this.postings.push({ kind, debitId, creditId, minor, unheld, payment, memo });
    const debit = this.account(debitId);
    debit.balance -= minor;
    debit.held -= unheld;
    this.account(creditId).balance += minor;
  }
}

/** Nothing is put on record of it. */
export function refused(error: string): Judged {
  return { parts: [], expected: { error } };
}

function cameTo({ accountId, key, refusal }: PlainPayment): Expected {
  return refusal === undefined ? { payment: paymentName(accountId, key) } : { error: refusal };
}

function isMadeOf(made: Ingredients | undefined, { code, identityCode }: Ingredients): boolean {
  return made !== undefined && code !== fresh && made.code === code && made.identityCode === identityCode;
}

function isSame(one: PlainRequest, other: PlainRequest): boolean {
  return one.payeeId === other.payeeId && one.minor === other.minor && one.currency === other.currency && one.password === other.password
    && one.holdMs === other.holdMs && one.registerId === other.registerId;
}
