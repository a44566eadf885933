import type { NewAuditEntry, Store } from './store.ts';

const groupSize = 10_000;
const groupMs = 800;

/**
 * Audit entries that acknowledge nothing (an AP asked about a uuid), written in groups at most a second after
 * they came up: a crash can lose that second's, and nothing else.
 */
export class AuditJournal {
  readonly #store: Store;
  readonly #onError: (error: unknown) => void;
  #waiting: NewAuditEntry[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: Store, onError: (error: unknown) => void) {
    this.#store = store;
    this.#onError = onError;
  }

  record(entry: NewAuditEntry): void {
    this.#waiting.push(entry);
    if (this.#waiting.length >= groupSize) {
      void this.flush();
    } else {
      this.#timer ??= setTimeout(() => void this.flush(), groupMs);
    }
  }

  /** Resolves when all that was recorded before is written, or its failure is reported. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const group = this.#waiting;
    this.#waiting = [];
    if (group.length > 0) {
      this.#writing = this.#writing
        .then(() => this.#store.audit.append(...group))
        .catch((error: unknown) => this.#onError(error));
    }
    return this.#writing;
  }
}
