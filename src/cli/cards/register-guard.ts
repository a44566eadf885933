import { LatchkeyError } from '../../domain/errors.ts';
import { amountText, type Amount } from '../../domain/money.ts';
import type { Register } from '../../domain/sale.ts';
import type { RegisterGuard } from '../../roles/card/ports.ts';
import { MachineGuard, type Begun, type Guarding } from './machine-guard.ts';

const registerGuards = ['register-charge', 'register-access', 'register-code'] as const;
const notCharged = 'It was not charged.';

/** The security check of this cash register. */
export class CounterGuard implements RegisterGuard {
  readonly #register: Pick<Register, 'id' | 'payeeId'>;
  readonly #machine: MachineGuard;

  constructor(register: Pick<Register, 'id' | 'payeeId'>, guarding: Omit<Guarding, 'guards'>) {
    this.#register = register;
    this.#machine = new MachineGuard({ ...guarding, guards: registerGuards });
  }

  async charge(order: string, amount: Amount, tender: string): Promise<void> {
    await this.#machine.begin(this.#order(order, amount, { tender }));
  }

  /** Before an order is opened for whoever comes. Errors: as `charge`. */
  foresee(order: string, amount: Amount): Promise<void> {
    return this.#machine.foresee(this.#order(order, amount, {}));
  }

  charged(order: string, isCharged: boolean): Promise<void> {
    return isCharged ? this.#machine.settle('register-charge', order) : this.#machine.reverse('register-charge', order, notCharged);
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
    return isAccepted ? this.#machine.settle('register-code', key) : this.#machine.reverse('register-code', key, 'The code was not accepted.');
  }

  /** The server, of what was terminated while it could not be asked. */
  tell(): Promise<void> {
    return this.#machine.tell();
  }

  async access(by: string): Promise<() => Promise<void>> {
    const key = await this.#machine.begin({
      guard: 'register-access',
      holder: this.#register.id,
      attributes: { by },
      question: 'Let them in all the same?',
      declined: () => new LatchkeyError('interrupted', 'Nobody was let in.'),
    });
    return () => this.#machine.reverse('register-access', key, 'Nobody was let in.');
  }

  #order(key: string, amount: Amount, attributes: Readonly<Record<string, string>>): Begun & { readonly key: string } {
    const { id: holder, payeeId } = this.#register;
    return {
      guard: 'register-charge',
      key,
      holder,
      amount,
      payeeId,
      attributes,
      question: `Charge ${amountText(amount)} all the same?`,
      declined: () => new LatchkeyError('interrupted', 'Nothing was charged.'),
    };
  }
}
