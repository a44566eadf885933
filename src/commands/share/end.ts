import { shareRequestSchema, shareRequestToWire, type ShareRequestWire } from '../../api/share-requests.ts';
import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { guestFlags, yesFlag } from '../../cli/flags.ts';
import { openSharing } from '../../cli/open-role.ts';
import { presentShareRequest } from '../../cli/present/share-access.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { endAccess, endQuestion } from '../../cli/sharing/end-access.ts';
import { accessInUse } from '../../cli/sharing/guest-requests.ts';

export default class ShareEnd extends LatchkeyCommand<ShareRequestWire> {
  static override readonly summary = 'End access before it is used up.';
  static override readonly description = 'For its guest: what is unused goes back by the tariff’s rule. For its sharer: all that is unused goes back, whatever the tariff says. It is settled when both sides have counted for the last time, within two minutes.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> srq_nN4i0m0pR8mM9m6lq2c6Dw --yes'];
  static override readonly args = { request: idArg({ description: 'The request; this guest’s only one in use if left out.' }) };
  static override readonly flags = { yes: yesFlag, ...guestFlags };
  static override readonly result = shareRequestSchema;

  async run(): Promise<ShareRequestWire> {
    const { args, flags } = await this.parse(ShareEnd);
    const sharing = await openSharing(flags, this.opening);
    const access = await accessInUse(sharing, args.request);
    if (access.state === 'active') {
      await this.confirm(await endQuestion(sharing, access), flags.yes);
    }
    return shareRequestToWire(await endAccess(sharing, access, flags, { ...this.opening, caution: (text) => this.caution(text) }));
  }

  protected present(request: ShareRequestWire, screen: Screen): string {
    return presentShareRequest(request, screen);
  }
}
