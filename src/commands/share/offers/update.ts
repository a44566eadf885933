import { idArg } from '../../../cli/args.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { remoteFlags, switchFlag } from '../../../cli/flags.ts';
import { openOffers } from '../../../cli/open-role.ts';
import { presentOffer, shownOffer, shownOfferSchema, type ShownOfferWire } from '../../../cli/present/offers.ts';
import type { Screen } from '../../../cli/present/screen.ts';
import { changeFrom, offerFlags } from '../../../cli/sharing/offer-flags.ts';

export default class ShareOffersUpdate extends LatchkeyCommand<ShownOfferWire> {
  static override readonly summary = 'Change an offer.';
  static override readonly description = 'What is given changes, all else stays; a tariff is given as a whole. Who has bought already keeps the price.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> off_nN4i0m0pR8mM9m6lq2c6Dw --guests 3 --approval manual',
    '<%= config.bin %> <%= command.id %> off_nN4i0m0pR8mM9m6lq2c6Dw --step 1.20EUR=500MB --refund unused',
    '<%= config.bin %> <%= command.id %> off_nN4i0m0pR8mM9m6lq2c6Dw --always',
  ];
  static override readonly args = { offer: idArg({ description: 'The offer’s id, as in `share offers list`.', required: true }) };
  static override readonly flags = { ...offerFlags, always: switchFlag({ description: 'It has no hours any more.', exclusive: ['hours'] }), ...remoteFlags };
  static override readonly result = shownOfferSchema;

  async run(): Promise<ShownOfferWire> {
    const { args, flags } = await this.parse(ShareOffersUpdate);
    const change = await changeFrom(flags, this.signal);
    const offers = await openOffers(flags, this.opening);
    return shownOffer(await offers.update(args.offer, change));
  }

  protected present(offer: ShownOfferWire, screen: Screen): string {
    return presentOffer(offer, screen);
  }
}
