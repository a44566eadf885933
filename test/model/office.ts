import { LedgerService } from '../../src/roles/ledger/service.ts';
import { releaseOverdue } from '../../src/roles/ledger/holds.ts';
import { endSold } from '../../src/roles/grants/permission.ts';
import type { CrashPoint } from './crash-points.ts';
import type { Surroundings } from './party.ts';
import { paymentName, refused, type Judged } from './plain-ledger.ts';

/** Payers first, then who is only paid, then somebody of another currency, then a shop that may close. */
export const accountNames = ['Anna', 'Bert', 'Carla', 'Café', 'Kiosk', 'Diner', 'Bar'];
export const accountCount = accountNames.length;
export const currencyOf = (place: number) => (place === 5 ? 'USD' : 'EUR');

const noCrash = undefined;

/** What an admin does, and the server by itself. */
export class Office {
  readonly #surroundings: Surroundings;
  /** Those that were opened last, by their places. */
  readonly #accounts: { readonly id: string; readonly name: string }[] = [];
  #names = 0;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** Undefined for a place that there is not. */
  accountAt(place: number): { readonly id: string; readonly name: string } | undefined {
    return this.#accounts[place];
  }

  account(place: number): { readonly id: string; readonly name: string } {
    return this.#accounts[place]!;
  }

  get #admin(): LedgerService {
    return new LedgerService(this.#context);
  }

  get #context() {
    return this.#surroundings.server.context('admin', 'tok_admin');
  }

  get #ledger() {
    return this.#surroundings.server.ledger;
  }

  #administer(judged: Judged, crashAt: CrashPoint | undefined, work: () => Promise<unknown>): Promise<boolean> {
    return this.#surroundings.server.administer(judged, crashAt, work);
  }

  /** The same by the same key, until there is an answer: it is done once. */
  async #administerOnce(judge: () => Judged, crashAt: CrashPoint | undefined, work: (admin: LedgerService, idempotencyKey: string) => Promise<unknown>): Promise<void> {
    this.#surroundings.clockwork.pass(1);
    this.#names += 1;
    const key = `admin-${this.#names}`;
    const before = this.#ledger.postings.length;
    if (!(await this.#administer(judge(), crashAt, () => work(this.#admin, key)))) {
      const isDone = this.#ledger.postings.length > before;
      await this.#administer(isDone ? { parts: [], expected: { done: true } } : judge(), noCrash, () => work(this.#admin, key));
    }
  }

  async openAccount(place: number): Promise<void> {
    const { clockwork, server } = this.#surroundings;
    clockwork.pass(1);
    this.#names += 1;
    const [name, currency] = [`${accountNames[place]} ${this.#names}`, currencyOf(place)];
    const { id } = await this.#admin.open({ name, currency, contact: `${place}@example.org` });
    this.#ledger.accounts.set(id, { id, name, currency, balance: 0, held: 0, closed: false });
    this.#accounts[place] = { id, name };
    await server.look();
  }

  async topUp(place: number, minor: number, crashAt: CrashPoint | undefined): Promise<void> {
    const { id } = this.account(place);
    const amount = { minor: BigInt(minor), currency: currencyOf(place) };
    await this.#administerOnce(() => this.#ledger.move('topup', id, minor), crashAt, (admin, idempotencyKey) => admin.topUp(id, amount, { idempotencyKey }));
  }

  /** Pays out whatever can be. */
  async payOut(place: number, crashAt: CrashPoint | undefined): Promise<void> {
    const { id } = this.account(place);
    const { balance, held } = this.#ledger.account(id);
    if (balance > held) {
      const amount = { minor: BigInt(balance - held), currency: currencyOf(place) };
      await this.#administerOnce(() => this.#ledger.move('payout', id, balance - held), crashAt, (admin, idempotencyKey) => admin.payOut(id, amount, { idempotencyKey }));
    }
  }

  /** Pays out, and closes the account if nothing is on it then. A new one takes its place. */
  async closeAccount(place: number, crashAt: CrashPoint | undefined): Promise<void> {
    const { id } = this.account(place);
    await this.payOut(place, crashAt);
    this.#surroundings.clockwork.pass(1);
    const isChargedFor = [...this.#surroundings.server.shop.registers.values()].some(({ payeeId }) => payeeId === id);
    await this.#administer(isChargedFor ? refused('account_charged_for') : this.#ledger.close(id), crashAt, () => this.#admin.close(id));
    if (this.#ledger.account(id).closed) {
      await this.openAccount(place);
    }
  }

  async unlock(place: number, crashAt: CrashPoint | undefined): Promise<void> {
    this.#surroundings.clockwork.pass(1);
    const { id } = this.account(place);
    await this.#administer(this.#ledger.unlock(id), crashAt, () => this.#admin.unlock(id));
  }

  /** Captures, releases or refunds one of the last payments that are on record. */
  async conclude(how: 'capture' | 'release' | 'refund', back: number, minor: number | undefined, crashAt: CrashPoint | undefined): Promise<void> {
    const { clockwork, server: { shop } } = this.#surroundings;
    clockwork.pass(1);
    const now = clockwork.at;
    const payments = [...this.#ledger.payments.values()].filter(({ state }) => state !== 'cancelled' && state !== 'refused');
    const fitting = payments.filter(({ state }) => state === (how === 'refund' ? 'paid' : 'held'));
    const payment = (fitting.length > 0 ? fitting : payments).at(-1 - (back % Math.max(1, fitting.length || payments.length)));
    if (payment === undefined) {
      return;
    }
    const id = payment.id!;
    const amount = minor === undefined ? undefined : { minor: BigInt(minor), currency: payment.request!.currency };
    if (how === 'capture') {
      await this.#administer(this.#ledger.capture(payment, minor, now), crashAt, () => this.#admin.capture(id, amount));
    } else if (how === 'release') {
      await this.#administer(this.#ledger.releaseByHand(payment, now), crashAt, () => this.#admin.release(id, 'given back'));
    } else {
      const name = paymentName(payment.accountId, payment.key);
      await this.#administerOnce(() => shop.refundPayment(this.#ledger.payments.get(name)!, minor), crashAt, (admin, idempotencyKey) => admin.refund(id, amount, { idempotencyKey }));
    }
  }

  /** What the server does by itself: what is held no longer is given back, what is over goes to history. */
  async keepHouse(crashAt: CrashPoint | undefined): Promise<void> {
    const { clockwork, server: { shop } } = this.#surroundings;
    clockwork.pass(1);
    const overdue = this.#ledger.overdue(clockwork.at);
    const over = shop.endSold(clockwork.at);
    await this.#administer({ parts: [...overdue.map((payment) => () => this.#ledger.release(payment, 'expired')), ...over.parts], expected: over.expected }, crashAt, async () => {
      await releaseOverdue(this.#context);
      await endSold(this.#context);
    });
  }

  /** Adds everything up anew. */
  async verify(): Promise<void> {
    const { findings } = await this.#admin.verify();
    if (findings.length > 0) throw new Error(findings.map(({ of, id, kept, computed }) => `${of} of ${id} is ${kept}, computed ${computed}`).join('\n'));
  }
}
