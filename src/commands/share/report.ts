import { LatchkeyCommand } from '../../cli/base-command.ts';
import { fileFlag, idFlag, periodFlags, remoteFlags } from '../../cli/flags.ts';
import { openNetworks, openSharing } from '../../cli/open-role.ts';
import { presentShareReport, shareReportSchema, type ShareReportWire } from '../../cli/present/share-earnings.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { writeReport } from '../../cli/report-file.ts';
import { reportSharing } from '../../cli/sharing/report-sharing.ts';
import { periodOf } from '../../cli/sharing/share-earnings.ts';
import { LatchkeyError } from '../../domain/errors.ts';

export default class ShareReport extends LatchkeyCommand<ShareReportWire> {
  static override readonly summary = 'Write a page of what shared networks have earned and carried.';
  static override readonly description = 'One HTML page that needs nothing else, with plots: earnings by month, traffic by hour, guests. Of the networks of accounts that this terminal is bound to; of the last 90 days if no first day is given.';
  static override readonly examples = ['<%= config.bin %> <%= command.id %> --html shared.html', '<%= config.bin %> <%= command.id %> --html 2026.html --from 2026-01-01 --to 2026-12-31'];
  static override readonly flags = {
    html: fileFlag({ description: 'The new file, - for stdout; one that is there is not overwritten.', required: true }),
    network: idFlag({ description: 'Only this network.' }),
    ...periodFlags,
    ...remoteFlags,
  };
  static override readonly result = shareReportSchema;

  async run(): Promise<ShareReportWire | undefined> {
    const { flags } = await this.parse(ShareReport);
    const { html, network } = flags;
    if (html === '-' && this.jsonEnabled()) {
      throw new LatchkeyError('invalid_input', '--html - and --json both want standard output: name a file.');
    }
    const period = periodOf(flags);
    const { from, to, sales, page } = await reportSharing({ sharing: await openSharing(flags, this.opening), networks: await openNetworks(flags, this.opening) }, network, period, this.config.version);
    await writeReport(html, (async function* () {
      yield page;
    })());
    return html === '-' ? undefined : { file: html, from: from.toISOString(), to: to.toISOString(), sales };
  }

  protected present(report: ShareReportWire, screen: Screen): string {
    return presentShareReport(report, screen);
  }
}
