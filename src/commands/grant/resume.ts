import { grantSchema, grantToWire, type GrantWire } from '../../api/grants.ts';
import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { dryRunFlag, remoteFlags } from '../../cli/flags.ts';
import { openPos } from '../../cli/open-role.ts';
import { presentGrant } from '../../cli/present/grants.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class GrantResume extends LatchkeyCommand<GrantWire> {
  static override readonly summary = 'Go on with the rest of the time that was kept.';
  static override readonly description = 'One that runs already runs on.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> grt_nN4i0m0pR8mM9m6lq2c6Dw'];
  static override readonly args = { grant: idArg({ description: 'The grant’s id, as in `grant list`.', required: true }) };
  static override readonly flags = { 'dry-run': dryRunFlag, ...remoteFlags };
  static override readonly result = grantSchema;

  async run(): Promise<GrantWire> {
    const { args, flags } = await this.parse(GrantResume);
    const pos = await openPos(flags, this.opening);
    return grantToWire(await (flags['dry-run'] ? this.unchanged(pos.permission(args.grant)) : pos.resume(args.grant)));
  }

  protected present(grant: GrantWire, screen: Screen): string {
    return presentGrant(grant, screen);
  }
}
