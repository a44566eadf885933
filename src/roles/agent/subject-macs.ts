import type { GroupCommit } from './group-commit.ts';
import type { Log } from './log.ts';
import type { AgentStore } from './store.ts';

interface Options {
  readonly store: AgentStore;
  readonly commit: GroupCommit;
  readonly log: Log;
}

/**
 * By which MAC address a grant's subject was last seen, having proven who it is. Where the radio cannot tell by its
 * password who is on, the address does.
 */
export class SubjectMacs {
  readonly #options: Options;
  /** Those that were asked for. */
  readonly #macs = new Map<string, string | undefined>();
  readonly #listeners: (() => void)[] = [];

  constructor(options: Options) {
    this.#options = options;
  }

  /** Calls back whenever somebody is seen by another address. */
  onChanged(listener: () => void): void {
    this.#listeners.push(listener);
  }

  get(subjectId: string): string | undefined {
    if (!this.#macs.has(subjectId)) {
      this.#macs.set(subjectId, this.#options.store.grants.subjectMac(subjectId));
    }
    return this.#macs.get(subjectId);
  }

  seen(subjectId: string, mac: string | undefined): void {
    if (mac === undefined || this.get(subjectId) === mac) {
      return;
    }
    const { store, commit, log } = this.#options;
    this.#macs.set(subjectId, mac);
    commit.writeLater(() => store.grants.saveSubjectMac(subjectId, mac))
      .catch((error: unknown) => log('error', 'By which address a device was seen could not be kept.', { subjectId, error }));
    this.#listeners.forEach((listener) => listener());
  }
}
