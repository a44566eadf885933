import { LatchkeyCommand } from '../cli/base-command.ts';
import { amountFlag, durationFlag, fileFlag, idempotencyFlag, memoFlag, remoteFlags, switchFlag, textFlag, yesFlag } from '../cli/flags.ts';
import { orderSchema, orderToWire, presentOrder, type OrderWire } from '../cli/present/wallet.ts';
import type { Screen } from '../cli/present/screen.ts';
import { cancelOrder, payOrder } from '../cli/wallet/pay-order.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { withOutcome } from '../domain/with-outcome.ts';

export default class Pay extends LatchkeyCommand<OrderWire> {
  static override readonly summary = 'Pay from an account that this terminal is bound to.';
  static override readonly description = `The payment is written down before it is sent, and sent again until there is an answer: a lost answer charges nothing twice. What is left open by an earlier run is brought to its end first, and told.`;
  static override readonly usage = [
    '<%= command.id %> --to PAYEE --amount AMOUNT [--hold DURATION] [--memo TEXT] [--idempotency-key KEY] [FLAGS]',
    '<%= command.id %> --cancel [--account NAME] [FLAGS]',
  ];
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --to Café --amount 12.50EUR --memo breakfast',
    { description: 'In a script: running it again never pays twice', command: '<%= config.bin %> <%= command.id %> --to Café --amount 12.50EUR --identity-code-file code.txt --idempotency-key order-4711' },
    { description: 'Give up what is open', command: '<%= config.bin %> <%= command.id %> --cancel' },
  ];
  static override readonly flags = {
    to: textFlag({ description: 'Whom to pay: an account’s id or name.', helpValue: 'PAYEE', exclusive: ['cancel'] }),
    amount: amountFlag({ description: 'How much, with its currency.', exclusive: ['cancel'] }),
    account: textFlag({ description: 'From this account, by id or name; the only one if left out.', helpValue: 'NAME' }),
    memo: memoFlag({ description: 'What it is for; the payee sees it.', exclusive: ['cancel'] }),
    hold: durationFlag({ description: 'Hold it for so long instead: the payee takes it, or less, or gives it back.', exclusive: ['cancel'] }),
    cancel: switchFlag({ description: 'Give up the payment that is open. If it had been paid already, it says so.' }),
    yes: { ...yesFlag, description: 'Pay also if an earlier payment, just like this one, has only now gone through. It does not answer what a security check asks.' },
    'identity-code-file': fileFlag({ description: 'Take the identity code in this file, - for stdin (or LATCHKEY_IDENTITY_CODE).' }),
    'idempotency-key': idempotencyFlag({ exclusive: ['cancel'] }),
    ...remoteFlags,
  };
  static override readonly result = orderSchema;

  async run(): Promise<OrderWire> {
    const { flags } = await this.parse(Pay);
    const options = { ...this.opening, ...this.guarding };
    if (flags.cancel) {
      return orderToWire(await cancelOrder(flags, options));
    }
    if (flags.to === undefined || flags.amount === undefined) {
      throw new LatchkeyError('missing_input', `${flags.to === undefined ? 'The payee is missing: give --to PAYEE.' : 'The amount is missing: give --amount AMOUNT.'}`);
    }
    return orderToWire(await payOrder(flags.to, flags.amount, flags, options));
  }

  protected override givenUp(reason: LatchkeyError): unknown {
    return withOutcome(reason, 'What had been sent by then may be paid.', 'The next `latchkey pay` finds out first, and never pays it twice; `latchkey pay --cancel` gives it up.');
  }

  protected present(order: OrderWire, screen: Screen): string {
    return presentOrder(order, screen);
  }
}
