import { accountSchema, accountToWire, type AccountWire } from '../../../api/accounts.ts';
import { accountArg } from '../../../cli/args.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { dryRunFlag, remoteFlags } from '../../../cli/flags.ts';
import { openLedger } from '../../../cli/open-role.ts';
import { presentAccount } from '../../../cli/present/accounts.ts';
import type { Screen } from '../../../cli/present/screen.ts';

export default class AccountCreditReinstate extends LatchkeyCommand<AccountWire> {
  static override readonly summary = 'Let an account that was suspended have credit payment codes again.';
  static override readonly description =
    'An account is suspended when its codes come to more than they allow, or when one use was signed for two showings. First find out how that came (`code disputes list --account`): an honest wallet does neither. Codes that were revoked stay so.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> "Anna Maier"'];
  static override readonly args = { name: accountArg({ description: 'The account’s name or id.', required: true }) };
  static override readonly flags = { 'dry-run': dryRunFlag, ...remoteFlags };
  static override readonly result = accountSchema;

  async run(): Promise<AccountWire> {
    const { args, flags } = await this.parse(AccountCreditReinstate);
    const ledger = await openLedger(flags, this.opening);
    if (flags['dry-run']) {
      return accountToWire(await this.unchanged({ ...(await ledger.account(args.name)), suspendedAt: undefined }));
    }
    return accountToWire(await ledger.reinstate(args.name));
  }

  protected present(account: AccountWire, screen: Screen): string {
    return presentAccount(account, screen);
  }
}
