interface Waiter {
  readonly revision: number;
  resolve(): void;
  reject(error: unknown): void;
}

/** Those who wait for an access point's revision to pass a number. */
export class RevisionWaiters {
  readonly #waiters = new Map<string, Set<Waiter>>();
  readonly #read: (apIds: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  #closed = false;

  /** `read` looks up the revisions that are committed now. */
  constructor(read: (apIds: readonly string[]) => Promise<ReadonlyMap<string, number>>) {
    this.#read = read;
  }

  get empty(): boolean {
    return this.#waiters.size === 0;
  }

  /** Resolves once the revision is greater, the time is over, the signal aborts or the waiters are closed. */
  async wait(apId: string, revision: number, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#closed || signal?.aborted === true) {
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { revision, resolve, reject };
    const waiters = this.#waiters.get(apId) ?? new Set();
    this.#waiters.set(apId, waiters.add(waiter));
    const timer = setTimeout(resolve, timeoutMs);
    const abort = () => resolve();
    signal?.addEventListener('abort', abort);
    try {
      // Looked up once it waits already, so that no change falls between.
      void this.check([apId]);
      await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      waiters.delete(waiter);
      if (waiters.size === 0 && this.#waiters.get(apId) === waiters) {
        this.#waiters.delete(apId);
      }
    }
  }

  /** Something may have changed at these access points, or at any; a failure to look is the waiters'. */
  async check(apIds: readonly string[] = [...this.#waiters.keys()]): Promise<void> {
    const waited = apIds.filter((apId) => this.#waiters.has(apId));
    if (waited.length === 0) {
      return;
    }
    try {
      const revisions = await this.#read(waited);
      for (const waiter of this.#at(waited, (apId, waiter) => (revisions.get(apId) ?? 0) > waiter.revision)) {
        waiter.resolve();
      }
    } catch (error) {
      this.fail(error, waited);
    }
  }

  /** Nobody can tell what changed: the waiters at these access points, or at any, are told why. */
  fail(error: unknown, apIds: readonly string[] = [...this.#waiters.keys()]): void {
    for (const waiter of this.#at(apIds)) {
      waiter.reject(error);
    }
  }

  #at(apIds: readonly string[], chosen: (apId: string, waiter: Waiter) => boolean = () => true): Waiter[] {
    return apIds.flatMap((apId) => [...(this.#waiters.get(apId) ?? [])].filter((waiter) => chosen(apId, waiter)));
  }

  close(): void {
    this.#closed = true;
    for (const waiters of this.#waiters.values()) {
      for (const waiter of waiters) {
        waiter.resolve();
      }
    }
  }
}
