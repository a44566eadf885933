import { quietMoment } from '../quiet-moment.ts';
import type { AgentStore } from './store.ts';

interface Write {
  readonly work: () => unknown;
  readonly resolve: (result: never) => void;
  readonly reject: (reason: unknown) => void;
}

/** How long a write that acknowledges nothing may wait for company. */
const laterMs = 250;

/**
 * Writes that come up together go to the disk in one transaction: a thousand devices at once share a few, and the
 * event loop stands still during each. Each promise resolves when its write is durable, never before.
 */
export class GroupCommit {
  readonly #store: AgentStore;
  #group: Write[] = [];
  /** Whether a commit of the group is on its way. */
  #soon = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(store: AgentStore) {
    this.#store = store;
  }

  /** `work` does nothing but storage. */
  write<T>(work: () => T): Promise<T> {
    const written = this.#add(work);
    if (!this.#soon) {
      this.#soon = true;
      void quietMoment().then(() => this.#commit());
    }
    return written;
  }

  /** For what nobody is promised: goes along with the next write, or by itself a moment later. */
  writeLater<T>(work: () => T): Promise<T> {
    const written = this.#add(work);
    this.#timer ??= setTimeout(() => this.#commit(), laterMs);
    return written;
  }

  /** Resolves when all that was asked for before is written or has failed. */
  async settled(): Promise<void> {
    if (this.#group.length > 0) {
      await this.write(() => undefined).catch(() => undefined);
    }
  }

  #add<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#group.push({ work, resolve, reject });
    });
  }

  #commit(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#soon = false;
    const group = this.#group;
    this.#group = [];
    if (group.length === 0) {
      return;
    }
    let results: unknown[];
    try {
      results = this.#store.transaction(() => group.map(({ work }) => work()));
    } catch (error) {
      for (const { reject } of group) {
        reject(error);
      }
      return;
    }
    for (const [index, { resolve }] of group.entries()) {
      resolve(results[index] as never);
    }
  }
}
