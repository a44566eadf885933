/** Those who wait for something to happen to an access request. */
export class Waiters {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Lets those who wait for the request look again. */
  wake(requestId: string): void {
    for (const look of this.#waiting.get(requestId) ?? []) {
      look();
    }
  }

  /** Resolves when `ready` says so at a look, after `ms`, or when the signal aborts: whichever is first. */
  until(requestId: string, ready: () => boolean, ms: number, signal?: AbortSignal): Promise<void> {
    if (ms <= 0 || signal?.aborted === true || ready()) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const looks = this.#waiting.get(requestId) ?? new Set();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        looks.delete(look);
        if (looks.size === 0) {
          this.#waiting.delete(requestId);
        }
        resolve();
      };
      const look = () => {
        if (ready()) {
          done();
        }
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done);
      this.#waiting.set(requestId, looks.add(look));
    });
  }
}
