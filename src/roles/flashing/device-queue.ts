/**
 * The devices that several stations work off together, read as they are needed. What failed comes back to the front,
 * and a station that would find the queue empty waits as long as another one may still give something back.
 */
export class DeviceQueue<T extends { readonly uuid: string }> {
  readonly #source: AsyncIterator<readonly T[]>;
  /** The station for which a device is kept, by uuid. */
  readonly #kept: Map<string, string>;
  readonly #own = new Map<string, T[]>();
  readonly #gone = new Set<string>();
  #front: T[] = [];
  #reading: Promise<void> | undefined;
  /** Asked for in good time, so that the end is known when it comes. */
  #ahead: Promise<IteratorResult<readonly T[]>> | undefined;
  #exhausted = false;
  #out = 0;
  #changed = Promise.withResolvers<void>();

  /** `kept`: devices that only one station may begin with, by uuid, and which. */
  constructor(source: AsyncIterable<readonly T[]>, kept: ReadonlyMap<string, string> = new Map()) {
    this.#source = source[Symbol.asyncIterator]();
    this.#kept = new Map(kept);
  }

  /** The next device for a station, to be given back or settled; undefined when all is done or the signal came. */
  async take(station: string, signal: AbortSignal): Promise<T | undefined> {
    while (!signal.aborted) {
      const next = this.#own.get(station)?.shift() ?? this.#front.shift();
      if (next !== undefined) {
        this.#out += 1;
        return next;
      }
      if (!this.#exhausted) {
        await (this.#reading ??= this.#read());
      } else if (this.#out === 0) {
        return undefined;
      } else {
        await this.#change(signal);
      }
    }
    return undefined;
  }

  /** It was not flashed: whoever asks next gets it. */
  giveBack(device: T): void {
    this.#front.unshift(device);
    this.settle();
  }

  /** Nothing more is to be done with it. */
  settle(): void {
    this.#out -= 1;
    this.#wake();
  }

  /** The station asks no more: what was kept for it is for the others. */
  leave(station: string): void {
    this.#gone.add(station);
    this.#front.push(...(this.#own.get(station) ?? []));
    this.#own.delete(station);
    this.#wake();
  }

  /** Whether there is, or may be, something that nobody has taken, and that was not given back either. */
  hasMore(givenBack: ReadonlySet<string>): boolean {
    return !this.#exhausted || this.#front.some(({ uuid }) => !givenBack.has(uuid));
  }

  async #read(): Promise<void> {
    try {
      const { value, done } = await (this.#ahead ?? this.#source.next());
      this.#exhausted = done === true;
      if (done !== true) {
        this.#readAhead();
      }
      for (const device of (value ?? []) as readonly T[]) {
        const station = this.#kept.get(device.uuid);
        if (station === undefined || this.#gone.has(station)) {
          this.#front.push(device);
        } else {
          this.#own.set(station, [...(this.#own.get(station) ?? []), device]);
        }
      }
    } finally {
      this.#reading = undefined;
      this.#wake();
    }
  }

  #readAhead(): void {
    this.#ahead = this.#source.next();
    this.#ahead.then(({ done }) => {
      if (done === true) {
        this.#exhausted = true;
        this.#wake();
      }
    }, () => {
      // Whoever asks for it is told.
    });
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async #change(signal: AbortSignal): Promise<void> {
    const { promise } = this.#changed;
    const onAbort = () => this.#wake();
    signal.addEventListener('abort', onAbort, { once: true });
    await promise;
    signal.removeEventListener('abort', onAbort);
  }
}
