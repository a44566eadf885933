import type { EventWatch } from '../roles/events/store.ts';

/** Numbers that only go up, each of an id: access points' revisions, how far terminals' events have come. */
type Revisions = ReadonlyMap<string, number>;

/** Those who wait for a number to be passed. */
export class RevisionWaiters {
  readonly #watches = new Map<string, Set<Watch>>();
  readonly #read: (ids: readonly string[]) => Promise<Revisions>;
  readonly #emptied: () => void;
  #closed = false;

  /** `read` looks up the numbers that are committed now; `emptied` hears when the last one waits no more. */
  constructor(read: (ids: readonly string[]) => Promise<Revisions>, emptied: () => void = () => {}) {
    this.#read = read;
    this.#emptied = emptied;
  }

  get empty(): boolean {
    return this.#watches.size === 0;
  }

  watch(id: string): EventWatch {
    const watch = new Watch(() => this.#remove(id, watch));
    if (this.#closed) {
      watch.end();
      return watch;
    }
    const watches = this.#watches.get(id);
    if (watches === undefined) {
      this.#watches.set(id, new Set([watch]));
    } else {
      watches.add(watch);
    }
    return watch;
  }

  #remove(id: string, watch: Watch): void {
    const watches = this.#watches.get(id);
    if (watches?.delete(watch) === true && watches.size === 0) {
      this.#watches.delete(id);
      if (this.empty) this.#emptied();
    }
  }

  /** Resolves once the revision is greater, the time is over, the signal aborts or the waiters are closed. */
  async wait(id: string, revision: number, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#closed || signal?.aborted === true) {
      return;
    }
    const watch = this.watch(id);
    try {
      // Looked up once it waits already, so that no change falls between.
      void this.check([id]);
      await watch.next(revision, timeoutMs, signal);
    } finally {
      watch.close();
    }
  }

  /** The number is committed. */
  told(id: string, revision: number): void {
    for (const watch of this.#watches.get(id) ?? []) {
      watch.told(revision);
    }
  }

  /** Some may have changed of these ids, or of any; a failure to look is the waiters'. */
  async check(ids: readonly string[] = [...this.#watches.keys()]): Promise<void> {
    const watched = ids.filter((id) => this.#watches.has(id));
    if (watched.length === 0) {
      return;
    }
    try {
      for (const [id, revision] of await this.#read(watched)) {
        this.told(id, revision);
      }
    } catch (error) {
      this.fail(error, watched);
    }
  }

  /** Nobody can tell what changed: who waits for these ids, or for any, is told why. */
  fail(error: unknown, ids: readonly string[] = [...this.#watches.keys()]): void {
    for (const watch of ids.flatMap((id) => [...(this.#watches.get(id) ?? [])])) {
      watch.fail(error);
    }
  }

  close(): void {
    this.#closed = true;
    for (const watches of this.#watches.values()) {
      for (const watch of watches) {
        watch.end();
      }
    }
  }
}

class Watch implements EventWatch {
  readonly #closed: () => void;
  #latest = 0;
  #failure: { readonly error: unknown } | undefined;
  #waiting: { readonly revision: number; readonly resolve: () => void } | undefined;

  constructor(closed: () => void) {
    this.#closed = closed;
  }

  async next(revision: number, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (this.#latest <= revision && this.#failure === undefined && signal?.aborted !== true) {
      await this.#wait(revision, timeoutMs, signal);
    }
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) {
      throw failure.error;
    }
  }

  async #wait(revision: number, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = { revision, resolve: () => resolve() };
    this.#waiting = waiting;
    const timer = setTimeout(waiting.resolve, timeoutMs);
    signal?.addEventListener('abort', waiting.resolve);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', waiting.resolve);
      this.#waiting = undefined;
    }
  }

  told(revision: number): void {
    this.#latest = Math.max(this.#latest, revision);
    if (this.#waiting !== undefined && revision > this.#waiting.revision) {
      this.#waiting.resolve();
    }
  }

  fail(error: unknown): void {
    this.#failure = { error };
    this.#waiting?.resolve();
  }

  /** There is nothing to wait for any more. */
  end(): void {
    this.told(Infinity);
  }

  close(): void {
    this.#waiting?.resolve();
    this.#closed();
  }
}
