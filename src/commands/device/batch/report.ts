import { textArg } from '../../../cli/args.ts';
import { LatchkeyCommand } from '../../../cli/base-command.ts';
import { choiceFlag, fileFlag, remoteFlags } from '../../../cli/flags.ts';
import { openBatches } from '../../../cli/open-role.ts';
import { presentReport, reportSchema, type ReportWire } from '../../../cli/present/batches.ts';
import type { Screen } from '../../../cli/present/screen.ts';
import { reportBatch, reportFormats } from '../../../cli/batches/report-batch.ts';
import { writeReport } from '../../../cli/report-file.ts';
import { keepMemorySmall } from '../../../cli/small-memory.ts';
import { LatchkeyError } from '../../../domain/errors.ts';

export default class DeviceBatchReport extends LatchkeyCommand<ReportWire> {
  static override readonly summary = 'Write a report of a batch, to keep or to send to the customer.';
  static override readonly description =
    'csv: one line a device, with its station, operator, tries and last result. html: one page that needs nothing else, with counts, plots and yield per station. Neither holds a pass_tmp. In the CSV, text that a spreadsheet would run as a formula has an apostrophe before it.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> 2026-11 --format html --out 2026-11.html',
    { description: 'The devices that are not flashed yet', command: `<%= config.bin %> <%= command.id %> 2026-11 --format csv --out - | awk -F, '$8 == ""'` },
  ];
  static override readonly args = { batch: textArg({ description: 'The batch.', required: true }) };
  static override readonly flags = {
    format: choiceFlag(reportFormats)({ description: 'What to write.', required: true }),
    out: fileFlag({ description: 'The new file, - for stdout; one that is there is not overwritten.', required: true }),
    ...remoteFlags,
  };
  static override readonly result = reportSchema;

  async run(): Promise<ReportWire | undefined> {
    const { args, flags } = await this.parse(DeviceBatchReport);
    keepMemorySmall();
    const { format, out } = flags;
    if (out === '-' && this.jsonEnabled()) {
      throw new LatchkeyError('invalid_input', '--out - and --json both want standard output: name a file.');
    }
    const batches = await openBatches(flags, this.opening);
    const batch = await batches.find(args.batch);
    const silent = this.quiet || this.jsonEnabled();
    const options = { version: this.config.version, silent, signal: this.signal };
    await writeReport(out, reportBatch(batches, batch, format, options));
    return out === '-' ? undefined : { batch: batch.name, format, file: out, devices: batch.devices };
  }

  protected present(report: ReportWire, screen: Screen): string {
    return presentReport(report, screen);
  }
}
