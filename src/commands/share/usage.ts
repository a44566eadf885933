import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { guestFlags } from '../../cli/flags.ts';
import { openSharing } from '../../cli/open-role.ts';
import { presentUsage, shownUsageSchema, type ShownUsageWire } from '../../cli/present/share-access.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { shownUsage } from '../../cli/sharing/guest-requests.ts';

export default class ShareUsage extends LatchkeyCommand<ShownUsageWire> {
  static override readonly summary = 'Show one request for access, and how far it is used.';
  static override readonly description = 'For its guest and its sharer. The guest may leave the request out where only one is not over.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> srq_nN4i0m0pR8mM9m6lq2c6Dw'];
  static override readonly args = { request: idArg({ description: 'The request’s id, as in `share history`.' }) };
  static override readonly flags = { ...guestFlags };
  static override readonly result = shownUsageSchema;

  async run(): Promise<ShownUsageWire> {
    const { args, flags } = await this.parse(ShareUsage);
    return shownUsage(await openSharing(flags, this.opening), args.request);
  }

  protected present(usage: ShownUsageWire, screen: Screen): string {
    return presentUsage(usage, screen);
  }
}
