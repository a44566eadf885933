import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { idempotencyFlag, remoteFlags, yesFlag } from '../../cli/flags.ts';
import { openOffers } from '../../cli/open-role.ts';
import { offerInWords, presentOffer, shownOffer, shownOfferSchema, type ShownOfferWire } from '../../cli/present/offers.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { offerFlags, termsFrom } from '../../cli/sharing/offer-flags.ts';

export default class ShareOffer extends LatchkeyCommand<ShownOfferWire> {
  static override readonly summary = 'Offer a network that is proven, for a price.';
  static override readonly description =
    'Guests within reach find it, and buy traffic or time on it. It is sold while `share serve` runs. A guest who pays and gets nothing has the money back by itself within the time that is shown before anything is made.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> net_nN4i0m0pR8mM9m6lq2c6Dw --step 1.00EUR=500MB --minimum 1.00EUR --free 10MB --refund unused',
    '<%= config.bin %> <%= command.id %> net_nN4i0m0pR8mM9m6lq2c6Dw --fixed 2h --price 3.00EUR --guests 2 --hours "Mon-Fri 08:00-18:00" --zone Europe/Berlin',
    '<%= config.bin %> <%= command.id %> net_nN4i0m0pR8mM9m6lq2c6Dw --tariff tariff.json --approval manual --answer-within 10m --yes',
  ];
  static override readonly args = { network: idArg({ description: 'The network’s id, as `share verify status` names it.', required: true }) };
  static override readonly flags = { ...offerFlags, yes: yesFlag, 'idempotency-key': idempotencyFlag(), ...remoteFlags };
  static override readonly result = shownOfferSchema;

  async run(): Promise<ShownOfferWire> {
    const { args, flags } = await this.parse(ShareOffer);
    const terms = await termsFrom(flags, this.signal);
    const offers = await openOffers(flags, this.opening);
    await this.confirm(offerInWords(args.network, terms), flags.yes);
    return shownOffer(await offers.offer(args.network, terms, flags['idempotency-key']));
  }

  protected present(offer: ShownOfferWire, screen: Screen): string {
    return presentOffer(offer, screen);
  }
}
