import { accessRequestSchema, accessRequestToWire, type AccessRequestWire } from '../../api/access-requests.ts';
import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { remoteFlags, termsFlags, vlanFlag } from '../../cli/flags.ts';
import { openDesk } from '../../cli/open-role.ts';
import { pickRequest } from '../../cli/pick-request.ts';
import { presentRequest } from '../../cli/present/requests.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { termsOf } from '../../cli/terms.ts';

export default class ApApprove extends LatchkeyCommand<AccessRequestWire> {
  static override readonly summary = 'Let a device in. At a terminal, without an id, offers those that wait.';
  static override readonly description =
    'Compare the match code with the one that the device shows, if it shows one. A request that is decided already is a conflict (exit 5) that says who decided.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>', '<%= config.bin %> <%= command.id %> req_0fGmB9p2Qk2gqVhN8m3l1A', { description: 'A guest’s tablet, for two hours and half a gigabyte', command: '<%= config.bin %> <%= command.id %> req_0fGmB9p2Qk2gqVhN8m3l1A --for 2h --quota 500MB' }];
  static override readonly args = { request: idArg({ description: 'The request’s id, as in `ap requests`.' }) };
  static override readonly flags = { ...termsFlags, vlan: vlanFlag({ description: 'Put it into this VLAN.' }), ...remoteFlags };
  static override readonly result = accessRequestSchema;

  async run(): Promise<AccessRequestWire> {
    const { args, flags } = await this.parse(ApApprove);
    const desk = await openDesk(flags, this.opening);
    const id = args.request ?? (await pickRequest(desk, 'Let which device in?', this.sources));
    return accessRequestToWire(await desk.approve(id, termsOf(flags)));
  }

  protected present(request: AccessRequestWire, screen: Screen): string {
    return presentRequest(request, screen);
  }
}
