import { counterArg, idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { presentTakenBack, takenBackSchema, type TakenBackWire } from '../../cli/present/wallet-codes.ts';
import { takeBackCode } from '../../cli/wallet/take-back-code.ts';

export default class CodeTakeBack extends LatchkeyCommand<TakenBackWire> {
  static override readonly summary = 'Take a showing back that no cash register accepted.';
  static override readonly description = 'Its use counts no more. No server is asked; if one later says that it was paid, it counts again. Take back only what was not accepted: more than a code allows suspends its account.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> code_nN4i0m0pR8mM9m6lq2c6Dw 3'];
  static override readonly args = {
    code: idArg({ description: 'The code’s id, as in `code list`.', required: true }),
    counter: counterArg({ description: 'Which showing, as `code show` said.', required: true }),
  };
  static override readonly result = takenBackSchema;

  async run(): Promise<TakenBackWire> {
    const { args } = await this.parse(CodeTakeBack);
    return takeBackCode(args.code, args.counter, { sources: this.sources, ...this.guarding });
  }

  protected present(taken: TakenBackWire, screen: Screen): string {
    return presentTakenBack(taken, screen);
  }
}
