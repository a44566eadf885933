import { creditTooLow, notEmpty, parseAccountName, parseCardReference, type Account } from '../../domain/account.ts';
import { parseCurrency } from '../../domain/currency.ts';
import { parseDescription } from '../../domain/device.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { amountText, checkedAmount, sameCurrency, type Amount } from '../../domain/money.ts';
import type { Payment } from '../../domain/payment.ts';
import { codesAccountId, isOwnAccountId, type Posting, type StatementLine } from '../../domain/posting.ts';
import { nextAsk, type TopUp } from '../../domain/top-up.ts';
import { recordedActor } from '../../domain/token.ts';
import { once } from '../idempotency.ts';
import type { Page, PageRequest } from '../page.ts';
import { auditEntry, newId, requireKnown, within } from '../service-context.ts';
import type { Store } from '../store.ts';
import { findAccount, openAccount } from './accounts.ts';
import type { AccountOpening, LedgerRole, Movement, OpenTopUp, TopUpRequest, Unlocked } from './ports.ts';
import type { LedgerVerification, PaymentFilter, TopUpFilter } from './store.ts';
import { goOn, outsideAccount, postTopUp, providerOf, type LedgerServiceContext } from './top-ups.ts';

export class LedgerService implements LedgerRole {
  readonly #context: LedgerServiceContext;

  constructor(context: LedgerServiceContext) {
    this.#context = context;
  }

