import { auditEntryToWire, historySchema, type AuditEntryWire } from '../../api/audit.ts';
import { pageToWire } from '../../api/page.ts';
import { uuidArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { historyFlags, remoteFlags } from '../../cli/flags.ts';
import { openFactory } from '../../cli/open-role.ts';
import { presentHistory } from '../../cli/present/audit.ts';
import type { PageWire } from '../../cli/present/page.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class DeviceHistory extends LatchkeyCommand<PageWire<AuditEntryWire>> {
  static override readonly summary = 'Show the trail of a device, oldest first.';
  static override readonly description =
    'When it was registered and by which token, where it asked, why it failed, who approved it and when it joined. Of a trail longer than a page it is the end; --after goes back from there.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> 9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d'];
  static override readonly args = { uuid: uuidArg({ description: 'The device.', required: true }) };
  static override readonly flags = { ...historyFlags, ...remoteFlags };
  static override readonly result = historySchema;

  async run(): Promise<PageWire<AuditEntryWire>> {
    const { args, flags } = await this.parse(DeviceHistory);
    const factory = await openFactory(flags, this.opening);
    const { items, next } = await factory.history(args.uuid, { after: flags.after, limit: flags.limit });
    // What was asked is logged in groups, so that it may come behind what followed from it.
    return pageToWire({ items: items.toReversed().toSorted((a, b) => a.at.getTime() - b.at.getTime()), next }, auditEntryToWire);
  }

  protected present(history: PageWire<AuditEntryWire>, screen: Screen): string {
    return presentHistory(history, screen);
  }
}
