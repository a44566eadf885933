import { shareRequestSchema, shareRequestToWire, type ShareRequestWire } from '../../api/share-requests.ts';
import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { guestFlags } from '../../cli/flags.ts';
import { presentShareRequest } from '../../cli/present/share-access.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { cancelRequest } from '../../cli/sharing/end-access.ts';

export default class ShareCancel extends LatchkeyCommand<ShareRequestWire> {
  static override readonly summary = 'Give up a request before its access code is opened: what is held goes back, at once or when the access point has said that nothing was used.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> srq_nN4i0m0pR8mM9m6lq2c6Dw'];
  static override readonly args = { request: idArg({ description: 'The request’s id, as in `share history`.', required: true }) };
  static override readonly flags = { ...guestFlags };
  static override readonly result = shareRequestSchema;

  async run(): Promise<ShareRequestWire> {
    const { args, flags } = await this.parse(ShareCancel);
    return shareRequestToWire(await cancelRequest(args.request, flags, this.opening));
  }

  protected present(request: ShareRequestWire, screen: Screen): string {
    return presentShareRequest(request, screen);
  }
}
