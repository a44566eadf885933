import { LatchkeyCommand } from '../../cli/base-command.ts';
import { remoteFlags } from '../../cli/flags.ts';
import { openDesk } from '../../cli/open-role.ts';
import { accessPointStatusSchema, accessPointStatusToWire, presentAccessPoints, type AccessPointStatusWire } from '../../cli/present/access-points.ts';
import type { Screen } from '../../cli/present/screen.ts';

interface Statuses {
  readonly items: AccessPointStatusWire[];
}

export default class ApStatus extends LatchkeyCommand<Statuses> {
  static override readonly summary = 'Show how the access point is doing.';
  static override readonly description =
    'Asks the AP agent that runs on this machine; with --server or --profile, or where none runs, the server, which knows all access points and less of each.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --profile owner'];
  static override readonly flags = remoteFlags;
  static override readonly result = accessPointStatusSchema;

  async run(): Promise<Statuses> {
    const { flags } = await this.parse(ApStatus);
    const desk = await openDesk(flags, this.opening);
    return { items: (await desk.accessPoints()).map(accessPointStatusToWire) };
  }

  protected present(statuses: Statuses, screen: Screen): string {
    return presentAccessPoints(statuses, screen);
  }
}
