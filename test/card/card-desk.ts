import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cardLanguage } from '../../src/cli/cards/card-language.ts';
import { parseAmount, type Amount } from '../../src/domain/money.ts';
import type { Service } from '../../src/domain/security-check/service.ts';
import { CardDesk } from '../../src/roles/card/desk.ts';
import type { Attempt, Judgement } from '../../src/roles/card/ports.ts';
import type { CardStore, ServiceKey } from '../../src/roles/card/store.ts';
import { createCardStore } from '../../src/storage/card-store.ts';

/** A desk over a file of its own, with a clock that stands until it is moved. */
export class TestDesk {
  now = new Date('2026-11-30T12:00:00.000Z');
  readonly folder: string;
  readonly path: string;
  readonly store: CardStore;
  readonly desk: CardDesk;
  #draws: readonly number[] = [];

  private constructor(folder: string, path: string, store: CardStore) {
    this.folder = folder;
    this.path = path;
    this.store = store;
    this.desk = this.deskOver(store);
  }

  static async open(): Promise<TestDesk> {
    return TestDesk.in(await mkdtemp(join(tmpdir(), 'latchkey-cards-')));
  }

  /** In the state folder of a program, say. */
  static async in(folder: string): Promise<TestDesk> {
    const path = join(folder, 'cards.sqlite');
    return new TestDesk(folder, path, await createCardStore(path));
  }

  deskOver(store: CardStore): CardDesk {
    return new CardDesk({ store, language: cardLanguage, clock: { now: () => this.now }, random: { bytes: (length) => (length === 8 && this.#draws.length > 0 ? this.#drawn() : randomBytes(length)) } });
  }

  /** What is drawn for the next services. */
  draws(...draws: readonly number[]): void {
    this.#draws = draws;
  }

  #drawn(): Uint8Array {
    const [first = 0, ...rest] = this.#draws;
    this.#draws = rest;
    return new Uint8Array(Uint32Array.of(Math.floor(first * 2 ** 32), 0).buffer);
  }

  pass(ms: number): void {
    this.now = new Date(this.now.getTime() + ms);
  }

  /** Begins a payment; its key is new unless given. */
  pay(amount: string, more: Partial<Omit<Attempt, 'service'>> & { readonly service?: Partial<Service> } = {}) {
    return this.desk.begin(this.attempt(amount, more));
  }

  reverse(key: string, reason = 'refused'): Promise<void> {
    return this.desk.reverse(this.#payment(key), reason);
  }

  settle(key: string, paid?: Amount): Promise<void> {
    return this.desk.settle(this.#payment(key), paid);
  }

  /** Says yes to all that the payment asked when it was judged last. */
  confirm(key: string): Promise<Judgement> {
    const of = this.#payment(key);
    const { decisions = [] } = this.store.serviceOf(of) ?? {};
    return this.desk.confirm(of, decisions.flatMap(({ application, version, json }) => cardLanguage.readFailed(json).map(({ id }) => ({ application, version, id }))));
  }

  #payment(key: string): ServiceKey {
    return { guard: 'pay', holder: 'acc_1', key };
  }

  attempt(amount: string, { service, ...more }: Partial<Omit<Attempt, 'service'>> & { readonly service?: Partial<Service> } = {}): Attempt {
    return { guard: 'pay', key: randomBytes(8).toString('hex'), holder: 'acc_1', ...more, service: paymentService(amount, this.now, service) };
  }

  async close(): Promise<void> {
    this.store.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

export function paymentService(amount: string, at: Date, more: Partial<Service> = {}): Service {
  return {
    kind: 'payment', at, amount: parseAmount(amount), payee: { id: 'acc_cafe', category: undefined }, zone: undefined, place: undefined, card: undefined, confirmed: false, attributes: {}, ...more,
  };
}

export function application(parameters: readonly object[], more: object = {}): string {
  return JSON.stringify({ name: 'spending', version: 1, kind: 'payment', guards: ['pay'], parameters, ...more });
}

export const dailyTotal = (atMost: string, more: object = {}) => ({ id: 'daily', type: 'total', per: 'day', at_most: atMost, ...more });
