import { textArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { lintApplicationJson } from '../../cli/cards/lint-application.ts';
import { readApplicationFile } from '../../cli/cards/load-application.ts';
import { lintSchema, lintToWire, presentLint, type LintWire } from '../../cli/present/card-checks.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class CardLint extends LatchkeyCommand<LintWire> {
  static override readonly summary = 'Look for mistakes in a card application; exit 12 if there are any.';
  static override readonly description =
    'It finds unknown members, currencies and zones, empty lists, hours that have nothing in common, limits that have no effect, rules that always or never fail, and expressions with errors or wrong types.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> transit.json'];
  static override readonly args = { file: textArg({ description: 'The card application, - for stdin.', required: true }) };
  static override readonly result = lintSchema;

  async run(): Promise<undefined> {
    const { args } = await this.parse(CardLint);
    const lint = lintToWire(lintApplicationJson(await readApplicationFile(args.file, 'FILE', this.signal)));
    await this.emitCheck(lint, lint.ok, 'Something in the card application is probably a mistake.');
    return undefined;
  }

  protected present(lint: LintWire, screen: Screen): string {
    return presentLint(lint, screen);
  }
}
