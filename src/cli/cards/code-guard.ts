import { LatchkeyError } from '../../domain/errors.ts';
import type { AcceptanceGuard } from '../../roles/codes/acceptance.ts';
import type { AcceptanceJournal } from '../../roles/codes/acceptance-journal.ts';
import type { CounterGuard } from './register-guard.ts';

/** The security check of a cash register for one code that it is shown. */
export class CodeGuard {
  readonly #counter: CounterGuard;
  readonly #journal: Pick<AcceptanceJournal, 'ofCounter'>;
  readonly #caution: (text: string) => Promise<void>;
  #begun: { readonly key: string; readonly tokenId: string; readonly showing: number } | undefined;

  constructor(counter: CounterGuard, journal: Pick<AcceptanceJournal, 'ofCounter'>, caution: (text: string) => Promise<void>) {
    this.#counter = counter;
    this.#journal = journal;
    this.#caution = caution;
  }

  /** What it has said yes to it is not asked twice. */
  readonly guard: AcceptanceGuard = async ({ token: { id }, proof: { counter }, amount }) => {
    if (this.#begun === undefined) {
      const key = `${id}_${counter}`;
      await this.#counter.code(key, amount);
      this.#begun = { key, tokenId: id, showing: counter };
    }
  };

  /** What was begun is compared with what was written down, be it by another process. What could not be noted stays counted. */
  async settle(): Promise<void> {
    if (this.#begun === undefined) {
      return;
    }
    const { key, tokenId, showing } = this.#begun;
    try {
      await this.#counter.codeAccepted(key, this.#journal.ofCounter(tokenId, showing) !== undefined);
    } catch (error) {
      if (!(error instanceof LatchkeyError)) {
        throw error;
      }
      await this.#caution(`What the security check has counted could not be compared with what was accepted. ${error.message}`);
    }
  }
}
