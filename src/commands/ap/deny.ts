import { accessRequestSchema, accessRequestToWire, type AccessRequestWire } from '../../api/access-requests.ts';
import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { remoteFlags, textFlag } from '../../cli/flags.ts';
import { openDesk } from '../../cli/open-role.ts';
import { pickRequest } from '../../cli/pick-request.ts';
import { presentRequest } from '../../cli/present/requests.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class ApDeny extends LatchkeyCommand<AccessRequestWire> {
  static override readonly summary = 'Keep a device out. At a terminal, without an id, offers those that wait.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> req_0fGmB9p2Qk2gqVhN8m3l1A --reason "not ours"'];
  static override readonly args = { request: idArg({ description: 'The request’s id, as in `ap requests`.' }) };
  static override readonly flags = { reason: textFlag({ description: 'Why; the device is told.' }), ...remoteFlags };
  static override readonly result = accessRequestSchema;

  async run(): Promise<AccessRequestWire> {
    const { args, flags } = await this.parse(ApDeny);
    const desk = await openDesk(flags, this.opening);
    const id = args.request ?? (await pickRequest(desk, 'Keep which device out?', this.sources));
    return accessRequestToWire(await desk.deny(id, flags.reason));
  }

  protected present(request: AccessRequestWire, screen: Screen): string {
    return presentRequest(request, screen);
  }
}
