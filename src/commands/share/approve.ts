import { shareRequestSchema, shareRequestToWire, type ShareRequestWire } from '../../api/share-requests.ts';
import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { remoteFlags } from '../../cli/flags.ts';
import { openSharing } from '../../cli/open-role.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { presentShareRequest } from '../../cli/present/share-requests.ts';

export default class ShareApprove extends LatchkeyCommand<ShareRequestWire> {
  static override readonly summary = 'Let a guest in that has paid.';
  static override readonly description = '`share serve` hands over the access code once the access point lets the guest in. The same again changes nothing.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> shr_nN4i0m0pR8mM9m6lq2c6Dw'];
  static override readonly args = { request: idArg({ description: 'The request’s id, as in `share requests`.', required: true }) };
  static override readonly flags = remoteFlags;
  static override readonly result = shareRequestSchema;

  async run(): Promise<ShareRequestWire> {
    const { args, flags } = await this.parse(ShareApprove);
    const sharing = await openSharing(flags, this.opening);
    return shareRequestToWire(await sharing.approve(args.request));
  }

  protected present(request: ShareRequestWire, screen: Screen): string {
    return presentShareRequest(request, screen);
  }
}
