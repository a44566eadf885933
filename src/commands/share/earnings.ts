import { LatchkeyCommand } from '../../cli/base-command.ts';
import { idFlag, periodFlags, remoteFlags } from '../../cli/flags.ts';
import { openSharing } from '../../cli/open-role.ts';
import { earningsSchema, earningsToWire, presentEarnings, type EarningsWire } from '../../cli/present/share-earnings.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { earnings, periodOf } from '../../cli/sharing/share-earnings.ts';

export default class ShareEarnings extends LatchkeyCommand<EarningsWire> {
  static override readonly summary = 'Show what shared networks have earned, by network and month.';
  static override readonly description = 'Of the networks of accounts that this terminal is bound to. Earned is what was sold without what went back and what is still to go back. What is in use counts as sold; what of it is unused may go back yet.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --from 2026-01-01 --to 2026-12-31'];
  static override readonly flags = {
    network: idFlag({ description: 'Only this network.' }),
    ...periodFlags,
    ...remoteFlags,
  };
  static override readonly result = earningsSchema;

  async run(): Promise<EarningsWire> {
    const { flags } = await this.parse(ShareEarnings);
    const period = periodOf(flags);
    return earningsToWire(await earnings(await openSharing(flags, this.opening), flags.network, period), period.zone);
  }

  protected present(wire: EarningsWire, screen: Screen): string {
    return presentEarnings(wire, screen);
  }
}
