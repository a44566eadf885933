import { verificationSentToWire } from '../../api/bindings.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { bindFlags, choiceFlag, guestFlags, textFlag } from '../../cli/flags.ts';
import { boundOrSentSchema, boundToWire, presentBoundOrSent, type BoundWire, type VerificationSentWire } from '../../cli/present/wallet.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { bindAccount } from '../../cli/wallet/bind-account.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { passwordAlgorithms } from '../../domain/payment.ts';

export default class AccountBind extends LatchkeyCommand<BoundWire | VerificationSentWire> {
  static override readonly summary = 'Bind this terminal to an account, so that it can pay from it.';
  static override readonly description = `A verification code goes to whom the account belongs to; with it, and with an identity code that the payer chooses and types at every payment, the terminal gets its first temporary code, which goes into the secret store. Where nobody can be asked it takes two runs: --request-code, then --verification.`;
  static override readonly usage = [
    '<%= command.id %> --account ID --name TEXT [--request-code] [FLAGS]',
    '<%= command.id %> --verification ID [--verification-code-file PATH|-] [--identity-code-file PATH|-] [FLAGS]',
  ];
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --account acc_nN4i0m0pR8mM9m6lq2c6Dw --name Anna',
    { description: 'In a script', command: '<%= config.bin %> <%= command.id %> --account card_4711 --name Anna --request-code' },
    { command: '<%= config.bin %> <%= command.id %> --verification ver_2c6DwnN4i0m0pR8mM9m6lq --verification-code-file code.txt --identity-code-file identity.txt', description: 'And once the code is there' },
  ];
  static override readonly flags = {
    account: textFlag({ description: 'The account’s id, name or card reference.', helpValue: 'ID' }),
    name: textFlag({ description: 'What the account is called.' }),
    algorithm: choiceFlag(passwordAlgorithms)({ description: 'How transaction passwords are made; for good. hmac-sha256 if left out.' }),
    ...bindFlags,
    ...guestFlags,
  };
  static override readonly result = boundOrSentSchema;

  async run(): Promise<BoundWire | VerificationSentWire> {
    const { flags } = await this.parse(AccountBind);
    const { account, name } = flags;
    const result = await bindAccount(flags, {
      ...this.opening,
      interactive: this.interactive,
      note: (text) => this.note(text),
      account: async () => {
        if (account === undefined || name === undefined) {
          throw new LatchkeyError('missing_input', `The account is missing: give ${account === undefined ? '--account ID' : '--name NAME'}.`);
        }
        return { account, name };
      },
    });
    return 'verificationId' in result ? verificationSentToWire(result) : boundToWire(result);
  }

  protected present(result: BoundWire | VerificationSentWire, screen: Screen): string {
    return presentBoundOrSent(result, screen);
  }
}
