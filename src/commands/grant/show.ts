import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { remoteFlags, switchFlag } from '../../cli/flags.ts';
import { openOwner, openRevealer } from '../../cli/open-role.ts';
import { presentGrant, shownGrantSchema, shownGrantToWire, type ShownGrantWire } from '../../cli/present/grants.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class GrantShow extends LatchkeyCommand<ShownGrantWire> {
  static override readonly summary = 'Show one grant.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> grt_nN4i0m0pR8mM9m6lq2c6Dw',
    { description: 'With its password, on the machine of the access point', command: '<%= config.bin %> <%= command.id %> grt_nN4i0m0pR8mM9m6lq2c6Dw --reveal' },
  ];
  static override readonly args = { grant: idArg({ description: 'The grant’s id, as in `grant list`.', required: true }) };
  static override readonly flags = {
    reveal: switchFlag({ description: 'Show the password; asks the AP agent on this machine.' }),
    ...remoteFlags,
  };
  static override readonly result = shownGrantSchema;

  async run(): Promise<ShownGrantWire> {
    const { args, flags } = await this.parse(GrantShow);
    const owner = await openOwner(flags, this.opening);
    const grant = await owner.grant(args.grant);
    return shownGrantToWire(grant, flags.reveal ? await openRevealer() : undefined);
  }

  protected present(grant: ShownGrantWire, screen: Screen): string {
    return presentGrant(grant, screen);
  }
}
