import { refundedSchema, refundedToWire, type RefundedWire } from '../../api/registers.ts';
import { idArg } from '../../cli/args.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { dryRunFlag, remoteFlags } from '../../cli/flags.ts';
import { openPos } from '../../cli/open-role.ts';
import { presentRefunded } from '../../cli/present/sales.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class GrantRefund extends LatchkeyCommand<RefundedWire> {
  static override readonly summary = 'End a grant, and give back what was paid for the part that is left.';
  static override readonly description =
    'By the tariffs that it was bought by. What was paid in the ledger goes back there at once; what was paid in cash or by card is to be handed back, and is on record as that. A grant goes back once: running it again gives nothing more.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> grt_nN4i0m0pR8mM9m6lq2c6Dw',
    { description: 'What it would give back', command: '<%= config.bin %> <%= command.id %> grt_nN4i0m0pR8mM9m6lq2c6Dw --dry-run' },
  ];
  static override readonly args = { grant: idArg({ description: 'The grant’s id, as in `grant list`.', required: true }) };
  static override readonly flags = { 'dry-run': dryRunFlag, ...remoteFlags };
  static override readonly result = refundedSchema;

  async run(): Promise<RefundedWire> {
    const { args, flags } = await this.parse(GrantRefund);
    const pos = await openPos(flags, this.opening);
    return refundedToWire(await (flags['dry-run'] ? this.unchanged(pos.refundable(args.grant)) : pos.refund(args.grant)));
  }

  protected present(refunded: RefundedWire, screen: Screen): string {
    return presentRefunded(refunded, screen);
  }
}
