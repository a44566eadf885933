import { textArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { lintApplicationJson } from '../../cli/cards/lint-application.ts';
import { readApplicationFile } from '../../cli/cards/load-application.ts';
import { lintSchema, lintToWire, presentLint, type LintWire } from '../../cli/present/card-checks.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class CardLint extends LatchkeyCommand<LintWire> {
  static override readonly summary = 'Look for what cannot be meant in a card application; exit 12 if there is something.';
  static override readonly description =
    'Members that nobody knows, currencies and zones that there are not, empty lists, hours that contradict each other, limits that cannot be reached, rules that never or always fail, and expressions with errors or of wrong types.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> transit.json'];
  static override readonly args = { file: textArg({ description: 'The card application, - for stdin.', required: true }) };
  static override readonly result = lintSchema;

  async run(): Promise<undefined> {
    const { args } = await this.parse(CardLint);
    const lint = lintToWire(lintApplicationJson(await readApplicationFile(args.file, 'FILE', this.signal)));
    await this.emitCheck(lint, lint.ok, 'The card application cannot be meant so.');
    return undefined;
  }

  protected present(lint: LintWire, screen: Screen): string {
    return presentLint(lint, screen);
  }
}
