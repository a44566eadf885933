import { grantSchema, grantToWire, type GrantWire } from '../../api/grants.ts';
import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { dryRunFlag, remoteFlags, textFlag } from '../../cli/flags.ts';
import { openOwner } from '../../cli/open-role.ts';
import { presentGrant } from '../../cli/present/grants.ts';
import { revocationCaution } from '../../cli/revocation-caution.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class GrantRevoke extends LatchkeyCommand<GrantWire> {
  static override readonly summary = 'Take a grant back: its subject is let in no longer.';
  static override readonly description = 'Revoking a grant that is over changes nothing.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> grt_nN4i0m0pR8mM9m6lq2c6Dw --reason "moved out"'];
  static override readonly args = { grant: idArg({ description: 'The grant’s id, as in `grant list`.', required: true }) };
  static override readonly flags = {
    reason: textFlag({ description: 'Why; kept with the grant.' }),
    'dry-run': dryRunFlag,
    ...remoteFlags,
  };
  static override readonly result = grantSchema;

  async run(): Promise<GrantWire> {
    const { args, flags } = await this.parse(GrantRevoke);
    const owner = await openOwner(flags, this.opening);
    if (flags['dry-run']) {
      return grantToWire(await this.unchanged(owner.grant(args.grant)));
    }
    const before = await owner.grant(args.grant);
    const grant = await owner.revokeGrant(args.grant, flags.reason);
    const caution = before.state === 'active' ? await revocationCaution(owner, grant) : undefined;
    if (caution !== undefined) {
      await this.caution(caution);
    }
    return grantToWire(grant);
  }

  protected present(grant: GrantWire, screen: Screen): string {
    return presentGrant(grant, screen);
  }
}
