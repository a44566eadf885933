import { setTimeout as delay } from 'node:timers/promises';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Amount } from '../../domain/money.ts';
import { kindAt, type GuardPoint } from '../../domain/security-check/guard.ts';
import type { Service } from '../../domain/security-check/service.ts';
import { asSentence } from '../../domain/shown-text.ts';
import { base64url } from '../../protocol/encoding.ts';
import type { Attempt, Judgement, TerminationsRole } from '../../roles/card/ports.ts';
import type { KeptService, ServiceKey } from '../../roles/card/store.ts';
import { systemClock, systemRandom } from '../local-registry.ts';
import { areThereCards, openCards, type Cards } from './cards.ts';

export interface Guarding {
  readonly closing: AsyncDisposableStack;
  /** Whether somebody is there to answer what an application asks. */
  readonly interactive: boolean;
  readonly ask: (question: string) => Promise<boolean>;
  /** Hears of what is terminated; undefined where no server can be asked: then it is kept for who can. */
  readonly role: TerminationsRole | undefined;
  /** The account or the cash register that the services are of: its server hears of no others. */
  readonly holder: string;
  /** Whose terminations it tells. */
  readonly guards: readonly GuardPoint[];
}

/** A service of this machine, as far as whoever begins it knows it. */
export interface Begun extends Pick<Attempt, 'guard' | 'isAnew'> {
  /** Drawn if left out. */
  readonly key?: string | undefined;
  readonly amount?: Service['amount'];
  readonly payeeId?: string | undefined;
  readonly attributes?: Service['attributes'] | undefined;
  /** What is to be answered if an application asks. */
  readonly question: string;
  readonly declined: () => LatchkeyError;
}

/** How long a command that has done its work goes on telling the server. */
const tellMs = 3_000;

/**
 * Holds the services of this machine to the applications that guard them. Where none was ever added nothing is opened;
 * where they cannot be read nothing goes on. Each of a wallet's and a register's commands begins its services here.
 */
export class MachineGuard {
  readonly #guarding: Guarding;
  #opened: Promise<Cards> | undefined;
  #telling: Promise<void> = Promise.resolve();

  constructor(guarding: Guarding) {
    this.#guarding = guarding;
  }

  /**
   * Counts a service that is about to take place; the key that it has. Errors: `service_terminated`; `answer_needed` where
   * nobody is there to answer, what `declined` makes, `idempotency_mismatch`, `clock_wrong`, those of storage.
   */
  begin(begun: Begun): Promise<string> {
    return this.#through(begun, (cards, attempt) => cards.desk.begin(attempt));
  }

  /**
   * Asks now what would be asked, and refuses now what would be refused, of a service that is offered and takes place
   * later, under this key. Errors: as `begin`.
   */
  async foresee(begun: Begun & { readonly key: string }): Promise<void> {
    let isCounted = false;
    await this.#through(begun, (cards, attempt) => cards.desk.foresee(attempt), () => (isCounted = true));
    if (isCounted) {
      await this.reverse(begun.guard, begun.key, 'Confirmed, and not begun yet.');
    }
  }

  async settle(guard: GuardPoint, key: string, paid?: Amount): Promise<void> {
    await (await this.#cards())?.desk.settle(this.#keyOf(guard, key), paid);
  }

  async reverse(guard: GuardPoint, key: string, reason: string): Promise<void> {
    await (await this.#cards())?.desk.reverse(this.#keyOf(guard, key), reason);
  }

  /** What is counted and has not come to an end. */
  async unsettled(guards: readonly GuardPoint[]): Promise<readonly KeptService[]> {
    return (await this.#cards())?.store.unsettled(guards, this.#guarding.holder) ?? [];
  }

  /** What was terminated while no server could be asked. Nothing waits for it, and nothing fails by it. */
  async tell(): Promise<void> {
    try {
      const cards = await this.#cards();
      if (cards !== undefined) this.#tell(cards);
    } catch (error) {
      if (!(error instanceof LatchkeyError)) throw error;
    }
  }

  async #through(begun: Begun, begin: (cards: Cards, attempt: Attempt) => Promise<Judgement | undefined>, onConfirmed: () => void = () => {}): Promise<string> {
    const { guard, isAnew, key = base64url(systemRandom.bytes(16)), question, declined } = begun;
    const cards = await this.#cards();
    if (cards === undefined) {
      return key;
    }
    try {
      let judgement = await begin(cards, { ...this.#keyOf(guard, key), isAnew, service: await serviceOf(begun) });
      // What asks only since the question was put is asked, too.
      while (judgement?.outcome === 'ask') {
        await this.#confirmed(`The security check asks: ${failedSentence(judgement)} ${question}`, declined);
        judgement = await cards.desk.confirm(this.#keyOf(guard, key), judgement.failed);
        onConfirmed();
      }
      if (judgement?.outcome === 'terminate') {
        throw new LatchkeyError('service_terminated', `The security check terminated the service: ${failedSentence(judgement)}`);
      }
      return key;
    } finally {
      this.#tell(cards);
    }
  }

  async #confirmed(question: string, declined: () => LatchkeyError): Promise<void> {
    const { interactive, ask } = this.#guarding;
    if (!interactive) {
      throw new LatchkeyError('answer_needed', question, { hint: 'Run it where somebody can answer: no flag does that for a security check.' });
    }
    if (!(await ask(question))) {
      throw declined();
    }
  }

  #keyOf(guard: GuardPoint, key: string): ServiceKey {
    return { guard, holder: this.#guarding.holder, key };
  }

  async #cards(): Promise<Cards | undefined> {
    if (this.#opened === undefined && areThereCards()) {
      this.#opened = this.#open();
      // What could not be opened is tried again by what comes next.
      this.#opened.catch(() => (this.#opened = undefined));
    }
    return this.#opened;
  }

  async #open(): Promise<Cards> {
    const { closing } = this.#guarding;
    const cards = await openCards(closing);
    closing.defer(() => Promise.race([this.#telling, delay(tellMs, undefined, { ref: false })]));
    return cards;
  }

  /** Beside everything else: what goes wrong there stays untold until the next time. */
  #tell({ store, language }: Cards): void {
    const { role, guards, holder } = this.#guarding;
    if (role === undefined) {
      return;
    }
    this.#telling = this.#telling.then(async () => {
      const { tellTerminations } = await import('../../roles/card/terminations.ts');
      await tellTerminations({ store, language, clock: systemClock }, role, guards, holder);
    }).catch((error: unknown) => {
      if (!(error instanceof LatchkeyError)) throw error;
    });
    // It is heard of where the command waits for it.
    this.#telling.catch(() => {});
  }
}

async function serviceOf({ guard, amount, payeeId, attributes }: Begun): Promise<Service> {
  const { readSurroundings } = await import('./surroundings.ts');
  const { payeeCategories, ...around } = await readSurroundings();
  return {
    ...around,
    kind: kindAt(guard),
    at: systemClock.now(),
    amount,
    payee: payeeId === undefined ? undefined : { id: payeeId, category: payeeCategories.get(payeeId) },
    confirmed: false,
    attributes: { ...around.attributes, ...attributes, guard },
  };
}

function failedSentence({ failed }: Judgement): string {
  return failed.map(({ application, id, detail, reason }) => asSentence(`${id} (${application}): ${detail}${reason === undefined ? '' : ` – ${reason}`}`)).join(' ');
}
