import { accountSchema, accountToWire, type AccountWire } from '../../../api/accounts.ts';
import { accountArg, creditArg } from '../../../cli/args.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { dryRunFlag, idempotencyFlag, remoteFlags } from '../../../cli/flags.ts';
import { openLedger } from '../../../cli/open-role.ts';
import { presentAccount } from '../../../cli/present/accounts.ts';
import type { Screen } from '../../../cli/present/screen.ts';
import { withCredit } from '../../../domain/account.ts';

export default class AccountCreditSet extends LatchkeyCommand<AccountWire> {
  static override readonly summary = 'Set an account’s credit: how far payments and codes may take it below nothing.';
  static override readonly description = 'Never lower than what is used of it. Nothing is paid out on credit.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> "Anna Maier" 50.00EUR',
    { description: 'No credit any more', command: '<%= config.bin %> <%= command.id %> "Anna Maier" 0EUR' },
  ];
  static override readonly args = {
    name: accountArg({ description: 'The account’s name or id.', required: true }),
    amount: creditArg({ description: 'How much, such as 50.00EUR; 0EUR for none.', required: true }),
  };
  static override readonly flags = { 'idempotency-key': idempotencyFlag(), 'dry-run': dryRunFlag, ...remoteFlags };
  static override readonly result = accountSchema;

  async run(): Promise<AccountWire> {
    const { args, flags } = await this.parse(AccountCreditSet);
    const ledger = await openLedger(flags, this.opening);
    if (flags['dry-run']) {
      return accountToWire(await this.unchanged(withCredit(await ledger.account(args.name), args.amount)));
    }
    return accountToWire(await ledger.setCredit(args.name, args.amount, flags['idempotency-key']));
  }

  protected present(account: AccountWire, screen: Screen): string {
    return presentAccount(account, screen);
  }
}
