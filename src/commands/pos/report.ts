import { codesAccepted } from '../../cli/accepting/codes-here.ts';
import { LatchkeyCommand } from '../../cli/base-command.ts';
import { dayReport } from '../../cli/counter/day-report.ts';
import { openCounter } from '../../cli/counter/open-counter.ts';
import { dayFlag, remoteFlags, zoneFlag } from '../../cli/flags.ts';
import { dayReportSchema, dayReportToWire, presentDayReport, type DayReportWire } from '../../cli/present/day-report.ts';
import type { Screen } from '../../cli/present/screen.ts';

export default class PosReport extends LatchkeyCommand<DayReportWire> {
  static override readonly summary = 'Report a day: charges by tender, refunds, times sold, and the difference to the ledger.';
  static override readonly description =
    'Refunds are those of what was charged on that day, whenever they were made. Each charge that was paid in the ledger is compared with its payment there; exit 12 if one is missing, or of another amount, or more or less of it went back than the register knows of. Of the credit payment codes that this machine accepted on that day it says what came of them.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --day 2026-11-30 --zone Europe/Berlin',
  ];
  static override readonly flags = {
    day: dayFlag({ description: 'The day; today if left out.' }),
    zone: zoneFlag({ description: 'The time zone whose day it is, such as Europe/Berlin; this machine’s if left out.' }),
    ...remoteFlags,
  };
  static override readonly result = dayReportSchema;

  async run(): Promise<undefined> {
    const { flags } = await this.parse(PosReport);
    const report = dayReportToWire(await dayReport(await openCounter(flags, this.opening), flags, (span) => codesAccepted(flags, this.opening, span)));
    await this.emitCheck(report, report.ok, 'The register differs from the ledger.');
    return undefined;
  }

  protected present(report: DayReportWire, screen: Screen): string {
    return presentDayReport(report, screen);
  }
}
