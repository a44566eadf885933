import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { areThereCards, openCards } from '../../../cli/cards/cards.ts';
import { keptApplicationsSchema, keptApplicationToWire, presentKeptApplications, type KeptApplicationsWire } from '../../../cli/present/cards.ts';
import type { Screen } from '../../../cli/present/screen.ts';

export default class CardAppList extends LatchkeyCommand<KeptApplicationsWire> {
  static override readonly summary = 'List the card applications of this machine, and what they guard.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];
  static override readonly result = keptApplicationsSchema;

  async run(): Promise<KeptApplicationsWire> {
    await this.parse(CardAppList);
    if (!areThereCards()) {
      return { applications: [] };
    }
    const { store, desk } = await openCards(this.closing);
    return { applications: store.applications().map((kept) => keptApplicationToWire(kept, desk.isDamaged(kept))) };
  }

  protected present(list: KeptApplicationsWire, screen: Screen): string {
    return presentKeptApplications(list, screen);
  }
}
