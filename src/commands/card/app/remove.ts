import { textArg } from '../../../cli/args.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { applicationMissing, openKeptCards } from '../../../cli/cards/cards.ts';
import { dryRunFlag, yesFlag } from '../../../cli/flags.ts';
import { keptApplicationSchema, keptApplicationToWire, presentKeptApplication, type KeptApplicationWire } from '../../../cli/present/cards.ts';
import type { Screen } from '../../../cli/present/screen.ts';

export default class CardAppRemove extends LatchkeyCommand<KeptApplicationWire> {
  static override readonly summary = 'Remove a card application from this machine: it guards nothing any more.';
  static override readonly description = 'Its log stays, and so does what it has counted, should it be added again. One that is damaged goes like any other.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> spending'];
  static override readonly args = { name: textArg({ description: 'Its name.', required: true }) };
  static override readonly flags = { yes: yesFlag, 'dry-run': dryRunFlag };
  static override readonly result = keptApplicationSchema;

  async run(): Promise<KeptApplicationWire> {
    const { args, flags } = await this.parse(CardAppRemove);
    const { desk } = await openKeptCards(this.closing, () => applicationMissing(args.name));
    const kept = desk.application(args.name);
    if (flags['dry-run']) {
      return this.unchanged(keptApplicationToWire(kept, desk.isDamaged(kept)));
    }
    await this.confirm(`Remove ${kept.name}, which guards ${kept.guards.length === 0 ? 'nothing by itself' : kept.guards.join(', ')}?`, flags.yes);
    return keptApplicationToWire(await desk.remove(args.name));
  }

  protected present(kept: KeptApplicationWire, screen: Screen): string {
    return presentKeptApplication(kept, screen);
  }
}
