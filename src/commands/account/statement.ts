import { statementLineToWire, statementPageSchema, type StatementLineWire } from '../../api/accounts.ts';
import { pageToWire } from '../../api/page.ts';
import { accountArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { pageFlags, remoteFlags } from '../../cli/flags.ts';
import { openLedger } from '../../cli/open-role.ts';
import { presentStatement } from '../../cli/present/accounts.ts';
import type { PageWire } from '../../cli/present/page.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class AccountStatement extends LatchkeyCommand<PageWire<StatementLineWire>> {
  static override readonly summary = 'List what came to an account and what left it, newest first, with the balance after each.';
  static override readonly description = 'What a payment holds is not in it: nothing has moved yet. See `payment list --state held`.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> Bakery --limit 20'];
  static override readonly args = { name: accountArg({ description: 'The account’s name or id; its id once it is closed.', required: true }) };
  static override readonly flags = { ...pageFlags, ...remoteFlags };
  static override readonly result = statementPageSchema;

  async run(): Promise<PageWire<StatementLineWire>> {
    const { args, flags } = await this.parse(AccountStatement);
    const ledger = await openLedger(flags, this.opening);
    return pageToWire(await ledger.statement(args.name, { after: flags.after, limit: flags.limit }), statementLineToWire);
  }

  protected present(page: PageWire<StatementLineWire>, screen: Screen): string {
    return presentStatement(page, screen);
  }
}
