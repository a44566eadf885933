import { accountToWire, postingToWire } from '../../api/accounts.ts';
import { accountArg, amountArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { dryRunFlag, idempotencyFlag, memoFlag, remoteFlags } from '../../cli/flags.ts';
import { openLedger } from '../../cli/open-role.ts';
import { payoutSchema, presentPayout, type PayoutWire } from '../../cli/present/accounts.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { requirePayable } from '../../domain/account.ts';

export default class AccountPayout extends LatchkeyCommand<PayoutWire> {
  static override readonly summary = 'Take money out of an account: it was paid out, in cash or by a bank.';
  static override readonly description = 'Never more than is on the account and not held.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> Bakery 120.00EUR --memo "till of 30 November"',
    { description: 'In a script that may run again', command: '<%= config.bin %> <%= command.id %> Bakery 120.00EUR --idempotency-key till-2026-11-30 --json' },
  ];
  static override readonly args = {
    name: accountArg({ description: 'The account’s name or id.', required: true }),
    amount: amountArg({ description: 'How much, such as 12.50EUR.', required: true }),
  };
  static override readonly flags = {
    memo: memoFlag({ description: 'What for; kept with the posting.' }),
    'idempotency-key': idempotencyFlag(),
    'dry-run': dryRunFlag,
    ...remoteFlags,
  };
  static override readonly result = payoutSchema;

  async run(): Promise<PayoutWire> {
    const { args, flags } = await this.parse(AccountPayout);
    const ledger = await openLedger(flags, this.opening);
    if (flags['dry-run']) {
      const account = await ledger.account(args.name);
      requirePayable(account, args.amount);
      return { account: accountToWire(await this.unchanged(account)) };
    }
    const posting = await ledger.payOut(args.name, args.amount, { memo: flags.memo, idempotencyKey: flags['idempotency-key'] });
    return { account: accountToWire(await ledger.account(posting.debitId)), posting: postingToWire(posting) };
  }

  protected present(payout: PayoutWire, screen: Screen): string {
    return presentPayout(payout, screen);
  }
}
