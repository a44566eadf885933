import { accessRequestPageSchema, accessRequestToWire, type AccessRequestWire } from '../../api/access-requests.ts';
import { pageToWire } from '../../api/page.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { pageFlags, remoteFlags, switchFlag } from '../../cli/flags.ts';
import { openDesk } from '../../cli/open-role.ts';
import type { PageWire } from '../../cli/present/page.ts';
import { presentRequests } from '../../cli/present/requests.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class ApRequests extends LatchkeyCommand<PageWire<AccessRequestWire>> {
  static override readonly summary = 'List the devices that ask to be let in, newest first.';
  static override readonly description =
    'Asks the AP agent that runs on this machine; with --server or --profile, or where none runs, the server with an owner’s token.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --all --json'];
  static override readonly flags = {
    all: switchFlag({ description: 'Those that are decided, too.' }),
    ...pageFlags,
    ...remoteFlags,
  };
  static override readonly result = accessRequestPageSchema;

  async run(): Promise<PageWire<AccessRequestWire>> {
    const { flags } = await this.parse(ApRequests);
    const desk = await openDesk(flags, this.opening);
    return pageToWire(await desk.requests({ all: flags.all }, { after: flags.after, limit: flags.limit }), accessRequestToWire);
  }

  protected present(page: PageWire<AccessRequestWire>, screen: Screen): string {
    return presentRequests(page, screen);
  }
}
