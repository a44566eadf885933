import { LatchkeyError } from '../../domain/errors.ts';
import { amountText, type Amount } from '../../domain/money.ts';
import type { Register } from '../../domain/sale.ts';
import type { RegisterGuard } from '../../roles/card/ports.ts';
import { systemClock } from '../local-registry.ts';
import { MachineGuard, type Begun, type Guarding } from './machine-guard.ts';

const registerGuards = ['register-charge', 'register-access', 'register-code'] as const;
const notCharged = 'It was not charged.';
const notAccepted = 'The code was not accepted.';
/** So long nobody stands at a register between the check and what it was for, in milliseconds. */
const abandonedMs = 10 * 60_000;

/** The security check of this cash register. */
export class CounterGuard implements RegisterGuard {
  readonly #payeeId: string;
  readonly #machine: MachineGuard;

  constructor({ id: holder, payeeId }: Pick<Register, 'id' | 'payeeId'>, guarding: Omit<Guarding, 'guards' | 'holder'>) {
    this.#payeeId = payeeId;
    this.#machine = new MachineGuard({ ...guarding, holder, guards: registerGuards });
  }

  async charge(order: string, amount: Amount, tender: string): Promise<void> {
    await this.#machine.begin(this.#order(order, amount, { tender }));
  }

  /** Before an order is opened for whoever comes: each way in which it may be paid has to be allowed. Errors: as `charge`. */
  async foresee(order: string, amount: Amount, tenders: readonly string[]): Promise<void> {
    for (const tender of tenders) {
      await this.#machine.foresee(this.#order(order, amount, { tender }));
    }
  }

  charged(order: string, isCharged: boolean): Promise<void> {
    return isCharged ? this.#machine.settle('register-charge', order) : this.#machine.reverse('register-charge', order, notCharged);
  }

  reconcile(isCharged: (order: string) => Promise<boolean>): Promise<void> {
    return this.#reconcile('register-charge', isCharged, notCharged);
  }

  /** Before a code is accepted, in the place of `charge`; no code was under this key. */
  async code(key: string, amount: Amount): Promise<void> {
    await this.#machine.begin({
      ...this.#order(key, amount, { tender: 'code' }),
      guard: 'register-code',
      isAnew: true,
      question: `Accept a code for ${amountText(amount)} all the same?`,
      declined: () => new LatchkeyError('interrupted', 'No code was accepted.'),
    });
  }

  codeAccepted(key: string, isAccepted: boolean): Promise<void> {
    return isAccepted ? this.#machine.settle('register-code', key) : this.#machine.reverse('register-code', key, notAccepted);
  }

  /** As `reconcile`, of codes. */
  reconcileCodes(isAccepted: (key: string) => Promise<boolean>): Promise<void> {
    return this.#reconcile('register-code', isAccepted, notAccepted);
  }

  /** The server, of what was terminated while it could not be asked. */
  tell(): Promise<void> {
    return this.#machine.tell();
  }

  async access(by: string): Promise<() => Promise<void>> {
    const key = await this.#machine.begin({
      guard: 'register-access',
      attributes: { by },
      question: 'Let them in all the same?',
      declined: () => new LatchkeyError('interrupted', 'Nobody was let in.'),
    });
    return () => this.#machine.reverse('register-access', key, 'Nobody was let in.');
  }

  /** What is under way in another process is not counted as abandoned. */
  async #reconcile(guard: 'register-charge' | 'register-code', tookPlace: (key: string) => Promise<boolean>, reason: string): Promise<void> {
    for (const { key, at } of await this.#machine.unsettled([guard])) {
      if (await tookPlace(key)) {
        await this.#machine.settle(guard, key);
      } else if (systemClock.now().getTime() - at.getTime() > abandonedMs) {
        await this.#machine.reverse(guard, key, reason);
      }
    }
  }

  #order(key: string, amount: Amount, attributes: Readonly<Record<string, string>>): Begun & { readonly key: string } {
    return {
      guard: 'register-charge',
      key,
      amount,
      payeeId: this.#payeeId,
      attributes,
      question: `Charge ${amountText(amount)} all the same?`,
      declined: () => new LatchkeyError('interrupted', 'Nothing was charged.'),
    };
  }
}
