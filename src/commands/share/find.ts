import { LatchkeyCommand } from '../../cli/base-command.ts';
import { choiceFlag, guestFlags } from '../../cli/flags.ts';
import { openOffers } from '../../cli/open-role.ts';
import { aroundListSchema, aroundToWire, presentAround, type AroundListWire } from '../../cli/present/offers.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { findOffers, findOrders } from '../../cli/sharing/find-offers.ts';
import { hear, hearingFlags } from '../../cli/sharing/heard.ts';

export default class ShareFind extends LatchkeyCommand<AroundListWire> {
  static override readonly summary = 'Find networks around that are on offer.';
  static override readonly description =
    'Scans, asks the server which of the networks are on offer, and lists those: what they cost, whether they are proven, what their sharers have sold, and whether they take guests now. The server is told radios and names, and keeps nothing of those that are not on offer.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --sort price',
    { description: 'What was heard elsewhere', command: 'iw dev wlan0 scan | <%= config.bin %> <%= command.id %> --scan -' },
    '<%= config.bin %> <%= command.id %> --scan scan.txt --json',
  ];
  static override readonly flags = {
    ...hearingFlags,
    sort: choiceFlag(findOrders)({ description: 'By the strongest signal, the price of a unit, or what their sharers have sold; those that take nobody now come last.', default: 'signal' as const }),
    ...guestFlags,
  };
  static override readonly result = aroundListSchema;

  async run(): Promise<AroundListWire> {
    const { flags } = await this.parse(ShareFind);
    const offers = await openOffers(flags, this.opening);
    const heard = await hear(flags, this.signal);
    const around = await findOffers(offers, heard, flags.sort);
    return { heard: heard.length, items: around.map(({ found, strongest }) => aroundToWire(found, strongest)) };
  }

  protected present(around: AroundListWire, screen: Screen): string {
    return presentAround(around, screen);
  }
}
