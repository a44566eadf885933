import { LatchkeyError } from '../../domain/errors.ts';
import type { AcceptanceGuard } from '../../roles/codes/acceptance-context.ts';
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

  /** What was begun, also by a process that is gone, is compared with what was written down. What could not be noted stays counted. */
  async reconcile(): Promise<void> {
    try {
      if (this.#begun !== undefined) {
        const { key, tokenId, showing } = this.#begun;
        await this.#counter.codeAccepted(key, this.#journal.ofCounter(tokenId, showing) !== undefined);
      }
      await this.#counter.reconcileCodes(async (key) => {
        const end = key.lastIndexOf('_');
        return this.#journal.ofCounter(key.slice(0, end), Number(key.slice(end + 1))) !== undefined;
      });
    } catch (error) {
      if (!(error instanceof LatchkeyError)) {
        throw error;
      }
      await this.#caution(`What the security check has counted could not be compared with what was accepted. ${error.message}`);
    }
  }
}
