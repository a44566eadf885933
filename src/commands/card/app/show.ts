import { textArg } from '../../../cli/args.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { applicationMissing, openKeptCards } from '../../../cli/cards/cards.ts';
import { keptApplicationToWire, presentShownApplication, shownApplicationSchema, type ShownApplicationWire } from '../../../cli/present/cards.ts';
import type { Screen } from '../../../cli/present/screen.ts';

export default class CardAppShow extends LatchkeyCommand<ShownApplicationWire> {
  static override readonly summary = 'Show a card application of this machine: what it guards, and its parameters and rules.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> spending'];
  static override readonly args = { name: textArg({ description: 'Its name.', required: true }) };
  static override readonly result = shownApplicationSchema;

  async run(): Promise<ShownApplicationWire> {
    const { args } = await this.parse(CardAppShow);
    const { store, desk } = await openKeptCards(this.closing, () => applicationMissing(args.name));
    const kept = desk.application(args.name);
    const isDamaged = desk.isDamaged(kept);
    return {
      ...keptApplicationToWire(kept, isDamaged),
      ...(isDamaged ? {} : { application: JSON.parse(kept.json) as object }),
      versions: store.versions(args.name).map((each) => keptApplicationToWire(each)),
    };
  }

  protected present(application: ShownApplicationWire, screen: Screen): string {
    return presentShownApplication(application, screen);
  }
}
