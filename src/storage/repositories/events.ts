import { setImmediate } from 'node:timers/promises';
import { sql, type Insertable, type Kysely, type Selectable } from 'kysely';
import type { LiveEvent, LiveEventKind } from '../../domain/live-event.ts';
import type { AddressedEvent, EventRange, EventRepository } from '../../roles/events/store.ts';
import type { Database } from '../database.ts';
import { atMost } from '../paging.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { date, type EventStreamTable, type LiveEventTable, type Tables } from '../tables.ts';

type Row = Selectable<LiveEventTable>;
type Told = readonly [number: Row['number'], kind: string, at: Row['at'], detail: string];

function toLiveEvent([number, kind, at, detail]: Told): LiveEvent {
  return { number: Number(number), kind: kind as LiveEventKind, at: date(at), detail: JSON.parse(detail) as LiveEvent['detail'] };
}

function adding(db: Kysely<Tables>, streams: Insertable<EventStreamTable> | readonly Insertable<EventStreamTable>[]) {
  return db.insertInto('event_streams')
    .values(streams)
    .onConflict((conflict) => conflict.column('terminal_id').doUpdateSet({ last: sql`event_streams.last + excluded.last` }));
}

const counting: PreparedQuery<{ terminalId: string; count: number }, Pick<Selectable<EventStreamTable>, 'last'>> = (db, { terminalId, count }) =>
  adding(db, { terminal_id: terminalId, last: count }).returning('last');

/** Counts on, in the order in which they are given, in one statement; how far each has come. */
async function countOn(tx: Database, streams: readonly { readonly terminalId: string; readonly count: number }[]): Promise<[terminalId: string, last: number][]> {
  const [only] = streams;
  if (streams.length === 1) {
    const [row] = await tx.change(counting, only!);
    return [[only!.terminalId, Number(row!.last)]];
  }
  const rows = await adding(tx.write, streams.map(({ terminalId, count }) => ({ terminal_id: terminalId, last: count })))
    .returning(['terminal_id', 'last'])
    .execute();
  return rows.map((row) => [row.terminal_id, Number(row.last)]);
}

interface Wanted {
  readonly terminalId: string;
  readonly after: number;
  /** The last number. */
  readonly upTo: number;
}

const between: PreparedQuery<Wanted, Told> = (db, { terminalId, after, upTo }) =>
  db.selectFrom('live_events').select(['number', 'kind', 'at', 'detail'])
    .where('terminal_id', '=', terminalId).where('number', '>', after).where('number', '<=', upTo)
    .orderBy('number') as never;

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

export class Events implements EventRepository {
  readonly #db: Database;
  /** Who asked in this turn of the event loop. */
  #asking: (Wanted & Omit<PromiseWithResolvers<LiveEvent[]>, 'promise'>)[] = [];

  constructor(db: Database) {
    this.#db = db;
  }

  async append(events: readonly AddressedEvent[]): Promise<void> {
    const byTerminal = [...Map.groupBy(events, ({ terminalId }) => terminalId)].sort(([a], [b]) => (a < b ? -1 : 1));
    if (byTerminal.length === 0) {
      return;
    }
    await this.#db.transaction(async (tx) => {
      const lasts = new Map(await countOn(tx, byTerminal.map(([terminalId, those]) => ({ terminalId, count: those.length }))));
      await tx.insertAll('live_events', byTerminal.flatMap(([terminal_id, those]) => {
        const before = lasts.get(terminal_id)! - those.length;
        return those.map(({ kind, at, detail }, index) => ({ terminal_id, number: before + 1 + index, kind, detail: JSON.stringify(detail), at }));
      }));
      for (const [terminalId, last] of lasts) {
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
    try {
      const found = await this.#db.findEach(between, asking);
      asking.forEach(({ resolve }, index) => resolve(found[index]!.map(toLiveEvent)));
    } catch (error) {
      asking.forEach(({ reject }) => reject(error));
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
