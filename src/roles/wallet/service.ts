import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { available, type Account, type Payee } from '../../domain/account.ts';
import { LatchkeyError, errorTable } from '../../domain/errors.ts';
import { parseId } from '../../domain/identifiers.ts';
import { checkedAmount } from '../../domain/money.ts';
import { parseDescription } from '../../domain/device.ts';
import { isFinalRefusal, longestHoldMs, parseIdentityCode, waitAfterWrong, type FinalRefusal, type PasswordAlgorithm, type Payment } from '../../domain/payment.ts';
import { recordedActor } from '../../domain/token.ts';
import { base64url } from '../../protocol/encoding.ts';
import { md5Password, nextCode, rotationBytes, temporaryCodeBytes, transactionPassword } from '../../protocol/transaction-password.ts';
import { openAccount } from '../ledger/accounts.ts';
import { releaseOverdue } from '../ledger/holds.ts';
import type { Binding, Lookup } from '../ledger/store.ts';
import { auditEntry, newId, requireKnown, within, type ServiceContext } from '../service-context.ts';
import type { Store } from '../store.ts';
import { outcomeFrom, outcomeText, replyOf, type Outcome } from './outcome.ts';
import type {
  BindingStatus,
  BindRequest,
  NewBinding,
  PaymentReply,
  PaymentRequest,
  VerificationRequest,
  VerificationSender,
  VerificationSent,
  WalletRole,
} from './ports.ts';
import { requestVerification, takeVerification } from './verification.ts';

export interface WalletServiceContext extends ServiceContext {
  readonly verificationSender?: VerificationSender | undefined;
  /** Whether the password as first described may be chosen (protocol.md section 4). */
  readonly allowMd5?: boolean | undefined;
}

/** The terminal that the person at this machine's own database is. */
const localTerminalId = 'terminal_local';
/** Somebody else changed what a payment was judged by: it is judged anew. */
const overtaken = Symbol('overtaken');
const mostTries = 100;

export class WalletService implements WalletRole {
  readonly #context: WalletServiceContext;

  constructor(context: WalletServiceContext) {
    this.#context = context;
  }

