import { remember } from '../remember.ts';

interface Tries {
  readonly count: number;
  readonly last: number;
}

export interface ThrottleLimits {
  /** So many tries are free. */
  readonly free: number;
  /** The first wait; each further try doubles it. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
}

/** Who is remembered at most; who tried longest ago is forgotten first. */
const remembered = 4096;

/** Makes wait who tries something again and again, be it an address or a device. */
export class Throttle {
  readonly #limits: ThrottleLimits;
  readonly #monotonic: () => number;
  readonly #tries = new Map<string, Tries>();

  constructor(limits: ThrottleLimits, monotonic: () => number) {
    this.#limits = limits;
    this.#monotonic = monotonic;
  }

  count(who: string): void {
    const count = (this.#remembered(who)?.count ?? 0) + 1;
    remember(this.#tries, who, { count, last: this.#monotonic() }, remembered);
  }

  /** Milliseconds still to be waited, 0 if none. */
  waitMs(who: string): number {
    const tries = this.#remembered(who);
    return tries === undefined ? 0 : Math.max(0, tries.last + this.#penaltyMs(tries.count) - this.#monotonic());
  }

  #penaltyMs(count: number): number {
    const { free, firstWaitMs, longestWaitMs } = this.#limits;
    return count < free ? 0 : Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(30, count - free));
  }

  /** All is forgotten when there was nothing for twice the longest wait. */
  #remembered(who: string): Tries | undefined {
    const tries = this.#tries.get(who);
    if (tries !== undefined && this.#monotonic() - tries.last > 2 * this.#limits.longestWaitMs) {
      this.#tries.delete(who);
      return undefined;
    }
    return tries;
  }
}
