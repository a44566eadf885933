import { grantSchema, grantToWire, type GrantWire } from '../../api/grants.ts';
import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { dryRunFlag, remoteFlags, uidFlag } from '../../cli/flags.ts';
import { openPos } from '../../cli/open-role.ts';
import { presentGrant } from '../../cli/present/grants.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class GrantMove extends LatchkeyCommand<GrantWire> {
  static override readonly summary = 'Give the rest of the time that was paid for to another card or phone.';
  static override readonly description = 'The cash register whose network it is for does that. The other one must have no time of its own there.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> grt_nN4i0m0pR8mM9m6lq2c6Dw --to-uid 04:a2:2b:91:5c:66:80'];
  static override readonly args = { grant: idArg({ description: 'The grant’s id, as in `grant list`.', required: true }) };
  static override readonly flags = {
    'to-uid': uidFlag({ description: 'The UID of the other card or phone.', required: true }),
    'dry-run': dryRunFlag,
    ...remoteFlags,
  };
  static override readonly result = grantSchema;

  async run(): Promise<GrantWire> {
    const { args, flags } = await this.parse(GrantMove);
    const pos = await openPos(flags, this.opening);
    if (flags['dry-run']) {
      return grantToWire(await this.unchanged(pos.permission(args.grant)));
    }
    return grantToWire(await pos.move(args.grant, { kind: 'nfc', uid: flags['to-uid'] }));
  }

  protected present(grant: GrantWire, screen: Screen): string {
    return presentGrant(grant, screen);
  }
}
