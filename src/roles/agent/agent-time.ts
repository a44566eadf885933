interface Base {
  /** Server time at `at`, in milliseconds since 1970. */
  readonly time: number;
  /** Monotonic milliseconds. */
  readonly at: number;
  /** How far ahead of the server this clock was then: made up for by going at half speed. */
  readonly ahead: number;
}

/**
 * Server time carried on by the monotonic clock, never backwards (protocol.md section 1, time): an access point
 * wakes without a clock. A clock that turns out to be ahead goes at half speed until the server has caught up.
 */
export class AgentTime {
  readonly #monotonic: () => number;
  #base: Base | undefined;

  /** `known`: what was persisted; the true time is later, how much nobody knows until the server is heard. */
  constructor(monotonic: () => number, known: Date | undefined) {
    this.#monotonic = monotonic;
    this.#base = known === undefined ? undefined : { time: known.getTime(), at: monotonic(), ahead: 0 };
  }

  /** Undefined while the server was never heard. */
  now(): Date | undefined {
    return this.#base === undefined ? undefined : new Date(this.#at(this.#base));
  }

  heard(serverTime: Date): void {
    const time = serverTime.getTime();
    const own = this.#base === undefined ? time : this.#at(this.#base);
    this.#base = { time: Math.max(time, own), at: this.#monotonic(), ahead: Math.max(0, own - time) };
  }

  #at({ time, at, ahead }: Base): number {
    const elapsed = this.#monotonic() - at;
    return time + elapsed - Math.min(elapsed / 2, ahead);
  }
}
