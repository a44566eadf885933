import { LatchkeyError } from '../domain/errors.ts';

/** How many at once, and how many a second after that; `perSecond` 0 is without limit. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

const mostBuckets = 20_000;

/** Token buckets by key, in bounded memory: of too many keys those asked for first are forgotten, full again. */
export class RateLimit {
  readonly #rate: Rate;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate, now: () => number = () => performance.now()) {
    this.#rate = rate;
    this.#now = now;
  }

  /** Takes one; 0 if there was one, else the seconds until there is (rounded up, for Retry-After). */
  take(key: string): number {
    const { perSecond, burst } = this.#rate;
    if (perSecond === 0) {
      return 0;
    }
    const now = this.#now();
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      this.#makeRoom();
      bucket = { tokens: burst, at: now };
      this.#buckets.set(key, bucket);
    } else {
      bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
      bucket.at = now;
    }
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return 0;
    }
    return Math.max(1, Math.ceil((1 - bucket.tokens) / perSecond));
  }

  /** Gives one back that was taken for what turned out well. */
  giveBack(key: string): void {
    const bucket = this.#buckets.get(key);
    if (bucket !== undefined) {
      bucket.tokens = Math.min(this.#rate.burst, bucket.tokens + 1);
    }
  }

  #makeRoom(): void {
    if (this.#buckets.size < mostBuckets) {
      return;
    }
    let surplus = mostBuckets / 2;
    for (const key of this.#buckets.keys()) {
      if (surplus-- <= 0) break;
      this.#buckets.delete(key);
    }
  }
}

/** Errors: `rate_limited`, if there is a time to wait. */
export function refuseIf(waitSeconds: number): void {
  if (waitSeconds > 0) {
    throw new LatchkeyError('rate_limited', undefined, { retryAfter: waitSeconds });
  }
}
