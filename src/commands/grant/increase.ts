import { grantSchema, grantToWire, type GrantWire } from '../../api/grants.ts';
import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { dryRunFlag, durationFlag, remoteFlags, trafficFlag } from '../../cli/flags.ts';
import { openOwner } from '../../cli/open-role.ts';
import { presentGrant } from '../../cli/present/grants.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class GrantIncrease extends LatchkeyCommand<GrantWire> {
  static override readonly summary = 'Add time or traffic to a grant that is in force.';
  static override readonly description =
    'A grant that its spent quota restricts to the agent goes on at once. One that is over stays over: its subject is let in anew.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> grt_nN4i0m0pR8mM9m6lq2c6Dw --quota 500MB --for 1h'];
  static override readonly args = { grant: idArg({ description: 'The grant’s id, as in `grant list`.', required: true }) };
  static override readonly flags = {
    for: durationFlag({ description: 'How much later it ends.' }),
    quota: trafficFlag({ description: 'How much more traffic it may use.' }),
    'dry-run': dryRunFlag,
    ...remoteFlags,
  };
  static override readonly result = grantSchema;

  async run(): Promise<GrantWire> {
    const { args, flags } = await this.parse(GrantIncrease);
    const owner = await openOwner(flags, this.opening);
    if (flags['dry-run']) {
      return grantToWire(await this.unchanged(owner.grant(args.grant)));
    }
    return grantToWire(await owner.increaseGrant(args.grant, { validMs: flags.for, quotaBytes: flags.quota }));
  }

  protected present(grant: GrantWire, screen: Screen): string {
    return presentGrant(grant, screen);
  }
}
