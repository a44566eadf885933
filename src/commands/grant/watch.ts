import { grantSchema, grantToWire, type GrantWire } from '../../api/grants.ts';
import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { durationFlag, remoteFlags } from '../../cli/flags.ts';
import { openOwner } from '../../cli/open-role.ts';
import { grantLine } from '../../cli/present/grants.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { watchGrant } from '../../cli/watch-grant.ts';

export default class GrantWatch extends LatchkeyCommand<GrantWire> {
  static override readonly summary = 'Show what a grant uses as it goes on, until it is over.';
  static override readonly description = 'Prints the grant, and again whenever something about it changes; under --json one object a line.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> grt_nN4i0m0pR8mM9m6lq2c6Dw'];
  static override readonly args = { grant: idArg({ description: 'The grant’s id, as in `grant list`.', required: true }) };
  static override readonly flags = {
    interval: durationFlag({ description: 'How often to look.', default: 2000, defaultHelp: async () => '2s' }),
    ...remoteFlags,
  };
  static override readonly result = grantSchema;

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(GrantWatch);
    const owner = await openOwner(flags, this.opening);
    for await (const grant of watchGrant(owner, args.grant, flags.interval, this.signal)) {
      await this.stream(grantToWire(grant));
    }
    return undefined;
  }

  protected present(grant: GrantWire, screen: Screen): string {
    return grantLine(grant, screen);
  }
}
