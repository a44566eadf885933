import { unlockedSchema, unlockedToWire, type UnlockedWire } from '../../api/accounts.ts';
import { accountArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { dryRunFlag, remoteFlags } from '../../cli/flags.ts';
import { openLedger } from '../../cli/open-role.ts';
import { presentUnlocked } from '../../cli/present/accounts.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class AccountUnlock extends LatchkeyCommand<UnlockedWire> {
  static override readonly summary = 'Let an account’s terminals pay again at once after wrong transaction passwords.';
  static override readonly description = 'Ends the waits of all its terminals. First make sure that it was the payer who mistyped.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> "Anna Maier"'];
  static override readonly args = { name: accountArg({ description: 'The account’s name or id.', required: true }) };
  static override readonly flags = { 'dry-run': dryRunFlag, ...remoteFlags };
  static override readonly result = unlockedSchema;

  async run(): Promise<UnlockedWire> {
    const { args, flags } = await this.parse(AccountUnlock);
    const ledger = await openLedger(flags, this.opening);
    if (flags['dry-run']) {
      return unlockedToWire({ account: await this.unchanged(ledger.account(args.name)), terminals: 0 });
    }
    return unlockedToWire(await ledger.unlock(args.name));
  }

  protected present(unlocked: UnlockedWire, screen: Screen): string {
    return presentUnlocked(unlocked, screen);
  }
}
