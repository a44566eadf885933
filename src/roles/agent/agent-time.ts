interface Base {
  /** Server time at `at`, in milliseconds since 1970. */
  readonly time: number;
  /** Monotonic milliseconds. */
  readonly at: number;
  /** How far ahead of the server this clock was then: made up for by going at half speed. */
  readonly ahead: number;
}

/** What the server says, and this clock does not believe yet. */
interface Doubt {
  /** Server time less monotonic time: the same as long as the server keeps to its word. */
  readonly offset: number;
  /** Monotonic milliseconds at which it said so first. */
  readonly since: number;
}

export interface Heard {
  /** How far this clock is ahead of the server's now, in milliseconds; behind it, if negative. */
  readonly aheadMs: number;
  /** It went over to what the server had said for long enough. */
  readonly tookOver: boolean;
}

const minuteMs = 60_000;
/** Forward, so much is believed at once: the monotonic clock stands still while a machine sleeps. */
const longestLeapMs = 24 * 60 * minuteMs;
/** Backward, so much is made up for at half speed. */
const longestSlewMs = 10 * minuteMs;
/** Anything beyond is believed once the server has said so for this long, and nothing else in between. */
const confirmMs = 10 * minuteMs;

/**
 * Server time carried on by the monotonic clock (protocol.md section 1, time): an access point wakes without a clock.
 * One that turns out to be a little ahead goes at half speed until the server has caught up. A server that is far
 * off, either way, has to keep to it before it is followed, so that neither one wrong answer nor a clock that is
 * wrong already is for good.
 */
export class AgentTime {
  readonly #monotonic: () => number;
  #base: Base | undefined;
  #doubt: Doubt | undefined;
  /** What was persisted says how late it is at least: until the server is heard, nobody knows how much later. */
  #isRunning = false;

  constructor(monotonic: () => number, known: Date | undefined) {
    this.#monotonic = monotonic;
    this.#base = known === undefined ? undefined : { time: known.getTime(), at: monotonic(), ahead: 0 };
  }

  /** Undefined while the server was never heard. */
  now(): Date | undefined {
    return this.#base === undefined ? undefined : new Date(this.#at(this.#base));
  }

  heard(serverTime: Date): Heard {
    const time = serverTime.getTime();
    const at = this.#monotonic();
    const own = this.#base === undefined ? time : this.#at(this.#base);
    const leaps = this.#isRunning && time - own > longestLeapMs;
    this.#isRunning = true;
    if (leaps || own - time > longestSlewMs) {
      const offset = time - at;
      if (this.#doubt === undefined || Math.abs(offset - this.#doubt.offset) > longestSlewMs) {
        this.#doubt = { offset, since: at };
      }
      if (at - this.#doubt.since < confirmMs) {
        return { aheadMs: own - time, tookOver: false };
      }
      this.#doubt = undefined;
      this.#base = { time, at, ahead: 0 };
      return { aheadMs: 0, tookOver: true };
    }
    this.#doubt = undefined;
    const ahead = Math.max(0, own - time);
    this.#base = { time: Math.max(time, own), at, ahead };
    return { aheadMs: ahead, tookOver: false };
  }

  #at({ time, at, ahead }: Base): number {
    const elapsed = this.#monotonic() - at;
    return time + elapsed - Math.min(elapsed / 2, ahead);
  }
}
