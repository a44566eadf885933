import { pageToWire } from '../../api/page.ts';
import { paymentPageSchema, paymentToWire, type PaymentWire } from '../../api/payments.ts';
import { accountId } from '../../cli/account-id.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { accountFlag, choiceFlag, pageFlags, remoteFlags } from '../../cli/flags.ts';
import { openLedger } from '../../cli/open-role.ts';
import type { PageWire } from '../../cli/present/page.ts';
import { presentPayments } from '../../cli/present/payments.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { paymentStates } from '../../domain/payment.ts';

export default class PaymentList extends LatchkeyCommand<PageWire<PaymentWire>> {
  static override readonly summary = 'List payments, newest first.';
  static override readonly description =
    'An admin sees all, a cash register those to its payees, a terminal those from the accounts that it is bound to. Payments that were cancelled before they came are not listed.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --payee Bakery',
    { description: 'What has yet to be taken or given back', command: '<%= config.bin %> <%= command.id %> --state held' },
  ];
  static override readonly flags = {
    account: accountFlag({ description: 'Only those from this account.' }),
    payee: accountFlag({ description: 'Only those to this account.' }),
    state: choiceFlag(paymentStates)({ description: 'Only in this state.' }),
    ...pageFlags,
    ...remoteFlags,
  };
  static override readonly result = paymentPageSchema;

  async run(): Promise<PageWire<PaymentWire>> {
    const { flags } = await this.parse(PaymentList);
    const ledger = await openLedger(flags, this.opening);
    const { account, payee, state, after, limit } = flags;
    const ids = async (reference: string | undefined) => (reference === undefined ? undefined : [await accountId(ledger, reference)]);
    const filter = { accountIds: await ids(account), payeeIds: await ids(payee), state };
    return pageToWire(await ledger.payments(filter, { after, limit }), paymentToWire);
  }

  protected present(page: PageWire<PaymentWire>, screen: Screen): string {
    return presentPayments(page, screen);
  }
}
