import { paymentSchema, paymentToWire, type PaymentWire } from '../../api/payments.ts';
import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { remoteFlags } from '../../cli/flags.ts';
import { openLedger } from '../../cli/open-role.ts';
import { presentPayment } from '../../cli/present/payments.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class PaymentShow extends LatchkeyCommand<PaymentWire> {
  static override readonly summary = 'Show one payment.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> pay_nN4i0m0pR8mM9m6lq2c6Dw'];
  static override readonly args = { payment: idArg({ description: 'The payment’s id, as in `payment list`.', required: true }) };
  static override readonly flags = remoteFlags;
  static override readonly result = paymentSchema;

  async run(): Promise<PaymentWire> {
    const { args, flags } = await this.parse(PaymentShow);
    const ledger = await openLedger(flags, this.opening);
    return paymentToWire(await ledger.payment(args.payment));
  }

  protected present(payment: PaymentWire, screen: Screen): string {
    return presentPayment(payment, screen);
  }
}
