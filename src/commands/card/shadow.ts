import { LatchkeyCommand } from '../../cli/base-command.ts';
import { tryParameters } from '../../cli/cards/try-parameters.ts';
import { fileFlag, instantFlag, textFlag } from '../../cli/flags.ts';
import { presentShadow, shadowSchema, type ShadowWire } from '../../cli/present/cards.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class CardShadow extends LatchkeyCommand<ShadowWire> {
  static override readonly summary = 'Try other parameters on the services that a card application has judged, and show what would change.';
  static override readonly description = `They are judged once more in their order, with what was drawn for each and what was confirmed and reversed. What would not have gone on is not counted, so that one change may bring others. Nothing is changed here.`;
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --app spending --policy spending-2.json',
    { description: 'By what happened since a moment', command: '<%= config.bin %> <%= command.id %> --app spending --policy spending-2.json --since 2026-11-01T00:00:00Z --json' },
  ];
  static override readonly flags = {
    app: textFlag({ description: 'The application whose services they are.', helpValue: 'NAME', required: true }),
    policy: fileFlag({ description: 'The application with its new parameters, - for stdin.', required: true }),
    since: instantFlag({ description: 'Judge those since then alone; those before count as they were.' }),
  };
  static override readonly result = shadowSchema;

  async run(): Promise<ShadowWire> {
    const { flags } = await this.parse(CardShadow);
    return tryParameters(flags, { closing: this.closing, signal: this.signal });
  }

  protected present(result: ShadowWire, screen: Screen): string {
    return presentShadow(result, screen);
  }
}
