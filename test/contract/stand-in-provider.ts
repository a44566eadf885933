import type { Clock } from '../../src/domain/clock.ts';
import { LatchkeyError } from '../../src/domain/errors.ts';
import type { Amount } from '../../src/domain/money.ts';
import type { Collecting, Collection, PaymentProvider } from '../../src/roles/ledger/payment-provider.ts';
import { askForPending, hear, type LedgerServiceContext } from '../../src/roles/ledger/top-ups.ts';
import type { Store } from '../../src/roles/store.ts';
import { systemRandom } from '../server/running-server.ts';

/** A payment provider whose payers pay when they are told to. It collects no Swiss francs. */
export class StandInProvider implements PaymentProvider {
  readonly name = 'stripe';
  readonly isImmediate = false;
  readonly asked: string[] = [];
  /** What it fails with. */
  error: LatchkeyError | undefined;
  readonly #collections = new Map<string, Collection>();

  check({ currency }: Amount): void {
    if (currency === 'CHF') throw new LatchkeyError('amount_not_collectable');
  }

  async begin({ topUpId, amount }: Collecting): Promise<Collection> {
    const reference = `pi_${topUpId}`;
    if (!this.#collections.has(reference)) {
      this.#collections.set(reference, { reference, state: 'pending', amount, topUpId, clientSecret: `${reference}_secret` });
    }
    return this.find(reference);
  }

  async find(reference: string): Promise<Collection> {
    this.asked.push(reference);
    if (this.error !== undefined) throw this.error;
    return this.#collections.get(reference)!;
  }

  /** What it says from now on. */
  becomes(reference: string, change: Partial<Collection>): Collection {
    const collection = { ...this.#collections.get(reference)!, ...change };
    this.#collections.set(reference, collection);
    return collection;
  }
}

/** A provider, and what a server does with it, over a store. */
export function collecting(store: Store, clock: Clock) {
  const provider = new StandInProvider();
  const trouble: string[] = [];
  const ledger: LedgerServiceContext = {
    store,
    clock,
    random: systemRandom,
    actor: { kind: 'local' },
    providers: [provider],
    onTopUpTrouble: ({ id }, { code }) => trouble.push(`${id} ${code}`),
  };
  return {
    ledger,
    provider,
    trouble,
    hear: (news: Collection) => hear(ledger, provider.name, news),
    askForPending: () => askForPending(ledger),
  };
}
