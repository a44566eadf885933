import { verificationSentToWire } from '../../api/bindings.ts';
import { textArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { bindFlags, guestFlags } from '../../cli/flags.ts';
import { openWallet } from '../../cli/open-role.ts';
import { boundOrSentSchema, boundToWire, presentBoundOrSent, type BoundWire, type VerificationSentWire } from '../../cli/present/wallet.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { bindAccount } from '../../cli/wallet/bind-account.ts';
import { boundAccount } from '../../cli/wallet/open-payer.ts';

export default class AccountRebind extends LatchkeyCommand<BoundWire | VerificationSentWire> {
  static override readonly summary = 'Bind this terminal to its account anew: its temporary code is lost, or another terminal holds it.';
  static override readonly description = 'As `account bind`, for an account that this terminal is bound to already. The code before is good for nothing from then on.';
  static override readonly usage = [
    '<%= command.id %> [ACCOUNT] [--request-code] [FLAGS]',
    '<%= command.id %> --verification ID [--verification-code-file PATH|-] [--identity-code-file PATH|-] [FLAGS]',
  ];
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> Anna'];
  static override readonly args = { account: textArg({ description: 'The account’s id or name; the only one if left out.' }) };
  static override readonly flags = { ...bindFlags, ...guestFlags };
  static override readonly result = boundOrSentSchema;

  async run(): Promise<BoundWire | VerificationSentWire> {
    const { args, flags } = await this.parse(AccountRebind);
    const result = await bindAccount(flags, {
      ...this.opening,
      interactive: this.interactive,
      note: (text) => this.note(text),
      account: async () => {
        const { accountId, name } = await boundAccount(await openWallet(flags, this.opening), args.account);
        return { account: accountId, name };
      },
    });
    return 'verificationId' in result ? verificationSentToWire(result) : boundToWire(result);
  }

  protected present(result: BoundWire | VerificationSentWire, screen: Screen): string {
    return presentBoundOrSent(result, screen);
  }
}