  async requestVerification(request: VerificationRequest): Promise<VerificationSent> {
    return requestVerification(this.#context, this.#terminalId, request);
  }

  async bind({ verificationId, verificationCode, identityCode, algorithm: wanted }: BindRequest): Promise<NewBinding> {
    const terminalId = this.#terminalId;
    parseIdentityCode(identityCode);
    const { store, random, clock } = this.#context;
    const outcome = await store.transaction(async (tx): Promise<NewBinding | LatchkeyError> => {
      const account = await takeVerification(within(this.#context, tx), terminalId, verificationId, verificationCode);
      if (account instanceof LatchkeyError) {
        return account;
      }
      const earlier = await tx.bindings.find(account.id, terminalId);
      const algorithm = this.#algorithm(wanted, earlier?.algorithm);
      const code = random.bytes(temporaryCodeBytes);
      const binding: Binding = {
        accountId: account.id,
        terminalId,
        algorithm,
        codeNumber: (earlier?.codeNumber ?? 0) + 1,
        code,
        identityCode,
        wrong: 0,
        lockedUntil: undefined,
        supersededAt: undefined,
        boundAt: clock.now(),
      };
      await tx.bindings.put(binding, await this.#lookup(tx, binding, code));
      await tx.audit.append(auditEntry(this.#context, { action: 'account.bound', detail: { account_id: account.id, terminal_id: terminalId, algorithm } }));
      const { id: accountId, name, currency } = account;
      return { accountId, name, currency, terminalId, algorithm, temporaryCode: { number: binding.codeNumber, code } };
    });
    // With what it changed, a try counted, on the disk.
    if (outcome instanceof LatchkeyError) {
      throw outcome;
    }
    return outcome;
  }

  async bindings(): Promise<readonly BindingStatus[]> {
    const { store } = this.#context;
    const statuses: BindingStatus[] = [];
    for (const { code: _code, identityCode: _identityCode, ...binding } of await store.bindings.ofTerminal(this.#terminalId)) {
      const account = await store.accounts.find(binding.accountId);
      if (account !== undefined) {
        const { name, currency, held } = account;
        const otherTerminals = (await store.bindings.countOf(account.id)) - 1;
        statuses.push({ ...binding, name, currency, held, available: available(account), otherTerminals });
      }
    }
    return statuses;
  }

  async payee(reference: string): Promise<Payee> {
    requireKnown(this.#context.actor);
    const { id, name, currency } = await openAccount(this.#context.store, reference);
    return { id, name, currency };
  }

  async pay(request: PaymentRequest): Promise<PaymentReply> {
    parseId(request.key, 'idempotency key');
    checkedAmount(request.amount);
    if (request.memo !== undefined) parseDescription(request.memo, 'memo');
    if (request.holdMs !== undefined && (request.holdMs <= 0 || request.holdMs > longestHoldMs)) {
      throw new LatchkeyError('invalid_input', 'A payment is held for more than nothing and at most 30d.');
    }
    return replyOf(await this.#untilJudged((foreseen) => this.#judge(request, foreseen)));
  }

  async cancel({ accountId, key }: { readonly accountId: string; readonly key: string }): Promise<PaymentReply | undefined> {
    parseId(key, 'idempotency key');
    const terminalId = this.#terminalId;
    const outcome = await this.#context.store.transaction(async (tx) => {
      if ((await tx.bindings.find(accountId, terminalId)) === undefined) {
        throw new LatchkeyError('not_bound');
      }
      await tx.payments.insertCancelled({ id: newId(this.#context, 'pay'), accountId, key, terminalId, at: this.#context.clock.now() });
      return (await tx.payments.findKept(accountId, key))!;
    });
    if (outcome.terminalId !== terminalId) {
      throw new LatchkeyError('idempotency_mismatch');
    }
    return outcome.state === 'cancelled' ? undefined : replyOf(outcomeFrom(outcome.reply));
  }

  get #terminalId(): string {
    const actor = requireKnown(this.#context.actor);
    if (actor.kind === 'token' && actor.token.role !== 'terminal') {
      throw new LatchkeyError('forbidden', 'Only a terminal may do that.');
    }
    return actor.kind === 'local' ? localTerminalId : actor.token.id;
  }

  #algorithm(wanted: PasswordAlgorithm | undefined, earlier: PasswordAlgorithm | undefined): PasswordAlgorithm {
    const algorithm = wanted ?? earlier ?? 'hmac-sha256';
    if (algorithm === 'md5' && this.#context.allowMd5 !== true) {
      throw new LatchkeyError('algorithm_disabled', 'The server does not allow md5.');
    }
    if (algorithm === 'md5' && earlier === 'hmac-sha256') {
      throw new LatchkeyError('algorithm_disabled', 'A terminal that has hmac-sha256 does not go back to md5.', { hint: 'Leave --algorithm out.' });
    }
    return algorithm;
  }

  /**
   * Runs it until nothing comes in between. What the database says no to is foreseen in the next run, which puts the
   * refusal on record: it is final.
   */
  async #untilJudged(judge: (foreseen: FinalRefusal | undefined) => Promise<Outcome>): Promise<Outcome> {
    let foreseen: FinalRefusal | undefined;
    for (let tries = 1; ; tries += 1) {
      try {
        return await judge(foreseen);
      } catch (error) {
        if (tries === mostTries) {
          throw error === overtaken ? new LatchkeyError('storage_locked', 'Too many payments of one terminal at once.') : error;
        }
        if (error instanceof LatchkeyError && isFinalRefusal(error.code) && foreseen === undefined) {
          const isFreed = error.code === 'insufficient_funds' && (await releaseOverdue(this.#context)) > 0;
          foreseen = isFreed ? undefined : error.code;
        } else if (error !== overtaken) {
          throw error;
        }
      }
    }
  }

  #judge(request: PaymentRequest, foreseen: FinalRefusal | undefined): Promise<Outcome> {
    return this.#context.store.transaction(async (tx) => {
      const { binding, spent } = await this.#bindingOf(tx, request);
      const fingerprint = fingerprintOf(request, binding);
      const kept = await tx.payments.findKept(binding.accountId, request.key);
      if (kept?.state === 'cancelled') {
        return { refusal: 'payment_cancelled', message: errorTable.payment_cancelled.title };
      }
      if (kept !== undefined) {
        if (!timingSafeEqual(kept.fingerprint, fingerprint)) {
          throw new LatchkeyError('idempotency_mismatch');
        }
        return outcomeFrom(kept.reply);
      }
      const now = this.#context.clock.now();
      if (binding.lockedUntil !== undefined && binding.lockedUntil > now) {
        throw new LatchkeyError('account_locked', undefined, { retryAfter: Math.ceil((binding.lockedUntil.getTime() - now.getTime()) / 1000) });
      }
      const judged = new Judgement(within(this.#context, tx), binding, request, fingerprint, now);
      const { codeNumber = binding.codeNumber } = request;
      if (spent || codeNumber < binding.codeNumber) {
        await tx.bindings.noteSuperseded(binding, now);
        return judged.refuse('code_superseded');
      }
      if (codeNumber > binding.codeNumber) {
        return judged.refuse('code_unknown');
      }
      if (!isRight(request, binding)) {
        const wait = waitAfterWrong(binding.wrong + 1);
        if (!(await tx.bindings.countWrong(binding, wait === 0 ? undefined : new Date(now.getTime() + wait)))) {
          throw overtaken;
        }
        return judged.refuse('password_wrong');
      }
      const payer = (await tx.accounts.find(binding.accountId))!;
      const payee = await tx.accounts.find(request.payeeId);
      const refusal = foreseen ?? objection(payer, payee, request);
      if (refusal !== undefined) {
        return judged.refuse(refusal);
      }
      return judged.accept(payee!, (code) => this.#lookup(tx, binding, code));
    });
  }

  /** Errors: `not_bound`, `password_wrong` where a password finds no account. */
  async #bindingOf(tx: Store, { accountId, key, password }: PaymentRequest): Promise<{ binding: Binding; spent: boolean }> {
    const terminalId = this.#terminalId;
    if (accountId !== undefined) {
      const binding = await tx.bindings.find(accountId, terminalId);
      if (binding === undefined) {
        throw new LatchkeyError('not_bound');
      }
      return { binding, spent: false };
    }
    const found = await tx.bindings.findByLookup(terminalId, await this.#hash(tx, password));
    if (found !== undefined) {
      return found;
    }
    // A wrong one finds none; whose it was meant to be is told by what the key was used for, or by there being one alone.
    const candidates = (await tx.bindings.ofTerminal(terminalId)).filter(({ algorithm }) => algorithm === 'md5');
    for (const binding of candidates) {
      if ((await tx.payments.findKept(binding.accountId, key)) !== undefined) {
        return { binding, spent: false };
      }
    }
    if (candidates.length === 0) {
      throw new LatchkeyError('not_bound');
    }
    return { binding: candidates.reduce((most, one) => (one.wrong > most.wrong ? one : most)), spent: false };
  }

  async #lookup(tx: Store, { algorithm, identityCode }: Binding, code: Uint8Array): Promise<Lookup> {
    return algorithm === 'md5' ? this.#hash(tx, md5Password(code, identityCode)) : undefined;
  }

  /** Of passwords that are looked up: nobody learns one from the database. */
  async #hash(tx: Store, password: string): Promise<Uint8Array> {
    let key = await tx.settings.get(lookupKey);
    if (key === undefined) {
      await tx.settings.insert(lookupKey, base64url(this.#context.random.bytes(32)));
      key = (await tx.settings.get(lookupKey))!;
    }
    return createHmac('sha256', key).update(password).digest();
  }
}

const lookupKey = 'password-lookup-key';

/** One payment under judgement, inside its transaction. */
class Judgement {
  readonly #context: ServiceContext;
  readonly #binding: Binding;
  readonly #request: PaymentRequest;
  readonly #fingerprint: Uint8Array;
  readonly #now: Date;

  constructor(context: ServiceContext, binding: Binding, request: PaymentRequest, fingerprint: Uint8Array, now: Date) {
    this.#context = context;
    this.#binding = binding;
    this.#request = request;
    this.#fingerprint = fingerprint;
    this.#now = now;
  }

  async refuse(refusal: FinalRefusal): Promise<Outcome> {
    const outcome = { refusal, message: errorTable[refusal].title };
    await this.#record({ ...this.#payment(), state: 'refused', endedAt: this.#now, reason: refusal }, outcome);
    return outcome;
  }

  /** Payment, what moves, next code and reply, in one transaction (protocol.md section 4). */
  async accept({ id, name, currency }: Account, lookupOf: (code: Uint8Array) => Promise<Lookup>): Promise<Outcome> {
    const { store, random } = this.#context;
    const { algorithm, code, accountId } = this.#binding;
    const rotation = random.bytes(rotationBytes);
    const next = algorithm === 'md5' ? rotation : nextCode(code, rotation, accountId);
    if (!(await store.bindings.advance(this.#binding, next, await lookupOf(next)))) {
      throw overtaken;
    }
    const { holdMs, amount } = this.#request;
    const payment: Payment = holdMs === undefined
      ? { ...this.#payment(), state: 'paid', captured: amount.minor, endedAt: this.#now }
      : { ...this.#payment(), state: 'held', expiresAt: new Date(this.#now.getTime() + holdMs) };
    const reply: PaymentReply = {
      paymentId: payment.id,
      state: holdMs === undefined ? 'paid' : 'held',
      accountId,
      payee: { id, name, currency },
      amount,
      at: this.#now,
      expiresAt: payment.expiresAt,
      renewal: algorithm === 'md5' ? { nextCode: next } : { rotation },
    };
    await this.#record(payment, { reply });
    if (payment.state === 'paid') {
      // Last, for it is what others wait for: the rows of both accounts.
      await store.postings.insert({
        id: newId(this.#context, 'pst'),
        at: this.#now,
        kind: 'payment',
        debitId: accountId,
        creditId: id,
        amount,
        paymentId: payment.id,
        actor: recordedActor(this.#context.actor),
        memo: payment.memo,
      });
    }
    return { reply };
  }

  async #record(payment: Payment, outcome: Outcome): Promise<void> {
    await this.#context.store.payments.insert(payment, { fingerprint: this.#fingerprint, reply: outcomeText(outcome) });
  }

  #payment(): Omit<Payment, 'state'> {
    const { key, payeeId, amount, memo } = this.#request;
    const { accountId, terminalId } = this.#binding;
    return {
      id: newId(this.#context, 'pay'),
      accountId,
      key,
      terminalId,
      payeeId,
      amount,
      captured: 0n,
      refunded: 0n,
      memo,
      at: this.#now,
      expiresAt: undefined,
      endedAt: undefined,
      reason: undefined,
    };
  }
}

/** The whole request: account, terminal, payee, amount, password and what it buys (protocol.md section 3). */
function fingerprintOf({ payeeId, amount, password, memo, holdMs }: PaymentRequest, { accountId, terminalId }: Binding): Uint8Array {
  const parts = [accountId, terminalId, payeeId, amount.minor.toString(), amount.currency, password, memo ?? null, holdMs ?? null];
  return createHash('sha256').update(JSON.stringify(parts)).digest();
}

function isRight({ password, amount, payeeId, key }: PaymentRequest, { algorithm, code, identityCode, accountId }: Binding): boolean {
  const right = transactionPassword(algorithm, code, identityCode, { accountId, amount, payeeId, idempotencyKey: key });
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(password), digest(right));
}

function objection(payer: Account, payee: Account | undefined, { amount }: PaymentRequest): FinalRefusal | undefined {
  if (payee === undefined || payee.kind !== 'customer') return 'account_not_found';
  if (payee.id === payer.id) return 'payee_is_payer';
  if (payer.closedAt !== undefined || payee.closedAt !== undefined) return 'account_closed';
  if (amount.currency !== payer.currency || amount.currency !== payee.currency) return 'currency_mismatch';
  return undefined;
}
