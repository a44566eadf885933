import { counterArg, idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { remoteFlags, yesFlag } from '../../cli/flags.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { presentTakenBack, takenBackSchema, type TakenBackWire } from '../../cli/present/wallet-codes.ts';
import { takeBackCode } from '../../cli/wallet/take-back-code.ts';

export default class CodeTakeBack extends LatchkeyCommand<TakenBackWire> {
  static override readonly summary = 'Take a showing back that no cash register accepted.';
  static override readonly description = `Its use counts no more, and can be shown again. The server is asked first, and what was paid is not taken back. Nobody can say what a register accepted and has not settled yet, whatever its shop said: so it asks, in a script --yes answers. If it was accepted after all, it is charged beside what is paid elsewhere, and more than the code allows suspends its account. What is left counted and never settled costs nothing: it goes back to the account a week after the code is over.`;
  static override readonly examples = ['<%= config.bin %> <%= command.id %> code_nN4i0m0pR8mM9m6lq2c6Dw 3', { description: 'In a script', command: '<%= config.bin %> <%= command.id %> code_nN4i0m0pR8mM9m6lq2c6Dw 3 --yes' }];
  static override readonly args = {
    code: idArg({ description: 'The code’s id, as in `code list`.', required: true }),
    counter: counterArg({ description: 'Which showing, as `code show` said.', required: true }),
  };
  static override readonly flags = { yes: yesFlag, ...remoteFlags };
  static override readonly result = takenBackSchema;

  async run(): Promise<TakenBackWire | undefined> {
    const { args, flags } = await this.parse(CodeTakeBack);
    const confirmed = async (risk: string): Promise<boolean> => {
      const isAnswered = flags.yes || this.interactive;
      if (isAnswered) {
        await this.caution(risk);
      }
      await this.confirm(isAnswered ? 'Take it back?' : `${risk} Take it back?`, flags.yes);
      return true;
    };
    return takeBackCode(args.code, args.counter, flags, { ...this.opening, ...this.guarding, confirmed });
  }

  protected present(taken: TakenBackWire, screen: Screen): string {
    return presentTakenBack(taken, screen);
  }
}
