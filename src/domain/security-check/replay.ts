import type { CompiledApplication } from './compile.ts';
import { noUsage, type History, type LastService, type Usage } from './history.ts';
import { calendarNumber, periodText, type Period } from './period.ts';
import type { Service } from './service.ts';
import type { ZoneClock } from './zone-clock.ts';

/**
 * The history of one card as its services come, in the order of time. It keeps what the application asks for, and of
 * each period no more than what is still in it.
 */
export class ReplayedHistory {
  readonly #windows: readonly Window[];
  #askedAt: Date | undefined;
  #last: LastService | null = null;
  #sinceConfirmed: Usage = noUsage;

  constructor({ periods, clock }: CompiledApplication) {
    this.#windows = periods.map((period) => new Window(period, clock));
  }

  /** The last moment that was asked about; a service before that cannot be told its history any more. */
  get askedAt(): Date | undefined {
    return this.#askedAt;
  }

  /** Before a service at that moment, which is none before `askedAt`. */
  before(at: Date): History {
    this.#askedAt = at;
    return {
      periods: Object.fromEntries(this.#windows.map((window) => [window.text, window.usageAt(at.getTime())])),
      last: this.#last,
      sinceConfirmed: this.#sinceConfirmed,
    };
  }

  /** A service that took place. */
  add(service: Service): void {
    this.#windows.forEach((window) => window.add(service));
    this.#last = { at: service.at, place: service.place };
    this.#sinceConfirmed = service.confirmed ? noUsage : plus(this.#sinceConfirmed, service);
  }
}

/** What came in the period up to the last moment that it was told of. */
class Window {
  readonly text: string;
  readonly #rollingMs: number | undefined;
  readonly #number: (at: number) => string | number;
  #current: string | number = -Infinity;
  #usage: Usage = noUsage;
  /** Of a rolling period: what will leave it, oldest first. */
  readonly #kept: Service[] = [];
  #first = 0;

  constructor(period: Period, clock: ZoneClock) {
    this.text = periodText(period);
    this.#rollingMs = typeof period === 'string' ? undefined : period.rollingMs;
    this.#number = typeof period === 'string' ? calendarNumber(period, clock) : () => 0;
  }

  usageAt(at: number): Usage {
    this.#moveTo(at);
    return this.#usage;
  }

  add(service: Service): void {
    this.#moveTo(service.at.getTime());
    this.#usage = plus(this.#usage, service);
    if (this.#rollingMs !== undefined) this.#kept.push(service);
  }

  #moveTo(at: number): void {
    if (this.#rollingMs !== undefined) {
      this.#leaveBehind(at - this.#rollingMs);
      return;
    }
    const number = this.#number(at);
    if (number !== this.#current) {
      this.#usage = noUsage;
      this.#current = number;
    }
  }

  #leaveBehind(start: number): void {
    for (; this.#first < this.#kept.length && this.#kept[this.#first]!.at.getTime() <= start; this.#first += 1) {
      this.#usage = plus(this.#usage, this.#kept[this.#first]!, -1);
    }
    if (this.#first > 1024 && this.#first * 2 > this.#kept.length) {
      this.#kept.splice(0, this.#first);
      this.#first = 0;
    }
  }
}

function plus({ count, totals }: Usage, { amount }: Service, sign: 1 | -1 = 1): Usage {
  return {
    count: count + sign,
    totals: amount === undefined || totals === undefined ? totals : { ...totals, [amount.currency]: (totals[amount.currency] ?? 0n) + BigInt(sign) * amount.minor },
  };
}
