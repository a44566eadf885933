interface Failures {
  readonly count: number;
  readonly last: number;
}

export interface ThrottleLimits {
  /** So many failures are free. */
  readonly freeFailures: number;
  /** The first wait; each further failure doubles it. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
}

/** Addresses remembered at most; the one that failed longest ago is forgotten first. */
const remembered = 4096;

/**
 * Makes a client address wait that fails to prove itself again and again. It is the address and not the uuid: a
 * uuid is printed on the label, and locking it would let anybody lock the device out (protocol.md section 1, bounds).
 */
export class AddressThrottle {
  readonly #limits: ThrottleLimits;
  readonly #monotonic: () => number;
  readonly #failures = new Map<string, Failures>();

  constructor(limits: ThrottleLimits, monotonic: () => number) {
    this.#limits = limits;
    this.#monotonic = monotonic;
  }

  failed(address: string): void {
    const count = (this.#remembered(address)?.count ?? 0) + 1;
    this.#failures.delete(address);
    this.#failures.set(address, { count, last: this.#monotonic() });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > remembered && oldest !== undefined) {
      this.#failures.delete(oldest);
    }
  }

  /** Milliseconds that the address still has to wait, 0 if none. */
  waitMs(address: string): number {
    const failures = this.#remembered(address);
    return failures === undefined ? 0 : Math.max(0, failures.last + this.#penaltyMs(failures.count) - this.#monotonic());
  }

  #penaltyMs(count: number): number {
    const { freeFailures, firstWaitMs, longestWaitMs } = this.#limits;
    return count < freeFailures ? 0 : Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(30, count - freeFailures));
  }

  /** Failures are forgotten when there was none for twice the longest wait. */
  #remembered(address: string): Failures | undefined {
    const failures = this.#failures.get(address);
    if (failures !== undefined && this.#monotonic() - failures.last > 2 * this.#limits.longestWaitMs) {
      this.#failures.delete(address);
      return undefined;
    }
    return failures;
  }
}
