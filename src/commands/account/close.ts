import { accountSchema, accountToWire, type AccountWire } from '../../api/accounts.ts';
import { accountArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { dryRunFlag, remoteFlags, yesFlag } from '../../cli/flags.ts';
import { openLedger } from '../../cli/open-role.ts';
import { presentAccount } from '../../cli/present/accounts.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { notEmpty } from '../../domain/account.ts';

export default class AccountClose extends LatchkeyCommand<AccountWire> {
  static override readonly summary = 'Close an account for good: nothing comes to it or leaves it any more.';
  static override readonly description =
    'It must be empty, and nothing of it held. Its name is free again; its statement stays, under its id. Closing a closed account changes nothing.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> Bakery --yes'];
  static override readonly args = { name: accountArg({ description: 'The account’s name or id.', required: true }) };
  static override readonly flags = { yes: yesFlag, 'dry-run': dryRunFlag, ...remoteFlags };
  static override readonly result = accountSchema;

  async run(): Promise<AccountWire> {
    const { args, flags } = await this.parse(AccountClose);
    const ledger = await openLedger(flags, this.opening);
    const account = await ledger.account(args.name);
    if (flags['dry-run']) {
      if (account.closedAt === undefined && (account.balance !== 0n || account.held !== 0n)) {
        throw notEmpty(account);
      }
      return accountToWire(await this.unchanged(account));
    }
    await this.confirm(`Close account ${account.name} for good?`, flags.yes);
    return accountToWire(await ledger.close(account.id));
  }

  protected present(account: AccountWire, screen: Screen): string {
    return presentAccount(account, screen);
  }
}
