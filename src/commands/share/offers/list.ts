import { pageToWire } from '../../../api/page.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { choiceFlag, pageFlags, remoteFlags } from '../../../cli/flags.ts';
import { openOffers } from '../../../cli/open-role.ts';
import { presentOffers, shownOffer, shownOfferPageSchema, type ShownOfferWire } from '../../../cli/present/offers.ts';
import type { PageWire } from '../../../cli/present/page.ts';
import type { Screen } from '../../../cli/present/screen.ts';
import { offerStates } from '../../../domain/offer.ts';

export default class ShareOffersList extends LatchkeyCommand<PageWire<ShownOfferWire>> {
  static override readonly summary = 'List the offers of the accounts that this terminal is bound to, newest first.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --state active'];
  static override readonly flags = {
    state: choiceFlag(offerStates)({ description: 'Only in this state.' }),
    ...pageFlags,
    ...remoteFlags,
  };
  static override readonly result = shownOfferPageSchema;

  async run(): Promise<PageWire<ShownOfferWire>> {
    const { flags } = await this.parse(ShareOffersList);
    const { state, after, limit } = flags;
    const offers = await openOffers(flags, this.opening);
    return pageToWire(await offers.offers({ state }, { after, limit }), shownOffer);
  }

  protected present(page: PageWire<ShownOfferWire>, screen: Screen): string {
    return presentOffers(page, screen);
  }
}
