import { grantSchema, grantToWire, type GrantWire } from '../../api/grants.ts';
import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { dryRunFlag, remoteFlags } from '../../cli/flags.ts';
import { openPos } from '../../cli/open-role.ts';
import { presentGrant } from '../../cli/present/grants.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class GrantPause extends LatchkeyCommand<GrantWire> {
  static override readonly summary = 'Keep the rest of the time that was paid for, for later.';
  static override readonly description = 'Only where the tariff that it was bought by allows a pause. Where an agent serves the network its subject is off the air at once.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> grt_nN4i0m0pR8mM9m6lq2c6Dw'];
  static override readonly args = { grant: idArg({ description: 'The grant’s id, as in `grant list`.', required: true }) };
  static override readonly flags = { 'dry-run': dryRunFlag, ...remoteFlags };
  static override readonly result = grantSchema;

  async run(): Promise<GrantWire> {
    const { args, flags } = await this.parse(GrantPause);
    const pos = await openPos(flags, this.opening);
    return grantToWire(await (flags['dry-run'] ? this.unchanged(pos.permission(args.grant)) : pos.pause(args.grant)));
  }

  protected present(grant: GrantWire, screen: Screen): string {
    return presentGrant(grant, screen);
  }
}
