import type { AgentStore } from './ports.ts';

interface Write {
  readonly work: () => unknown;
  readonly resolve: (result: never) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Writes that come up in one turn of the event loop go to the disk in one transaction: a thousand devices at once
 * share a few commits. Each promise resolves when its write is durable, never before.
 */
export class GroupCommit {
  readonly #store: AgentStore;
  #group: Write[] = [];

  constructor(store: AgentStore) {
    this.#store = store;
  }

  /** `work` does nothing but storage. */
  write<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#group.push({ work, resolve, reject });
      if (this.#group.length === 1) {
        setImmediate(() => this.#commit());
      }
    });
  }

  /** Resolves when all that was asked for before is written or has failed. */
  async settled(): Promise<void> {
    if (this.#group.length > 0) {
      await this.write(() => undefined).catch(() => undefined);
    }
  }

  #commit(): void {
    const group = this.#group;
    this.#group = [];
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
