import { LatchkeyError } from '../domain/errors.ts';

/** One at a time, in the order in which they came. */
export class Turns {
  readonly #timeoutMs: number;
  readonly #waiting = new Set<() => void>();
  #taken = false;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Resolves when it is one's turn. Errors: `storage_locked` after the time given. */
  async take(): Promise<void> {
    if (!this.#taken) {
      this.#taken = true;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      this.#waiting.delete(resolve);
      reject(new LatchkeyError('storage_locked', 'The database was busy with other work for too long.'));
    }, this.#timeoutMs);
    this.#waiting.add(resolve);
    await promise.finally(() => clearTimeout(timer));
  }

  end(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#taken = false;
    } else {
      this.#waiting.delete(next);
      next();
    }
  }
}
