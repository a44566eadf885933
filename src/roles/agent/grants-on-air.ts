import { isInForce, type Grant } from '../../domain/grant.ts';
import type { Log } from './log.ts';
import type { Radio } from './ports.ts';

interface Options {
  readonly radio: Radio;
  readonly now: () => Date | undefined;
  readonly log: Log;
  /** Grants that the radio now lets in and did not before. */
  readonly onNew: (grants: readonly Grant[]) => void;
}

/**
 * Keeps the radio in step with the active grants: they are what should be, the radio converges to it. One
 * convergence runs at a time, and all that changes meanwhile goes into the next.
 */
export class GrantsOnAir {
  readonly #options: Options;
  readonly #active = new Map<string, Grant>();
  #onAir: ReadonlySet<string> = new Set();
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  take(grants: readonly Grant[]): void {
    for (const grant of grants) {
      if (grant.state === 'active') {
        this.#active.set(grant.id, grant);
      } else {
        this.#active.delete(grant.id);
      }
    }
  }

  active(): readonly Grant[] {
    return [...this.#active.values()];
  }

  /** Whether the time of one of the active ones is over. */
  isOver(now: Date): boolean {
    return this.active().some(({ endsAt }) => endsAt !== undefined && endsAt <= now);
  }

  find(grantId: string): Grant | undefined {
    return this.#active.get(grantId);
  }

  /** The grant if the radio lets its subject in now. */
  onAir(grantId: string): Grant | undefined {
    const grant = this.#active.get(grantId);
    const now = this.#options.now();
    return grant !== undefined && this.#onAir.has(grantId) && (now === undefined || isInForce(grant, now)) ? grant : undefined;
  }

  /** Whether a grant began or came to its end since the last convergence. */
  isDue(): boolean {
    const inForce = this.#inForce();
    return inForce.length !== this.#onAir.size || inForce.some(({ id }) => !this.#onAir.has(id));
  }

  /** Resolves when the radio was brought in step with what is active now, or could not be (which is logged). */
  converge(): Promise<void> {
    this.#next ??= this.#running.then(async () => {
      // What else comes up in this turn of the event loop goes along.
      await new Promise(setImmediate);
      this.#next = undefined;
      return this.#converge();
    });
    this.#running = this.#next;
    return this.#running;
  }

  async #converge(): Promise<void> {
    const { radio, log, onNew } = this.#options;
    const inForce = this.#inForce();
    try {
      await radio.converge(inForce);
    } catch (error) {
      log('error', 'The radio could not be brought in step with the grants; trying again.', { radio: radio.kind, error });
      return;
    }
    const before = this.#onAir;
    this.#onAir = new Set(inForce.map(({ id }) => id));
    onNew(inForce.filter(({ id }) => !before.has(id)));
  }

  #inForce(): Grant[] {
    const now = this.#options.now();
    return this.active().filter((grant) => now === undefined || isInForce(grant, now));
  }
}
