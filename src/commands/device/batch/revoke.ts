import { batchToWire } from '../../../api/batches.ts';
import { textArg } from '../../../cli/args.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { dryRunFlag, remoteFlags, textFlag, yesFlag } from '../../../cli/flags.ts';
import { openBatches } from '../../../cli/open-role.ts';
import { presentRevokedBatch, revocationQuestion, revokedBatchSchema, type RevokedBatchWire } from '../../../cli/present/batches.ts';
import { revokeBatch } from '../../../cli/batches/revoke-batch.ts';
import type { Screen } from '../../../cli/present/screen.ts';

export default class DeviceBatchRevoke extends LatchkeyCommand<RevokedBatchWire> {
  static override readonly summary = 'Revoke all devices of a batch for good.';
  static override readonly description =
    'From the first moment none of them verifies, and none is added to the batch any more; their open requests are denied and their grants revoked as the command goes through them. If it is interrupted, run it again: it finishes the rest. Revoking a batch again changes nothing.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> 2026-11 --reason "key file was copied" --yes'];
  static override readonly args = { batch: textArg({ description: 'The batch.', required: true }) };
  static override readonly flags = {
    reason: textFlag({ description: 'Why; kept in the history of its devices.' }),
    yes: yesFlag,
    'dry-run': dryRunFlag,
    ...remoteFlags,
  };
  static override readonly result = revokedBatchSchema;

  async run(): Promise<RevokedBatchWire> {
    const { args, flags } = await this.parse(DeviceBatchRevoke);
    const batches = await openBatches(flags, this.opening);
    const found = await batches.find(args.batch);
    if (flags['dry-run']) {
      return { ...batchToWire(await this.unchanged(found)), changed: 0 };
    }
    await this.confirm(revocationQuestion(found), flags.yes);
    const silent = this.quiet || this.jsonEnabled();
    const { batch, changed } = await revokeBatch(batches, args.batch, { reason: flags.reason, silent, signal: this.signal });
    if (changed === 0) {
      await this.note('Nothing was changed: the batch was revoked already.');
    }
    return { ...batchToWire(batch), changed };
  }

  protected present(batch: RevokedBatchWire, screen: Screen): string {
    return presentRevokedBatch(batch, screen);
  }
}
