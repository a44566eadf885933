import { LatchkeyCommand } from '../../cli/base-command.ts';
import { amountFlag, durationFlag, fileFlag, idempotencyFlag, numberFlag, remoteFlags, textFlag } from '../../cli/flags.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { presentWalletCode, walletCodeSchema, type WalletCodeWire } from '../../cli/present/wallet-codes.ts';
import { issueCode, mostUsesAtIssue } from '../../cli/wallet/issue-code.ts';
import type { LatchkeyError } from '../../domain/errors.ts';
import { withOutcome } from '../../domain/with-outcome.ts';

export default class CodeIssue extends LatchkeyCommand<WalletCodeWire> {
  static override readonly summary = 'Have a credit payment code issued, to pay where no server can be asked.';
  static override readonly description = `The whole limit is held on the account until registers have settled, a week after the code is over; what was not spent goes back then. Its private key is in the secret store before anything is sent, and never leaves it. An issue that was interrupted is finished by running it again, or by the next \`code list\`: the same code then, and no second one.`;
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --limit 20.00EUR --max-each 5.00EUR --uses 10 --valid 24h',
    { description: 'For two shops only', command: '<%= config.bin %> <%= command.id %> --limit 20.00EUR --payee Café --payee Kiosk' },
    { description: 'In a script', command: '<%= config.bin %> <%= command.id %> --limit 20.00EUR --identity-code-file code.txt --idempotency-key monday' },
  ];
  static override readonly flags = {
    limit: amountFlag({ description: 'All of its payments together.', required: true }),
    'max-each': amountFlag({ description: 'The largest amount of one payment; the whole limit if left out.' }),
    uses: numberFlag(1, mostUsesAtIssue)({ description: 'How many payments; as many of the largest amount as the limit allows if left out.' }),
    valid: durationFlag({ description: 'How long it can be shown, at most 23d.', default: 86_400_000, defaultHelp: async () => '24h' }),
    payee: textFlag({ description: 'Whom it may pay, by id or name; given several times, any of them; anybody if left out.', helpValue: 'NAME', multiple: true, multipleNonGreedy: true }),
    account: textFlag({ description: 'From this account, by id or name; the only one if left out.', helpValue: 'NAME' }),
    'identity-code-file': fileFlag({ description: 'Take the identity code in this file, - for stdin (or LATCHKEY_IDENTITY_CODE).' }),
    'idempotency-key': idempotencyFlag(),
    ...remoteFlags,
  };
  static override readonly result = walletCodeSchema;

  async run(): Promise<WalletCodeWire> {
    const { flags } = await this.parse(CodeIssue);
    return issueCode(flags, { ...this.opening, caution: (text) => this.caution(text) });
  }

  protected override givenUp(reason: LatchkeyError): unknown {
    return withOutcome(reason, 'What had been sent by then may be issued.', 'The next `latchkey code issue` or `latchkey code list` finds out first, and never has it issued twice; `latchkey pay --cancel` gives it up.');
  }

  protected present(code: WalletCodeWire, screen: Screen): string {
    return presentWalletCode(code, screen);
  }
}
