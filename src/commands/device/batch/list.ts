import { batchPageSchema, batchToWire, type BatchWire } from '../../../api/batches.ts';
import { pageToWire } from '../../../api/page.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { pageFlags, remoteFlags } from '../../../cli/flags.ts';
import { openBatches } from '../../../cli/open-role.ts';
import { presentBatches } from '../../../cli/present/batches.ts';
import type { PageWire } from '../../../cli/present/page.ts';
import type { Screen } from '../../../cli/present/screen.ts';

export default class DeviceBatchList extends LatchkeyCommand<PageWire<BatchWire>> {
  static override readonly summary = 'List batches with what their devices have come to, in the order of their names.';
  static override readonly description =
    'FLASHED and USED are of the registered ones; FIRST and LAST say when a device of the batch was made first and last. Devices without a batch are in none.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %>'];
  static override readonly flags = { ...pageFlags, ...remoteFlags };
  static override readonly result = batchPageSchema;

  async run(): Promise<PageWire<BatchWire>> {
    const { flags } = await this.parse(DeviceBatchList);
    const batches = await openBatches(flags, this.opening);
    return pageToWire(await batches.list({ after: flags.after, limit: flags.limit }), batchToWire);
  }

  protected present(page: PageWire<BatchWire>, screen: Screen): string {
    return presentBatches(page, screen);
  }
}
