import { idArg } from '../../../cli/args.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { remoteFlags } from '../../../cli/flags.ts';
import { openOffers } from '../../../cli/open-role.ts';
import { presentOffer, shownOffer, shownOfferSchema, type ShownOfferWire } from '../../../cli/present/offers.ts';
import type { Screen } from '../../../cli/present/screen.ts';

export default class ShareOffersResume extends LatchkeyCommand<ShownOfferWire> {
  static override readonly summary = 'Put a paused offer back on the market.';
  static override readonly description = 'It is found again, if its network is still proven.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> off_nN4i0m0pR8mM9m6lq2c6Dw'];
  static override readonly args = { offer: idArg({ description: 'The offer’s id, as in `share offers list`.', required: true }) };
  static override readonly flags = remoteFlags;
  static override readonly result = shownOfferSchema;

  async run(): Promise<ShownOfferWire> {
    const { args, flags } = await this.parse(ShareOffersResume);
    const offers = await openOffers(flags, this.opening);
    return shownOffer(await offers.setState(args.offer, 'active'));
  }

  protected present(offer: ShownOfferWire, screen: Screen): string {
    return presentOffer(offer, screen);
  }
}
