import { LatchkeyCommand } from '../../cli/base-command.ts';
import { choiceFlag, fileFlag, remoteFlags } from '../../cli/flags.ts';
import { exportLedger, ledgerFormats } from '../../cli/ledger/export-ledger.ts';
import { openLedger } from '../../cli/open-role.ts';
import { ledgerExportSchema, presentLedgerExport, type LedgerExportWire } from '../../cli/present/ledger.ts';
import type { Screen } from '../../cli/present/screen.ts';
import { writeReport } from '../../cli/report-file.ts';
import { keepMemorySmall } from '../../cli/small-memory.ts';
import { LatchkeyError } from '../../domain/errors.ts';

export default class LedgerExport extends LatchkeyCommand<LedgerExportWire> {
  static override readonly summary = 'Write out every posting, oldest first, for accountants.';
  static override readonly description =
    'csv: one line a posting, times in UTC, the amount in minor units and in decimals; text that a spreadsheet would run as a formula has an apostrophe before it. hledger: a journal for hledger, where accounts are liabilities and what is outside is an asset, so that what is on an account has a minus sign there (`hledger balance --invert liabilities`). What is held is in neither: nothing has moved yet.';
  static override readonly examples = [
    '<%= config.bin %> <%= command.id %> --format csv --out 2026.csv',
    { description: 'Balances, added up by another program', command: '<%= config.bin %> <%= command.id %> --format hledger | hledger -f - balance' },
  ];
  static override readonly flags = {
    format: choiceFlag(ledgerFormats)({ description: 'What to write.', required: true }),
    out: fileFlag({ description: 'The new file, - for stdout; one that is there is not overwritten.', default: '-' }),
    ...remoteFlags,
  };
  static override readonly result = ledgerExportSchema;

  async run(): Promise<LedgerExportWire | undefined> {
    const { flags } = await this.parse(LedgerExport);
    keepMemorySmall();
    const { format, out } = flags;
    if (out === '-' && this.jsonEnabled()) {
      throw new LatchkeyError('invalid_input', '--json wants standard output, and so does the export: name a file with --out.');
    }
    const ledger = await openLedger(flags, this.opening);
    let postings = 0;
    const counted = (more: number) => void (postings += more);
    const silent = this.quiet || this.jsonEnabled();
    await writeReport(out, exportLedger(ledger, format, { counted, silent, signal: this.signal }));
    return out === '-' ? undefined : { format, file: out, postings };
  }

  protected present(exported: LedgerExportWire, screen: Screen): string {
    return presentLedgerExport(exported, screen);
  }
}
