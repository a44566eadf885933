import type { Posting } from '../../domain/posting.ts';
import { HledgerJournal, hledgerAccount } from '../../formats/hledger-journal.ts';
import { ledgerCsvHeader, ledgerCsvRecord } from '../../formats/ledger-csv.ts';
import type { LedgerRole } from '../../roles/ledger/ports.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import { Progress } from '../progress.ts';

export const ledgerFormats = ['csv', 'hledger'] as const;
export type LedgerFormat = (typeof ledgerFormats)[number];

const pageSize = 1000;

interface ExportOptions {
  /** Told of postings as they are written. */
  readonly counted: (more: number) => void;
  readonly silent: boolean;
  readonly signal: AbortSignal;
}

/** The export in pieces: of any number of postings no more than a page is held. */
export function exportLedger(ledger: LedgerRole, format: LedgerFormat, options: ExportOptions): AsyncGenerator<string> {
  return format === 'csv' ? csv(ledger, options) : hledger(ledger, options);
}

async function* csv(ledger: LedgerRole, options: ExportOptions): AsyncGenerator<string> {
  yield ledgerCsvHeader;
  for await (const postings of postingsOf(ledger, options)) {
    yield postings.map(ledgerCsvRecord).join('');
  }
}

async function* hledger(ledger: LedgerRole, options: ExportOptions): AsyncGenerator<string> {
  const journal = new HledgerJournal();
  yield journal.begin();
  for await (const postings of postingsOf(ledger, options)) {
    yield postings.map((posting) => journal.transaction(posting)).join('');
  }
  yield '\n';
  // Behind the postings, so that all accounts that they name are there, however many are opened meanwhile.
  for await (const accounts of pagesOf((page) => ledger.accounts(page), options.signal)) {
    yield accounts.map(hledgerAccount).join('');
  }
}

async function* postingsOf(ledger: LedgerRole, { counted, silent, signal }: ExportOptions): AsyncGenerator<readonly Posting[]> {
  using progress = new Progress({ unit: 'postings', silent });
  for await (const postings of pagesOf((page) => ledger.postings(page), signal)) {
    yield postings;
    counted(postings.length);
    progress.add(postings.length);
  }
}

async function* pagesOf<T>(list: (page: PageRequest) => Promise<Page<T>>, signal: AbortSignal): AsyncGenerator<readonly T[]> {
  let after: string | undefined;
  do {
    signal.throwIfAborted();
    const page = await list({ after, limit: pageSize });
    yield page.items;
    after = page.next;
  } while (after !== undefined);
}
