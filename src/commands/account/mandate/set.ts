import { mandateSchema, mandateToWire, type MandateWire } from '../../../api/registers.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { accountFlag, amountFlag, remoteFlags, uidFlag } from '../../../cli/flags.ts';
import { presentMandate } from '../../../cli/present/mandates.ts';
import type { Screen } from '../../../cli/present/screen.ts';
import { setMandate } from '../../../cli/wallet/set-mandate.ts';

export default class AccountMandateSet extends LatchkeyCommand<MandateWire> {
  static override readonly summary = 'Let small amounts be taken from an account by tapping a card or phone, without a code.';
  static override readonly description =
    'Whoever has the card, or a copy of its number, can spend as much as the mandate allows. Setting it again replaces it.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --uid 04:a2:2b:91:5c:66:80',
    '<%= config.bin %> <%= command.id %> --uid 04a22b915c6680 --account Anna --per-tap 5.00EUR --per-day 12.00EUR',
  ];
  static override readonly flags = {
    uid: uidFlag({ description: 'The UID of the card or phone.', required: true }),
    account: accountFlag({ description: 'From this account, by id or name; the only one if left out.' }),
    'per-tap': amountFlag({ description: 'At most this at a tap; 10 units of the account’s currency if left out.' }),
    'per-day': amountFlag({ description: 'At most this within 24 hours; 30 units if left out.' }),
    ...remoteFlags,
  };
  static override readonly result = mandateSchema;

  async run(): Promise<MandateWire> {
    const { flags } = await this.parse(AccountMandateSet);
    return mandateToWire(await setMandate(flags, this.opening));
  }

  protected present(mandate: MandateWire, screen: Screen): string {
    return presentMandate(mandate, screen);
  }
}
