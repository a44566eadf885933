import { auditEntryToWire, historySchema, type AuditEntryWire } from '../../api/audit.ts';
import { uuidArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { remoteFlags } from '../../cli/flags.ts';
import { openFactory } from '../../cli/open-role.ts';
import { presentHistory } from '../../cli/present/audit.ts';
import type { Screen } from '../../cli/present/screen.ts';

interface History {
  readonly items: AuditEntryWire[];
}

export default class DeviceHistory extends LatchkeyCommand<History> {
  static override readonly summary = 'Show the whole trail of a device, oldest first.';
  static override readonly description =
    'When it was registered and by which token, where it asked, why it failed, who approved it and when it joined.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> 9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d'];
  static override readonly args = { uuid: uuidArg({ description: 'The device.', required: true }) };
  static override readonly flags = remoteFlags;
  static override readonly result = historySchema;

  async run(): Promise<History> {
    const { args, flags } = await this.parse(DeviceHistory);
    const factory = await openFactory(flags, this.opening);
    // What was asked is logged in groups, so that it may come behind what followed from it.
    const entries = (await factory.history(args.uuid)).toSorted((a, b) => a.at.getTime() - b.at.getTime());
    return { items: entries.map(auditEntryToWire) };
  }

  protected present(history: History, screen: Screen): string {
    return presentHistory(history, screen);
  }
}
