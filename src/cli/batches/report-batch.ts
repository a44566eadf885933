import type { Batch } from '../../domain/batch.ts';
import { batchCsvHeader, batchCsvRecord } from '../../formats/batch-csv.ts';
import { batchReport } from '../../formats/batch-report.ts';
import type { BatchesRole } from '../../roles/batches/ports.ts';
import { systemClock } from '../local-registry.ts';
import { Progress } from '../progress.ts';

export const reportFormats = ['csv', 'html'] as const;
export type ReportFormat = (typeof reportFormats)[number];

const pageSize = 1000;

interface ReportOptions {
  readonly version: string;
  readonly silent: boolean;
  readonly signal: AbortSignal;
}

/** The report in pieces: of a batch of any size no more than a page of devices is held. */
export function reportBatch(batches: BatchesRole, batch: Batch, format: ReportFormat, options: ReportOptions): AsyncGenerator<string> {
  return format === 'csv' ? csv(batches, batch, options) : html(batches, batch, options);
}

async function* csv(batches: BatchesRole, { name, devices }: Batch, { silent, signal }: ReportOptions): AsyncGenerator<string> {
  using progress = new Progress({ unit: 'devices', total: devices, silent });
  yield batchCsvHeader;
  let after: string | undefined;
  do {
    signal.throwIfAborted();
    const page = await batches.devices(name, { after, limit: pageSize });
    yield page.items.map(batchCsvRecord).join('');
    progress.add(page.items.length);
    after = page.next;
  } while (after !== undefined);
}

async function* html(batches: BatchesRole, { name }: Batch, { version }: ReportOptions): AsyncGenerator<string> {
  yield batchReport(await batches.details(name), { generatedAt: systemClock.now(), version });
}
