/** The process ends here. */
export class Crash extends Error {}

/** Ends the process before or after the call of this number, of all calls of what it wraps; counted on where nothing ends. */
export class Crashing {
  readonly #at: number;
  #calls = 0;

  /** Every call is two moments: before it and after it. */
  constructor(at: number) {
    this.#at = at;
  }

  /** Moments that there were. */
  get moments(): number {
    return this.#calls;
  }

  wrap<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (_, name) => {
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function' ? (...args: unknown[]) => this.call(() => (member as (...args: unknown[]) => unknown).apply(target, args)) : member;
      },
    });
  }

  async call<T>(work: () => T | Promise<T>): Promise<T> {
    this.#moment();
    const result = await work();
    this.#moment();
    return result;
  }

  #moment(): void {
    if (this.#calls === this.#at) {
      throw new Crash();
    }
    this.#calls += 1;
  }
}
