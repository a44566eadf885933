import type { CreditToken } from '../../domain/credit-code.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { amountText } from '../../domain/money.ts';
import type { CodeHistory, NewShowing } from '../../roles/wallet/showing.ts';
import { MachineGuard, type Guarding } from './machine-guard.ts';

const guard = 'code';

export interface GuardingShowings extends Omit<Guarding, 'guards' | 'role' | 'holder'> {
  readonly caution: (text: string) => Promise<void>;
}

/** The security check of this terminal for the showings of one code, inside the code's lock. No server is asked. */
export class ShowingGuard {
  readonly #token: CreditToken;
  readonly #caution: GuardingShowings['caution'];
  readonly #machine: MachineGuard;

  constructor({ accountId, token }: { readonly accountId: string; readonly token: CreditToken }, { caution, ...guarding }: GuardingShowings) {
    this.#token = token;
    this.#caution = caution;
    this.#machine = new MachineGuard({ ...guarding, role: undefined, holder: accountId, guards: [guard] });
  }

  /**
   * Before a showing is written down, which no other has been under its counter: it is for what it may cost at most.
   * Errors: as `MachineGuard.begin`.
   */
  async begin({ counter, amount, payeeId }: NewShowing, payeeName: string | undefined): Promise<void> {
    const most = { minor: amount ?? this.#token.maxEach, currency: this.#token.currency };
    await this.#machine.begin({
      guard,
      key: this.#key(counter),
      isAnew: true,
      amount: most,
      payeeId,
      attributes: payeeName === undefined ? {} : { payee_name: payeeName },
      question: `Show a code for ${amountText(most)} all the same?`,
      declined: () => new LatchkeyError('interrupted', 'No code was shown.'),
    });
  }

  /**
   * What was begun is compared with what came of it: what was not shown or is taken back gives its room back, what was
   * paid counts as that. What could not be noted stays as it is until the next time.
   */
  async reconcile({ showings }: CodeHistory): Promise<void> {
    const { currency } = this.#token;
    try {
      const open = new Set((await this.#machine.unsettled([guard])).map(({ key }) => key));
      for (const { counter, settled, takenBackAt } of showings) {
        const key = this.#key(counter);
        const isOpen = open.delete(key);
        if (settled !== undefined && (isOpen || takenBackAt !== undefined)) {
          await this.#machine.settle(guard, key, { minor: settled, currency });
        } else if (isOpen && takenBackAt !== undefined) {
          await this.#machine.reverse(guard, key, 'The showing was taken back.');
        }
      }
      for (const key of open) {
        if (key.startsWith(`${this.#token.id}_`)) {
          await this.#machine.reverse(guard, key, 'Nothing was shown.');
        }
      }
    } catch (error) {
      if (!(error instanceof LatchkeyError)) {
        throw error;
      }
      await this.#caution(`What the security check has counted could not be compared with what was shown. ${error.message}`);
    }
  }

  #key(counter: number): string {
    return `${this.#token.id}_${counter}`;
  }
}