  async open({ name, currency, cardReference, contact }: AccountOpening, idempotencyKey?: string): Promise<Account> {
    const account = {
      kind: 'customer' as const,
      name: parseAccountName(name),
      currency: parseCurrency(currency),
      cardReference: cardReference === undefined ? undefined : parseCardReference(cardReference),
      contact: contact === undefined ? undefined : parseDescription(contact, 'contact'),
    };
    const id = await this.#once('openAccount', idempotencyKey, account, async (tx) => {
      const opened = { ...account, id: newId(this.#context, 'acc'), openedAt: this.#context.clock.now() };
      if (!(await tx.accounts.insert(opened))) {
        throw new LatchkeyError('account_exists');
      }
      await tx.audit.append(auditEntry(this.#context, { action: 'account.opened', detail: { account_id: opened.id, currency } }));
      return opened.id;
    });
    return (await this.#context.store.accounts.find(id))!;
  }

  async accounts(page: PageRequest): Promise<Page<Account>> {
    return this.#context.store.accounts.list({ ids: await this.#visible() }, page);
  }

  async account(reference: string): Promise<Account> {
    const visible = await this.#visible();
    const account = await findAccount(this.#context.store, reference);
    if (account === undefined || visible?.includes(account.id) === false) {
      throw new LatchkeyError('account_not_found', `There is no account ${reference}.`);
    }
    return account;
  }

  async statement(reference: string, page: PageRequest): Promise<Page<StatementLine>> {
    const { store } = this.#context;
    const statement = await store.postings.statement((await this.account(reference)).id, page);
    const payers = this.#isPos ? [] : await this.#visible();
    return payers === undefined ? statement : { ...statement, items: await withoutPayers(store, statement.items, payers) };
  }

  async topUp(reference: string, amount: Amount, { provider: name = 'ledger', memo, idempotencyKey }: TopUpRequest = {}): Promise<OpenTopUp> {
    checkedAmount(amount);
    if (memo !== undefined) parseDescription(memo, 'memo');
    const provider = providerOf(this.#context, name);
    provider.check(amount);
    const { store, clock, actor } = this.#context;
    const request = { reference, minor: amount.minor.toString(), currency: amount.currency, memo, provider: name };
    const id = await this.#once('topup', idempotencyKey, request, async (tx) => {
      const account = await openAccount(tx, reference);
      sameCurrency(amount, account);
      const at = clock.now();
      const pending: TopUp = {
        id: newId(this.#context, 'top'),
        accountId: account.id,
        amount,
        provider: name,
        reference: undefined,
        state: 'pending',
        postingId: undefined,
        actor: recordedActor(actor),
        memo,
        at,
        endedAt: undefined,
        reason: undefined,
      };
      if (!provider.isImmediate) {
        await tx.topUps.insert(pending, nextAsk(pending, at));
        return pending.id;
      }
      const collection = await provider.begin({ topUpId: pending.id, accountId: account.id, amount });
      const postingId = newId(this.#context, 'pst');
      const posted: TopUp = { ...pending, amount: collection.amount, reference: collection.reference, state: 'posted', postingId, endedAt: at };
      await tx.topUps.insert(posted, at);
      await postTopUp(within(this.#context, tx), posted, postingId, at);
      return posted.id;
    });
    return goOn(this.#context, (await store.topUps.find(id))!);
  }

  async resumeTopUp(id: string): Promise<OpenTopUp> {
    requireKnown(this.#context.actor);
    const topUp = await this.#context.store.topUps.find(id);
    if (topUp === undefined) {
      throw new LatchkeyError('topup_not_found', `There is no top-up ${id}.`);
    }
    return goOn(this.#context, topUp);
  }

  async topUps(filter: TopUpFilter, page: PageRequest): Promise<Page<TopUp>> {
    requireKnown(this.#context.actor);
    return this.#context.store.topUps.list(filter, page);
  }

  async payOut(reference: string, amount: Amount, { memo, idempotencyKey }: Movement = {}): Promise<Posting> {
    checkedAmount(amount);
    if (memo !== undefined) parseDescription(memo, 'memo');
    const request = { reference, minor: amount.minor.toString(), currency: amount.currency, memo };
    const id = await this.#once('payout', idempotencyKey, request, async (tx) => {
      const account = await openAccount(tx, reference);
      sameCurrency(amount, account);
      const outside = await outsideAccount(within(this.#context, tx), amount.currency);
      return this.#post(tx, { kind: 'payout', debitId: account.id, creditId: outside, amount, memo });
    });
    return (await this.#context.store.postings.find(id))!;
  }

  async close(reference: string): Promise<Account> {
    const { store, clock } = this.#context;
    const account = await this.account(reference);
    if (account.closedAt !== undefined) {
      return account;
    }
    await store.transaction(async (tx) => {
      // No cash register comes to charge for it meanwhile.
      await tx.accounts.lock([account.id]);
      if (await tx.registers.chargesFor(account.id)) {
        throw new LatchkeyError('account_charged_for');
      }
      if (await tx.shareRequests.concerns(account.id)) {
        throw new LatchkeyError('account_shares');
      }
      if (account.kind !== 'customer' || !(await tx.accounts.close(account.id, clock.now()))) {
        throw notEmpty((await tx.accounts.find(account.id))!);
      }
      await tx.audit.append(auditEntry(this.#context, { action: 'account.closed', detail: { account_id: account.id } }));
    });
    return (await store.accounts.find(account.id))!;
  }

  async setCredit(reference: string, credit: Amount, idempotencyKey?: string): Promise<Account> {
    if (credit.minor !== 0n) checkedAmount(credit);
    const request = { reference, minor: credit.minor.toString(), currency: credit.currency };
    const id = await this.#once('setCredit', idempotencyKey, request, async (tx) => {
      const account = await openAccount(tx, reference);
      sameCurrency(credit, account);
      try {
        if ((await tx.accounts.setCredit(account.id, credit.minor)) === undefined) {
          throw new LatchkeyError('account_closed', `Account ${reference} is closed.`);
        }
      } catch (error) {
        throw error instanceof LatchkeyError && error.code === 'credit_in_use' ? creditTooLow(account, error) : error;
      }
      const detail = { account_id: account.id, minor: credit.minor.toString(), currency: credit.currency };
      await tx.audit.append(auditEntry(this.#context, { action: 'account.credit_set', detail }));
      return account.id;
    });
    return (await this.#context.store.accounts.find(id))!;
  }

  async reinstate(reference: string): Promise<Account> {
    const { id } = await this.account(reference);
    const { store } = this.#context;
    await store.transaction(async (tx) => {
      if (await tx.accounts.reinstate(id)) {
        await tx.audit.append(auditEntry(this.#context, { action: 'account.reinstated', detail: { account_id: id } }));
      }
    });
    return (await store.accounts.find(id))!;
  }

  async unlock(reference: string): Promise<Unlocked> {
    const account = await this.account(reference);
    const { store, clock } = this.#context;
    const terminals = await store.transaction(async (tx) => {
      const waited = await tx.bindings.unlock(account.id, clock.now());
      await tx.audit.append(auditEntry(this.#context, { action: 'account.unlocked', detail: { account_id: account.id, terminals: waited } }));
      return waited;
    });
    return { account, terminals };
  }

  async postings(page: PageRequest): Promise<Page<Posting>> {
    return this.#context.store.postings.list(page);
  }

  async verify(): Promise<LedgerVerification> {
    return this.#context.store.postings.verify();
  }

  async payments(filter: PaymentFilter, page: PageRequest): Promise<Page<Payment>> {
    const { actor, store } = this.#context;
    const role = actor.kind === 'token' ? actor.token.role : undefined;
    const visible = await this.#visible();
    const own = (asked: readonly string[] | undefined) => (visible === undefined ? asked : (asked?.filter((id) => visible.includes(id)) ?? visible));
    const { items, ...rest } = await store.payments.list(role === 'pos' ? { ...filter, payeeIds: own(filter.payeeIds) } : { ...filter, accountIds: own(filter.accountIds) }, page);
    return { ...rest, items: await this.#withCodes(items) };
  }

  async payment(id: string): Promise<Payment> {
    const [payment] = await this.#withCodes([await this.#payment(this.#context.store, id)]);
    return payment!;
  }

  /** Who sees the payments of an account sees its codes, too. */
  async #withCodes(payments: readonly Payment[]): Promise<Payment[]> {
    const ids = payments.filter(isOfCode).map(({ id }) => id);
    const codes = await this.#context.store.creditCodes.ofPayments(this.#isPos ? [] : ids);
    return payments.map((payment) => (codes.has(payment.id) ? { ...payment, codeId: codes.get(payment.id) } : payment));
  }

  async capture(id: string, amount?: Amount): Promise<Payment> {
    return this.#settle(id, async (tx, payment, now) => {
      const captured = amount === undefined ? payment.amount : checkedAmount(amount);
      sameCurrency(captured, payment.amount);
      if (captured.minor > payment.amount.minor) {
        throw new LatchkeyError('amount_too_large', `Payment ${id} holds ${amountText(payment.amount)}.`, { hint: 'Capture that or less.' });
      }
      const paid = await tx.payments.settle(id, { state: 'paid', captured: captured.minor, at: now, reason: undefined });
      if (paid !== undefined) {
        await this.#post(tx, { kind: 'payment', debitId: paid.accountId, creditId: paid.payeeId, amount: captured, unheld: payment.amount.minor, paymentId: id, memo: paid.memo });
      }
      return paid;
    });
  }

  async release(id: string, reason?: string): Promise<Payment> {
    const why = reason === undefined ? undefined : parseDescription(reason, 'reason');
    return this.#settle(id, (tx, _payment, now) => tx.payments.settle(id, { state: 'released', captured: 0n, at: now, reason: why }));
  }

  async refund(id: string, amount: Amount | undefined, { memo, idempotencyKey }: Movement = {}): Promise<Payment> {
    if (amount !== undefined) checkedAmount(amount);
    if (memo !== undefined) parseDescription(memo, 'memo');
    const request = { id, minor: amount?.minor.toString(), currency: amount?.currency, memo };
    await this.#once('refundPayment', idempotencyKey, request, async (tx) => {
      const payment = notOfCode(await this.#payment(tx, id));
      const back = amount ?? { minor: payment.captured - payment.refunded, currency: payment.amount.currency };
      sameCurrency(back, payment.amount);
      await tx.shareRequests.noteReturned(id, back.minor);
      const sale = await tx.sales.findByPayment(id);
      const isSaleLeft = sale === undefined || (await tx.sales.refund(sale.id, back.minor));
      if (back.minor === 0n || !isSaleLeft || (await tx.payments.refund(id, back.minor)) === undefined) {
        const left = { minor: payment.captured - payment.refunded, currency: payment.amount.currency };
        throw new LatchkeyError('refund_too_large', `Of payment ${id} ${amountText(left)} can go back.`);
      }
      await this.#post(tx, { kind: 'refund', debitId: payment.payeeId, creditId: payment.accountId, amount: back, paymentId: id, memo });
      return id;
    });
    return this.payment(id);
  }

  async #post(
    tx: Store,
    { unheld = 0n, ...posting }: Pick<Posting, 'kind' | 'debitId' | 'creditId' | 'amount' | 'memo'> & { readonly paymentId?: string; readonly unheld?: bigint },
  ): Promise<string> {
    const { clock, actor } = this.#context;
    const id = newId(this.#context, 'pst');
    await tx.postings.insert({ paymentId: undefined, ...posting, id, at: clock.now(), actor: recordedActor(actor), unheld });
    return id;
  }

  async #settle(id: string, settle: (tx: Store, payment: Payment, now: Date) => Promise<Payment | undefined>): Promise<Payment> {
    const { store, clock } = this.#context;
    return store.transaction(async (tx) => {
      const payment = notOfCode(await this.#payment(tx, id));
      if ((await tx.shareRequests.findByPayment(id)) !== undefined) {
        throw new LatchkeyError('payment_of_share', `Payment ${id} holds the fee of access to a shared network.`);
      }
      const now = clock.now();
      const isOver = payment.expiresAt !== undefined && payment.expiresAt <= now;
      const settled = payment.state === 'held' && !isOver ? await settle(tx, payment, now) : undefined;
      if (settled === undefined) {
        throw new LatchkeyError('payment_not_held', `Payment ${id} is ${payment.state === 'held' ? 'held no longer' : payment.state}.`);
      }
      return settled;
    });
  }

  async #payment(store: Store, id: string): Promise<Payment> {
    const payment = await store.payments.find(id);
    const visible = await this.#visible();
    const isVisible = payment !== undefined && (visible === undefined || visible.includes(this.#isPos ? payment.payeeId : payment.accountId));
    if (!isVisible || payment.state === 'cancelled') {
      throw new LatchkeyError('payment_not_found', `There is no payment ${id}.`);
    }
    return payment;
  }

  get #isPos(): boolean {
    const { actor } = this.#context;
    return actor.kind === 'token' && actor.token.role === 'pos';
  }

  /** The accounts that the actor may see; undefined for all. */
  async #visible(): Promise<readonly string[] | undefined> {
    const actor = requireKnown(this.#context.actor);
    if (actor.kind === 'local' || actor.token.role === 'admin') {
      return undefined;
    }
    if (actor.token.role === 'terminal') {
      return (await this.#context.store.bindings.ofTerminal(actor.token.id)).map(({ accountId }) => accountId);
    }
    return (actor.token.scope.accounts ?? []).filter((id) => !isOwnAccountId(id));
  }

  /** Makes what `work` names by its id, once for a key, if there is one. */
  async #once(scope: string, idempotencyKey: string | undefined, request: unknown, work: (tx: Store) => Promise<string>): Promise<string> {
    const { store, clock, actor } = this.#context;
    if (idempotencyKey === undefined) {
      return store.transaction(work);
    }
    const use = { scope: `${recordedActor(actor)} ${scope}`, key: idempotencyKey, request: JSON.stringify(request) };
    const { body } = await once(store, clock, use, async (tx) => ({ status: 200, body: await work(tx) }));
    return body;
  }
}

function isOfCode({ payeeId, amount }: Payment): boolean {
  return payeeId === codesAccountId(amount.currency);
}

/** Errors: `payment_of_code`. */
function notOfCode(payment: Payment): Payment {
  if (isOfCode(payment)) {
    throw new LatchkeyError('payment_of_code', `Payment ${payment.id} holds what a credit payment code may spend.`);
  }
  return payment;
}

/** With a code’s id where it would say whose it is, but for these payers. */
async function withoutPayers({ creditCodes }: Store, lines: readonly StatementLine[], payers: readonly string[]): Promise<StatementLine[]> {
  const isMasked = ({ kind, debitId }: Posting) => kind === 'code' && !payers.includes(debitId);
  const byCode = lines.filter(({ posting }) => isMasked(posting));
  const codes = await creditCodes.ofPayments([...new Set(byCode.map(({ posting }) => posting.paymentId!))]);
  return lines.map((line) => {
    const { posting } = line;
    return isMasked(posting) ? { ...line, posting: { ...posting, debitId: codes.get(posting.paymentId!)!, paymentId: undefined } } : line;
  });
}
