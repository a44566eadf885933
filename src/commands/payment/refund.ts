import { paymentSchema, paymentToWire, type PaymentWire } from '../../api/payments.ts';
import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { amountFlag, dryRunFlag, idempotencyFlag, memoFlag, remoteFlags } from '../../cli/flags.ts';
import { openLedger } from '../../cli/open-role.ts';
import { presentPayment } from '../../cli/present/payments.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class PaymentRefund extends LatchkeyCommand<PaymentWire> {
  static override readonly summary = 'Give back what was paid, or a part of it.';
  static override readonly description = 'From the payee’s account to the payer’s, as often as something is left; never more than was paid.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> pay_nN4i0m0pR8mM9m6lq2c6Dw',
    { description: 'A part, in a script that may run again', command: '<%= config.bin %> <%= command.id %> pay_nN4i0m0pR8mM9m6lq2c6Dw --amount 3.00EUR --idempotency-key return-17' },
  ];
  static override readonly args = { payment: idArg({ description: 'The payment’s id, as in `payment list`.', required: true }) };
  static override readonly flags = {
    amount: amountFlag({ description: 'How much of it; all that is left if left out.' }),
    memo: memoFlag({ description: 'Why; kept with the posting.' }),
    'idempotency-key': idempotencyFlag(),
    'dry-run': dryRunFlag,
    ...remoteFlags,
  };
  static override readonly result = paymentSchema;

  async run(): Promise<PaymentWire> {
    const { args, flags } = await this.parse(PaymentRefund);
    const ledger = await openLedger(flags, this.opening);
    if (flags['dry-run']) {
      return paymentToWire(await this.unchanged(ledger.payment(args.payment)));
    }
    const movement = { memo: flags.memo, idempotencyKey: flags['idempotency-key'] };
    return paymentToWire(await ledger.refund(args.payment, flags.amount, movement));
  }

  protected present(payment: PaymentWire, screen: Screen): string {
    return presentPayment(payment, screen);
  }
}
