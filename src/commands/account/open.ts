import { accountSchema, accountToWire, type AccountWire } from '../../api/accounts.ts';
import { accountNameArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { cardReferenceFlag, currencyFlag, idempotencyFlag, remoteFlags, textFlag } from '../../cli/flags.ts';
import { openLedger } from '../../cli/open-role.ts';
import { presentAccount } from '../../cli/present/accounts.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class AccountOpen extends LatchkeyCommand<AccountWire> {
  static override readonly summary = 'Open an account in one currency.';
  static override readonly description =
    'Its name is its own as long as it is open. Verification codes for the terminals that are to pay from it go to its contact.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> Bakery --currency EUR',
    { description: 'Somebody who pays by a terminal', command: '<%= config.bin %> <%= command.id %> "Anna Maier" --currency EUR --contact anna@example.org' },
  ];
  static override readonly args = { name: accountNameArg({ description: 'What to call it.', required: true }) };
  static override readonly flags = {
    currency: currencyFlag({ description: 'Its currency, a code of ISO 4217.', required: true }),
    contact: textFlag({ description: 'Where its verification codes go.' }),
    'card-reference': cardReferenceFlag({ description: 'What a card’s issuer or processor calls the card; never its number.' }),
    'idempotency-key': idempotencyFlag(),
    ...remoteFlags,
  };
  static override readonly result = accountSchema;

  async run(): Promise<AccountWire> {
    const { args, flags } = await this.parse(AccountOpen);
    const ledger = await openLedger(flags, this.opening);
    const { currency, contact, 'card-reference': cardReference, 'idempotency-key': key } = flags;
    return accountToWire(await ledger.open({ name: args.name, currency, contact, cardReference }, key));
  }

  protected present(account: AccountWire, screen: Screen): string {
    return presentAccount(account, screen);
  }
}
