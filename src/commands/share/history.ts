import { pageToWire } from '../../api/page.ts';
import { shareRequestPageSchema, shareRequestToWire, type ShareRequestWire } from '../../api/share-requests.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { choiceFlag, idFlag, pageFlags, guestFlags, switchFlag } from '../../cli/flags.ts';
import { openSharing } from '../../cli/open-role.ts';
import type { PageWire } from '../../cli/present/page.ts';
import { presentShareHistory } from '../../cli/present/share-access.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { shareRequestStates } from '../../domain/share-request.ts';

export default class ShareHistory extends LatchkeyCommand<PageWire<ShareRequestWire>> {
  static override readonly summary = 'List requests for access, newest first, with their states and money.';
  static override readonly description = 'Those that this terminal made, and those for networks of accounts that it is bound to.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> --guest', { description: 'What waits for an answer', command: '<%= config.bin %> <%= command.id %> --sharer --state held' }];
  static override readonly flags = {
    guest: switchFlag({ description: 'Only those that this terminal made.', exclusive: ['sharer'] }),
    sharer: switchFlag({ description: 'Only those for networks of this terminal’s accounts.', exclusive: ['guest'] }),
    network: idFlag({ description: 'Only those for this network.' }),
    state: choiceFlag(shareRequestStates)({ description: 'Only in this state.' }),
    ...pageFlags,
    ...guestFlags,
  };
  static override readonly result = shareRequestPageSchema;

  async run(): Promise<PageWire<ShareRequestWire>> {
    const { flags } = await this.parse(ShareHistory);
    const { guest, sharer, network, state, after, limit } = flags;
    const sharing = await openSharing(flags, this.opening);
    const side = guest ? 'guest' : sharer ? 'sharer' : undefined;
    return pageToWire(await sharing.requests({ side, networkId: network, states: state && [state] }, { after, limit }), shareRequestToWire);
  }

  protected present(page: PageWire<ShareRequestWire>, screen: Screen): string {
    return presentShareHistory(page, screen);
  }
}
