import { batchDetailsSchema, batchDetailsToWire, type BatchDetailsWire } from '../../../api/batches.ts';
import { textArg } from '../../../cli/args.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { remoteFlags } from '../../../cli/flags.ts';
import { openBatches } from '../../../cli/open-role.ts';
import { presentBatchDetails } from '../../../cli/present/batches.ts';
import type { Screen } from '../../../cli/present/screen.ts';

export default class DeviceBatchShow extends LatchkeyCommand<BatchDetailsWire> {
  static override readonly summary = 'Show what is in a batch, and how well its stations flashed it.';
  static override readonly description =
    'YIELD: of the devices that a station tried, those that it flashed right. FIRST PASS: of the devices whose first try was there, those with which it went well. Reads every device of the batch: a million take some seconds.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> 2026-11'];
  static override readonly args = { batch: textArg({ description: 'The batch.', required: true }) };
  static override readonly flags = remoteFlags;
  static override readonly result = batchDetailsSchema;

  async run(): Promise<BatchDetailsWire> {
    const { args, flags } = await this.parse(DeviceBatchShow);
    const batches = await openBatches(flags, this.opening);
    return batchDetailsToWire(await batches.details(args.batch));
  }

  protected present(batch: BatchDetailsWire, screen: Screen): string {
    return presentBatchDetails(batch, screen);
  }
}
