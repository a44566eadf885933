import { idArg } from '../../../cli/args.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { remoteFlags, yesFlag } from '../../../cli/flags.ts';
import { openOffers } from '../../../cli/open-role.ts';
import { presentOffer, shownOffer, shownOfferSchema, type ShownOfferWire } from '../../../cli/present/offers.ts';
import type { Screen } from '../../../cli/present/screen.ts';

export default class ShareOffersWithdraw extends LatchkeyCommand<ShownOfferWire> {
  static override readonly summary = 'Take an offer off the market for good.';
  static override readonly description = 'What is sold already goes on. The network may be offered anew.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> off_nN4i0m0pR8mM9m6lq2c6Dw --yes'];
  static override readonly args = { offer: idArg({ description: 'The offer’s id, as in `share offers list`.', required: true }) };
  static override readonly flags = { yes: yesFlag, ...remoteFlags };
  static override readonly result = shownOfferSchema;

  async run(): Promise<ShownOfferWire> {
    const { args, flags } = await this.parse(ShareOffersWithdraw);
    const offers = await openOffers(flags, this.opening);
    await this.confirm(`Withdraw offer ${args.offer} for good?`, flags.yes);
    return shownOffer(await offers.setState(args.offer, 'withdrawn'));
  }

  protected present(offer: ShownOfferWire, screen: Screen): string {
    return presentOffer(offer, screen);
  }
}
