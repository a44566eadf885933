import { attemptPageSchema, listedAttemptToWire, type AttemptWire } from '../../api/attempts.ts';
import { pageToWire } from '../../api/page.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { pageFlags, remoteFlags, uuidFlag } from '../../cli/flags.ts';
import { openDesk } from '../../cli/open-role.ts';
import type { PageWire } from '../../cli/present/page.ts';
import { presentAttempts } from '../../cli/present/requests.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class ApAttempts extends LatchkeyCommand<PageWire<AttemptWire>> {
  static override readonly summary = 'List every try of a device, also the failed ones, and why they failed.';
  static override readonly description =
    'Asks the AP agent that runs on this machine; with --server or --profile, or where none runs, the server.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --uuid 9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d',
  ];
  static override readonly flags = { uuid: uuidFlag({ description: 'Only of this device.' }), ...pageFlags, ...remoteFlags };
  static override readonly result = attemptPageSchema;

  async run(): Promise<PageWire<AttemptWire>> {
    const { flags } = await this.parse(ApAttempts);
    const desk = await openDesk(flags, this.opening);
    return pageToWire(await desk.attempts({ uuid: flags.uuid }, { after: flags.after, limit: flags.limit }), listedAttemptToWire);
  }

  protected present(page: PageWire<AttemptWire>, screen: Screen): string {
    return presentAttempts(page, screen);
  }
}
