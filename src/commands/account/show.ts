import { accountSchema, accountToWire, type AccountWire } from '../../api/accounts.ts';
import { accountArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { remoteFlags } from '../../cli/flags.ts';
import { openLedger } from '../../cli/open-role.ts';
import { presentAccount } from '../../cli/present/accounts.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class AccountShow extends LatchkeyCommand<AccountWire> {
  static override readonly summary = 'Show an account: what is on it, and what of it is held.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> Bakery'];
  static override readonly args = { name: accountArg({ description: 'The account’s name or id; its id once it is closed.', required: true }) };
  static override readonly flags = remoteFlags;
  static override readonly result = accountSchema;

  async run(): Promise<AccountWire> {
    const { args, flags } = await this.parse(AccountShow);
    const ledger = await openLedger(flags, this.opening);
    return accountToWire(await ledger.account(args.name));
  }

  protected present(account: AccountWire, screen: Screen): string {
    return presentAccount(account, screen);
  }
}
