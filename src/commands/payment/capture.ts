import { paymentSchema, paymentToWire, type PaymentWire } from '../../api/payments.ts';
import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { amountFlag, dryRunFlag, remoteFlags } from '../../cli/flags.ts';
import { openLedger } from '../../cli/open-role.ts';
import { presentPayment } from '../../cli/present/payments.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class PaymentCapture extends LatchkeyCommand<PaymentWire> {
  static override readonly summary = 'Take what a payment holds, or less of it.';
  static override readonly description = 'Ends the hold: what is not taken is the payer’s again. A hold that is over can be taken no more.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> pay_nN4i0m0pR8mM9m6lq2c6Dw',
    '<%= config.bin %> <%= command.id %> pay_nN4i0m0pR8mM9m6lq2c6Dw --amount 3.00EUR',
  ];
  static override readonly args = { payment: idArg({ description: 'The payment’s id, as in `payment list`.', required: true }) };
  static override readonly flags = {
    amount: amountFlag({ description: 'How much of it; all if left out.' }),
    'dry-run': dryRunFlag,
    ...remoteFlags,
  };
  static override readonly result = paymentSchema;

  async run(): Promise<PaymentWire> {
    const { args, flags } = await this.parse(PaymentCapture);
    const ledger = await openLedger(flags, this.opening);
    if (flags['dry-run']) {
      return paymentToWire(await this.unchanged(ledger.payment(args.payment)));
    }
    return paymentToWire(await ledger.capture(args.payment, flags.amount));
  }

  protected present(payment: PaymentWire, screen: Screen): string {
    return presentPayment(payment, screen);
  }
}
