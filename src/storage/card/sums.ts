import type { Usage } from '../../domain/security-check/history.ts';
import type { Use } from '../../roles/card/store.ts';
import type { SqliteConnection } from '../sqlite-connection.ts';

/** Periods of the calendar begin at whole quarters of an hour of UTC, whatever the zone. */
const quarterMs = 900_000;
const dayMs = 86_400_000;
const spans = [quarterMs, dayMs];
/** In the place of a span: the sum since the last that was confirmed, and that of what was taken out since the last confirmed of these. */
const sinceConfirmedSpan = 0;
const takenOutSpan = -1;

interface UseRow {
  application: string;
  at: number;
  currency: string;
  minor: bigint;
}

/** A service that moves no money is counted under no currency. */
const noCurrency = '';

export function addUses(connection: SqliteConnection, number: number, uses: readonly Use[]): void {
  for (const { application, at, amount, place, confirmed } of uses) {
    const row: UseRow = { application, at: at.getTime(), currency: amount?.currency ?? noCurrency, minor: amount?.minor ?? 0n };
    connection.guarded(() => {
      connection.change(
        'insert into uses (application, at, number, currency, minor, confirmed, lat, lon, cell, bssid) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        [application, row.at, number, row.currency, row.minor, confirmed, place?.lat ?? null, place?.lon ?? null, place?.cell ?? null, place?.bssid ?? null]);
      addToSums(connection, row);
      if (confirmed) {
        renewSinceConfirmed(connection, application);
      } else if (number > lastConfirmed(connection, application)) {
        addTo(connection, sinceConfirmedSpan, 0, row, 1);
      }
    });
  }
}

export function removeUses(connection: SqliteConnection, number: number): void {
  connection.guarded(() => {
    const rows = usesOf(connection, number);
    connection.change('delete from uses where number = ?', [number]);
    for (const { confirmed, ...row } of rows) {
      takeFromSums(connection, row);
      if (confirmed) {
        renewSinceConfirmed(connection, row.application);
      } else if (number > lastConfirmed(connection, row.application)) {
        addTo(connection, sinceConfirmedSpan, 0, row, -1);
      }
    }
  });
}

/**
 * Takes a service out that is old, the first before the next. Its days keep their sums; quarters of an hour up to it are
 * known no more.
 */
export function takeOutUses(connection: SqliteConnection, number: number): void {
  connection.guarded(() => {
    const rows = usesOf(connection, number);
    connection.change('delete from uses where number = ?', [number]);
    for (const { confirmed, ...row } of rows) {
      connection.change('delete from sums where application = ? and span = ? and start <= ?', [row.application, quarterMs, row.at]);
      if (confirmed) {
        connection.change('delete from sums where application = ? and span = ?', [row.application, takenOutSpan]);
      } else {
        addTo(connection, takenOutSpan, 0, row, 1);
      }
    }
  });
}

function usesOf(connection: SqliteConnection, number: number): readonly (UseRow & { readonly confirmed: boolean })[] {
  const rows = connection.all('select application, at, currency, cast(minor as text) as minor, confirmed from uses where number = ?', [number]) as (Omit<UseRow, 'minor'> & { minor: string; confirmed: number })[];
  return rows.map((row) => ({ ...row, minor: BigInt(row.minor), confirmed: row.confirmed !== 0 }));
}

function addToSums(connection: SqliteConnection, row: UseRow): void {
  spans.forEach((span) => addTo(connection, span, startIn(span, row), row, 1));
}

/** Of what is there: a quarter of an hour that is known no more does not come again. */
function takeFromSums(connection: SqliteConnection, row: UseRow): void {
  const { application, currency, minor } = row;
  spans.forEach((span) =>
    connection.change(
      'update sums set count = count - 1, minor = minor - ? where application = ? and span = ? and start = ? and currency = ?',
      [minor, application, span, startIn(span, row), currency]),
  );
}

function startIn(span: number, { at }: UseRow): number {
  return Math.floor(at / span) * span;
}

function addTo(connection: SqliteConnection, span: number, start: number, { application, currency, minor }: UseRow, sign: 1 | -1): void {
  connection.change(
    `insert into sums (application, span, start, currency, count, minor) values (?, ?, ?, ?, ?, ?)
      on conflict (application, span, start, currency) do update set count = count + excluded.count, minor = minor + excluded.minor`,
    [application, span, start, currency, sign, BigInt(sign) * minor]);
}

function lastConfirmed(connection: SqliteConnection, application: string): number {
  const [row] = connection.all('select number from uses where application = ? and confirmed = 1 order by number desc limit 1', [application]) as { number: number }[];
  return row?.number ?? 0;
}

function renewSinceConfirmed(connection: SqliteConnection, application: string): void {
  const last = lastConfirmed(connection, application);
  connection.change('delete from sums where application = ? and span = ?', [application, sinceConfirmedSpan]);
  connection.change(
    `insert into sums (application, span, start, currency, count, minor)
      select ?1, ?2, 0, currency, sum(count), sum(minor) from (
        select currency, count(*) as count, sum(minor) as minor from uses where application = ?1 and number > ?3 group by currency
        union all
        select currency, count, minor from sums where application = ?1 and span = ?4 and ?3 = 0
      ) group by currency`,
    [application, sinceConfirmedSpan, last, takenOutSpan]);
}

/** All that was begun after the last that was confirmed, whatever the clock said. */
export function usageSinceConfirmed(connection: SqliteConnection, application: string): Usage {
  return toUsage(connection.all('select currency, count, cast(minor as text) as minor from sums where application = ? and span = ?', [application, sinceConfirmedSpan]));
}

/**
 * All from a moment on: of its first quarter of an hour one by one, of its first day by quarters, of the others by days.
 * Reads about a hundred rows and one for each day, however many services there were. Where the quarters may be known no
 * more it is all of the day: rather too much than too little.
 */
export function usageSince(connection: SqliteConnection, application: string, since: number): Usage {
  const [first] = connection.all('select start from sums where application = ? and span = ? order by start limit 1', [application, quarterMs]) as { start: number }[];
  const from = first !== undefined && since >= first.start ? since : Math.floor(since / dayMs) * dayMs;
  const quarter = Math.ceil(from / quarterMs) * quarterMs;
  const day = Math.ceil(quarter / dayMs) * dayMs;
  return toUsage(connection.all(
    `select currency, sum(count) as count, cast(sum(minor) as text) as minor from (
        select currency, count(*) as count, sum(minor) as minor from uses where application = ?1 and at >= ?2 and at < ?3 group by currency
        union all
        select currency, sum(count), sum(minor) from sums where application = ?1 and span = ?5 and start >= ?3 and start < ?4 group by currency
        union all
        select currency, sum(count), sum(minor) from sums where application = ?1 and span = ?6 and start >= ?4 group by currency
      ) group by currency`,
    [application, from, quarter, day, quarterMs, dayMs]));
}

function toUsage(rows: readonly unknown[]): Usage {
  const sums = rows as readonly { readonly currency: string; readonly count: number; readonly minor: string }[];
  return {
    count: sums.reduce((sum, { count }) => sum + count, 0),
    totals: Object.fromEntries(sums.filter(({ currency }) => currency !== noCurrency).map(({ currency, minor }) => [currency, BigInt(minor)])),
  };
}
