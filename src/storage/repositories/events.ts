import { setImmediate } from 'node:timers/promises';
import { sql, type Insertable, type Selectable } from 'kysely';
import type { LiveEvent, LiveEventKind } from '../../domain/live-event.ts';
import type { AddressedEvent, EventRange, EventRepository } from '../../roles/events/store.ts';
import type { Database } from '../database.ts';
import { atMost } from '../paging.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { date, type EventStreamTable, type LiveEventTable } from '../tables.ts';

type Row = Selectable<LiveEventTable>;

function toLiveEvent(row: Row): LiveEvent {
  return {
    number: Number(row.number),
    kind: row.kind as LiveEventKind,
    at: date(row.at),
    detail: JSON.parse(row.detail) as LiveEvent['detail'],
  };
}

const counting: PreparedQuery<{ terminalId: string; count: number }, Pick<Selectable<EventStreamTable>, 'last'>> = (db, { terminalId, count }) =>
  db.insertInto('event_streams')
    .values({ terminal_id: terminalId, last: count })
    .onConflict((conflict) => conflict.column('terminal_id').doUpdateSet({ last: sql`event_streams.last + excluded.last` }))
    .returning('last');

const inserting: PreparedQuery<Insertable<LiveEventTable>, never> = (db, { terminal_id, number, kind, detail, at }) =>
  db.insertInto('live_events').values({ terminal_id, number, kind, detail, at }) as never;

interface Wanted {
  readonly terminalId: string;
  readonly after: number;
  /** The last number. */
  readonly upTo: number;
}

const between: PreparedQuery<Wanted, Row> = (db, { terminalId, after, upTo }) =>
  db.selectFrom('live_events').selectAll()
    .where('terminal_id', '=', terminalId).where('number', '>', after).where('number', '<=', upTo)
    .orderBy('number');

const rangeOf: PreparedQuery<{ terminalId: string }, { last: Row['number']; first: Row['number'] | null }> = (db, { terminalId }) =>
  db.selectFrom('event_streams')
    .where('terminal_id', '=', terminalId)
    .select((eb) => [
      'last',
      eb.selectFrom('live_events').whereRef('live_events.terminal_id', '=', 'event_streams.terminal_id').select((min) => min.fn.min('number').as('first')).as('first'),
    ]) as never;

/** How far the events of each have come, of those that have any. */
export async function lastEventsOf(db: Database, terminalIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await db.read.selectFrom('event_streams').selectAll().where('terminal_id', 'in', terminalIds).execute();
  return new Map(rows.map((row) => [row.terminal_id, Number(row.last)]));
}

/** In one statement: more take no less time. */
const wantedTogether = 500;

/** Reads what several want, in one statement. */
async function betweenOf(db: Database, wanted: readonly Wanted[]): Promise<Row[]> {
  const rows = wanted.map(({ terminalId, after, upTo }) => sql`(cast(${terminalId} as text), cast(${after} as bigint), cast(${upTo} as bigint))`);
  const found = await sql<Row>`
    with wanted (terminal_id, after, up_to) as (values ${sql.join(rows)})
    select live_events.* from wanted
      join live_events on live_events.terminal_id = wanted.terminal_id and number > after and number <= up_to
    order by live_events.terminal_id, number`.execute(db.read);
  return found.rows;
}

export class Events implements EventRepository {
  readonly #db: Database;
  /** Who asked in this turn of the event loop. */
  #asking: (Wanted & Omit<PromiseWithResolvers<LiveEvent[]>, 'promise'>)[] = [];

  constructor(db: Database) {
    this.#db = db;
  }

  async append(events: readonly AddressedEvent[]): Promise<void> {
    const byTerminal = Map.groupBy(events, ({ terminalId }) => terminalId);
    await this.#db.transaction(async (tx) => {
      for (const [terminalId, those] of [...byTerminal].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const [row] = await tx.change(counting, { terminalId, count: those.length });
        const last = Number(row!.last);
        for (const [index, { kind, at, detail }] of those.entries()) {
          await tx.change(inserting, { terminal_id: terminalId, number: last - those.length + 1 + index, kind, detail: JSON.stringify(detail), at });
        }
        await tx.revised('event_streams', terminalId, last);
      }
    });
  }

  after(terminalId: string, after: number, limit: number): Promise<LiveEvent[]> {
    const { promise, resolve, reject } = Promise.withResolvers<LiveEvent[]>();
    this.#asking.push({ terminalId, after, upTo: after + limit, resolve, reject });
    if (this.#asking.length === 1) {
      void this.#read();
    }
    return promise;
  }

  /** Many are woken by what is heard in one turn. */
  async #read(): Promise<void> {
    await setImmediate();
    const asking = this.#asking;
    this.#asking = [];
    for (let from = 0; from < asking.length; from += wantedTogether) {
      const those = asking.slice(from, from + wantedTogether);
      try {
        const [only] = those;
        const rows = those.length === 1 ? await this.#db.find(between, only!) : await betweenOf(this.#db, distinct(those));
        const byTerminal = Map.groupBy(rows, (row) => row.terminal_id);
        for (const { terminalId, after, upTo, resolve } of those) {
          const events = (byTerminal.get(terminalId) ?? []).map(toLiveEvent);
          resolve(those.length === 1 ? events : events.filter(({ number }) => number > after && number <= upTo));
        }
      } catch (error) {
        those.forEach(({ reject }) => reject(error));
      }
    }
  }

  async range(terminalId: string): Promise<EventRange> {
    const [row] = await this.#db.find(rangeOf, { terminalId });
    return { last: Number(row?.last ?? 0), first: row === undefined || row.first === null ? undefined : Number(row.first) };
  }

  async forget(before: Date, limit: number): Promise<number> {
    const result = await this.#db.write.deleteFrom('live_events')
      .where((eb) => eb(eb.refTuple('terminal_id', 'number'), 'in',
        eb.selectFrom('live_events').select(['terminal_id', 'number']).where('at', '<', before).orderBy('at').limit(atMost(limit))
          .$asTuple('terminal_id', 'number')))
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}

/** One for each terminal, that takes in what all of its want. */
function distinct(wanted: readonly Wanted[]): Wanted[] {
  const byTerminal = new Map<string, Wanted>();
  for (const { terminalId, after, upTo } of wanted) {
    const other = byTerminal.get(terminalId);
    byTerminal.set(terminalId, {
      terminalId,
      after: Math.min(after, other?.after ?? after),
      upTo: Math.max(upTo, other?.upTo ?? upTo),
    });
  }
  return [...byTerminal.values()];
}
