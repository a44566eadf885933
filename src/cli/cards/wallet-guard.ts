import { LatchkeyError } from '../../domain/errors.ts';
import { amountText } from '../../domain/money.ts';
import type { TerminationsRole, WalletGuard } from '../../roles/card/ports.ts';
import type { Order, Payer } from '../../roles/wallet/payer.ts';
import { MachineGuard, type Guarding } from './machine-guard.ts';

const walletGuards = ['pay', 'code', 'charge', 'access'] as const;

export interface GuardingWallet extends Omit<Guarding, 'guards' | 'holder'> {
  readonly payer: Pick<Payer, 'known'>;
  readonly accountId: string;
  readonly caution: (text: string) => Promise<void>;
}

/** The server that these accounts are at hears what was terminated of them while it could not be asked. */
export async function tellServerOfWallet(role: TerminationsRole, accountIds: readonly string[], guarding: Omit<Guarding, 'guards' | 'role' | 'holder'>): Promise<void> {
  for (const holder of accountIds) {
    await new MachineGuard({ ...guarding, role, holder, guards: walletGuards }).tell();
  }
}

/** The security check of this terminal, for one account. */
export class AccountGuard implements WalletGuard {
  readonly #guarding: GuardingWallet;
  readonly #machine: MachineGuard;

  constructor(guarding: GuardingWallet) {
    this.#guarding = guarding;
    this.#machine = new MachineGuard({ ...guarding, holder: guarding.accountId, guards: walletGuards });
  }

  /** Before a payment is written down. Errors: as `MachineGuard.begin`. */
  pay(order: Order & { readonly key: string }): Promise<void> {
    return this.#payment('pay', order, () => new LatchkeyError('interrupted', 'Nothing was paid.'));
  }

  charge(order: Order & { readonly key: string }): Promise<void> {
    return this.#payment('charge', order, () => new LatchkeyError('card_refused', 'Nothing was paid.'));
  }

  async access({ apId, network }: { readonly apId: string; readonly network?: string | undefined }): Promise<() => Promise<void>> {
    const key = await this.#machine.begin({
      guard: 'access',
      attributes: { ap_id: apId, ...(network === undefined ? {} : { network }) },
      question: network === undefined ? 'Ask for access all the same?' : `Ask for access to ${network} all the same?`,
      declined: () => new LatchkeyError('card_refused', 'Nothing was asked for.'),
    });
    return () => this.#machine.reverse('access', key, 'Nobody was let in.');
  }

  /** Tells the server of what was terminated, too. What could not be noted stays as it is until the next time: what was paid is paid. */
  async reconcile(): Promise<void> {
    const { payer, accountId, caution } = this.#guarding;
    await this.#machine.tell();
    try {
      for (const { guard, key } of await this.#machine.unsettled(['pay', 'charge'])) {
        const known = await payer.known(accountId, key);
        if (known === undefined) {
          // It would have been written down before anything was sent.
          await this.#machine.reverse(guard, key, 'Nothing was sent.');
        } else if ('end' in known) {
          await (known.end.kind === 'accepted' ? this.#machine.settle(guard, key) : this.#machine.reverse(guard, key, known.end.kind === 'refused' ? known.end.message : 'The payment was cancelled.'));
        }
      }
    } catch (error) {
      if (!(error instanceof LatchkeyError)) {
        throw error;
      }
      await caution(`What the security check has counted could not be compared with what was paid. ${error.message}`);
    }
  }

  async #payment(guard: 'pay' | 'charge', { payee, amount, holdMs, key }: Order & { readonly key: string }, declined: () => LatchkeyError): Promise<void> {
    await this.#machine.begin({
      guard,
      key,
      amount,
      payeeId: payee.id,
      attributes: { payee_name: payee.name, held: holdMs !== undefined },
      question: `Pay ${amountText(amount)} to ${payee.name} all the same?`,
      declined,
    });
  }
}
