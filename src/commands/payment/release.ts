import { paymentSchema, paymentToWire, type PaymentWire } from '../../api/payments.ts';
import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { dryRunFlag, remoteFlags, textFlag } from '../../cli/flags.ts';
import { openLedger } from '../../cli/open-role.ts';
import { presentPayment } from '../../cli/present/payments.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class PaymentRelease extends LatchkeyCommand<PaymentWire> {
  static override readonly summary = 'Give back what a payment holds, all of it unpaid.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> pay_nN4i0m0pR8mM9m6lq2c6Dw --reason "not served"'];
  static override readonly args = { payment: idArg({ description: 'The payment’s id, as in `payment list`.', required: true }) };
  static override readonly flags = {
    reason: textFlag({ description: 'Why; kept with the payment.' }),
    'dry-run': dryRunFlag,
    ...remoteFlags,
  };
  static override readonly result = paymentSchema;

  async run(): Promise<PaymentWire> {
    const { args, flags } = await this.parse(PaymentRelease);
    const ledger = await openLedger(flags, this.opening);
    if (flags['dry-run']) {
      return paymentToWire(await this.unchanged(ledger.payment(args.payment)));
    }
    return paymentToWire(await ledger.release(args.payment, flags.reason));
  }

  protected present(payment: PaymentWire, screen: Screen): string {
    return presentPayment(payment, screen);
  }
}
