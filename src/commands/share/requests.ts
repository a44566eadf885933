import { pageToWire } from '../../api/page.ts';
import { shareRequestPageSchema, shareRequestToWire, type ShareRequestWire } from '../../api/share-requests.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { idFlag, pageFlags, remoteFlags, switchFlag } from '../../cli/flags.ts';
import { openSharing } from '../../cli/open-role.ts';
import type { PageWire } from '../../cli/present/page.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { presentShareRequests } from '../../cli/present/share-requests.ts';
import { openStates } from '../../domain/share-request.ts';

export default class ShareRequests extends LatchkeyCommand<PageWire<ShareRequestWire>> {
  static override readonly summary = 'List what guests have asked of one’s own networks and what runs, newest first.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> --network net_nN4i0m0pR8mM9m6lq2c6Dw --all --json'];
  static override readonly flags = {
    network: idFlag({ description: 'Only of this network.' }),
    all: switchFlag({ description: 'Also what is over.' }),
    ...pageFlags,
    ...remoteFlags,
  };
  static override readonly result = shareRequestPageSchema;

  async run(): Promise<PageWire<ShareRequestWire>> {
    const { flags } = await this.parse(ShareRequests);
    const { network: networkId, all, after, limit } = flags;
    const sharing = await openSharing(flags, this.opening);
    return pageToWire(await sharing.requests({ side: 'sharer', networkId, states: all ? undefined : openStates }, { after, limit }), shareRequestToWire);
  }

  protected present(page: PageWire<ShareRequestWire>, screen: Screen): string {
    return presentShareRequests(page, screen);
  }
}
