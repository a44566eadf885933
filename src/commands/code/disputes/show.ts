import { disputeSchema, disputeToWire, type DisputeWire } from '../../../api/codes.ts';
import { idArg } from '../../../cli/args.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { remoteFlags } from '../../../cli/flags.ts';
import { openCodes } from '../../../cli/open-role.ts';
import type { Screen } from '../../../cli/present/screen.ts';
import { presentDispute } from '../../../cli/present/settlements.ts';

export default class CodeDisputesShow extends LatchkeyCommand<DisputeWire> {
  static override readonly summary = 'Show one dispute: what was accepted, when, why it was not settled; both receipts of a duplicate.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> rcp_0Gm8m5Kn1cWGj1iTbhK9Pz9jv7C0m6uVJQH6c0Yv3dE'];
  static override readonly args = { dispute: idArg({ description: 'The dispute’s id, as in `code disputes list`: that of its receipt.', required: true }) };
  static override readonly flags = remoteFlags;
  static override readonly result = disputeSchema;

  async run(): Promise<DisputeWire> {
    const { args, flags } = await this.parse(CodeDisputesShow);
    return disputeToWire(await (await openCodes('pos', flags, this.opening)).dispute(args.dispute));
  }

  protected present(dispute: DisputeWire, screen: Screen): string {
    return presentDispute(dispute, screen);
  }
}
