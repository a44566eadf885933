import { shareRequestSchema, shareRequestToWire, type ShareRequestWire } from '../../api/share-requests.ts';
import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { remoteFlags, textFlag } from '../../cli/flags.ts';
import { openSharing } from '../../cli/open-role.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { presentShareRequest } from '../../cli/present/share-requests.ts';

export default class ShareDeny extends LatchkeyCommand<ShareRequestWire> {
  static override readonly summary = 'Refuse a guest: its money goes back at once.';
  static override readonly description = 'Also one that was approved and has not collected its code yet.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> shr_nN4i0m0pR8mM9m6lq2c6Dw --reason "full today"'];
  static override readonly args = { request: idArg({ description: 'The request’s id, as in `share requests`.', required: true }) };
  static override readonly flags = {
    reason: textFlag({ description: 'What the guest is told, in at most 64 characters.' }),
    ...remoteFlags,
  };
  static override readonly result = shareRequestSchema;

  async run(): Promise<ShareRequestWire> {
    const { args, flags } = await this.parse(ShareDeny);
    const sharing = await openSharing(flags, this.opening);
    return shareRequestToWire(await sharing.refuse(args.request, flags.reason));
  }

  protected present(request: ShareRequestWire, screen: Screen): string {
    return presentShareRequest(request, screen);
  }
}
