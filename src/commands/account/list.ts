import { accountPageSchema, accountToWire, type AccountWire } from '../../api/accounts.ts';
import { pageToWire } from '../../api/page.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { pageFlags, remoteFlags } from '../../cli/flags.ts';
import { openLedger } from '../../cli/open-role.ts';
import { presentAccounts } from '../../cli/present/accounts.ts';
import type { PageWire } from '../../cli/present/page.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class AccountList extends LatchkeyCommand<PageWire<AccountWire>> {
  static override readonly summary = 'List accounts and what is on them, newest first.';
  static override readonly description =
    'An admin sees all, with one for what is outside of the ledger in each currency: all accounts of a currency together are 0. A cash register sees its payees, a terminal the accounts that it is bound to.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];
  static override readonly flags = { ...pageFlags, ...remoteFlags };
  static override readonly result = accountPageSchema;

  async run(): Promise<PageWire<AccountWire>> {
    const { flags } = await this.parse(AccountList);
    const ledger = await openLedger(flags, this.opening);
    return pageToWire(await ledger.accounts({ after: flags.after, limit: flags.limit }), accountToWire);
  }

  protected present(page: PageWire<AccountWire>, screen: Screen): string {
    return presentAccounts(page, screen);
  }
}
