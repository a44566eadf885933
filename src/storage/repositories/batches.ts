import { setImmediate } from 'node:timers/promises';
import { sql, type Selectable } from 'kysely';
import { mayFollow, requestStatuses } from '../../domain/access-request.ts';
import type { Batch, BatchDevice, BatchRevocation, FlashTry } from '../../domain/batch.ts';
import type { DeviceState } from '../../domain/device.ts';
import { parseUuid } from '../../domain/identifiers.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { BatchRepository, DeviceRange } from '../../roles/store.ts';
import type { Database } from '../database.ts';
import { atMost, decodeCursor, pageLimit, toPage } from '../paging.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { date, optionalDate, type FlashTable, type KnownDeviceTable, type RevokedBatchTable } from '../tables.ts';

/** Of requests that are not over. */
const openStatuses = requestStatuses.filter((status) => mayFollow(status, 'expired'));

type Count = number | string | bigint;

interface Counts {
  readonly devices: Count;
  readonly first_at: number | Date | null;
  readonly last_at: number | Date | null;
  /** Of chunks that are not registered; some of them may be revoked since. */
  readonly in_open_chunks: Count | null;
  readonly revoked: Count;
  readonly revoked_in_open_chunks: Count;
  readonly flashed: Count;
  readonly used: Count;
}

const inOpenChunk = sql<boolean>`chunk in (select id from chunks where chunks.registered_at is null)`;

/**
 * By indexes alone: some 0.2 s for a million devices, whatever else there is. States are written out, for SQLite
 * chooses an index of a part before it knows a parameter.
 */
const counting: PreparedQuery<{ batch: string }, Counts> = (db, { batch }) => {
  const counted = sql<Count>`count(*)`;
  const those = db.selectFrom('devices').where('batch', '=', batch).select(counted.as('n'));
  const revoked = those.where(sql<boolean>`state = 'revoked'`);
  const flashed = those.where('flashed_at', 'is not', null)
    .where(sql<boolean>`(state = 'registered' or (state = 'reserved' and chunk is not null and not ${inOpenChunk}))`);
  const used = those.where('spent_by', 'is not', null).where(sql<boolean>`state <> 'revoked'`);
  return db.selectFrom('devices').where('batch', '=', batch).select([
    counted.as('devices'),
    sql<number | Date | null>`min(created_at)`.as('first_at'),
    sql<number | Date | null>`max(created_at)`.as('last_at'),
    sql<Count | null>`sum(case when ${inOpenChunk} then 1 else 0 end)`.as('in_open_chunks'),
    sql<Count>`(${revoked})`.as('revoked'),
    sql<Count>`(${revoked.where(inOpenChunk)})`.as('revoked_in_open_chunks'),
    sql<Count>`(${flashed})`.as('flashed'),
    sql<Count>`(${used})`.as('used'),
  ]);
};

/** One by one, and of all batches at once: the index has what is reserved so now, which is little, in no order of batches. */
const reservedByBatch: PreparedQuery<object, { batch: string; devices: Count }> = (db) =>
  db.selectFrom('devices')
    .select([sql<string>`batch || ''`.as('batch'), sql<Count>`count(*)`.as('devices')])
    .where(sql<boolean>`state = 'reserved' and chunk is null`)
    .where(sql<boolean>`batch || '' is not null`)
    .groupBy(sql`batch || ''`);

const revocationOf: PreparedQuery<{ batch: string }, Selectable<RevokedBatchTable>> = (db, { batch }) =>
  db.selectFrom('revoked_batches').selectAll().where('batch', '=', batch);

type DeviceRow = Omit<Selectable<KnownDeviceTable>, 'pass_tmp' | 'dpp_key' | 'dpp_key_made_at' | 'run' | 'number' | 'weak' | 'batch'>;
type TryRow = Pick<Selectable<FlashTable>, 'uuid' | 'station' | 'operator' | 'result'>;

export class Batches implements BatchRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async list(page: PageRequest, names?: readonly string[]): Promise<Page<Batch>> {
    const limit = pageLimit(page);
    const after = page.after === undefined ? undefined : String(decodeCursor(page.after, ['text'])[0]);
    const found = names === undefined
      ? await this.#names(limit + 1, after)
      : [...new Set(names)].sort().filter((name) => after === undefined || name > after).slice(0, limit + 1);
    const reserved = await this.#reserved();
    const batches: Batch[] = [];
    for (const name of found.slice(0, limit)) {
      const batch = await this.#counted(name, reserved);
      if (batch !== undefined) batches.push(batch);
      // Others get their turn: what SQLite counts, nothing else does meanwhile.
      await setImmediate();
    }
    const { next } = toPage(found, limit, (name) => name, (name) => [name]);
    return { items: batches, next };
  }

  /** From name to name: a batch costs one look at the index, however many devices it has. */
  async #names(limit: number, after: string | undefined): Promise<string[]> {
    const behind = after === undefined ? sql`batch is not null` : sql`batch > ${after}`;
    const { rows } = await sql<{ name: string }>`
      with recursive names (name) as (
        select min(batch) from devices where ${behind}
        union all
        select (select min(batch) from devices where batch > name) from names where name is not null)
      select name from names where name is not null limit ${atMost(limit)}`.execute(this.#db.read);
    return rows.map(({ name }) => name);
  }

  async find(name: string): Promise<Batch | undefined> {
    return this.#counted(name, await this.#reserved());
  }

  async #reserved(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#db.find(reservedByBatch, {});
    return new Map(rows.map(({ batch, devices }) => [batch, Number(devices)]));
  }

  async #counted(name: string, reservedByBatch: ReadonlyMap<string, number>): Promise<Batch | undefined> {
    const [row] = await this.#db.find(counting, { batch: name });
    if (row === undefined || row.first_at === null || row.last_at === null) {
      return undefined;
    }
    const devices = Number(row.devices);
    const revocation = await this.revocation(name);
    const reached = Number(row.revoked);
    const revoked = revocation === undefined ? reached : devices;
    const inBulk = Number(row.in_open_chunks ?? 0) - Number(row.revoked_in_open_chunks);
    const reserved = revocation === undefined ? (reservedByBatch.get(name) ?? 0) + inBulk : 0;
    return {
      name,
      devices,
      reserved,
      registered: Math.max(devices - reserved - revoked, 0),
      revoked,
      flashed: revocation === undefined ? Number(row.flashed) : 0,
      used: revocation === undefined ? Number(row.used) : 0,
      firstAt: date(row.first_at),
      lastAt: date(row.last_at),
      revocation,
      unreached: revoked - reached,
    };
  }

  async devices(name: string, page: PageRequest): Promise<Page<BatchDevice>> {
    const limit = pageLimit(page);
    let query = this.#db.read.selectFrom('known_devices')
      .select(['uuid', 'ssid', 'model', 'label', 'mac', 'state', 'spent_by'])
      .select(['created_at', 'registered_at', 'flashed_at', 'revoked_at'])
      .where('batch', '=', name)
      .orderBy('uuid')
      .limit(atMost(limit + 1));
    if (page.after !== undefined) {
      const [uuid] = decodeCursor(page.after, ['text']);
      query = query.where('uuid', '>', parseUuid(String(uuid)));
    }
    const rows = await query.execute();
    const tries = await this.#tries(name, rows);
    return toPage(rows, limit, (row) => toBatchDevice(row, tries.get(row.uuid) ?? []), (row) => [row.uuid]);
  }

  /** Those that are over, oldest first. */
  async #tries(batch: string, devices: readonly { uuid: string }[]): Promise<ReadonlyMap<string, FlashTry[]>> {
    const [first, last] = [devices[0], devices.at(-1)];
    const tries = new Map<string, FlashTry[]>();
    if (first === undefined || last === undefined) {
      return tries;
    }
    const rows: TryRow[] = await this.#db.read.selectFrom('flashes')
      .select(['uuid', 'station', 'operator', 'result'])
      .where('uuid', 'in', (eb) =>
        eb.selectFrom('devices').select('uuid').where('batch', '=', batch).where('uuid', '>=', first.uuid).where('uuid', '<=', last.uuid))
      .where('ended_at', 'is not', null)
      .orderBy('uuid').orderBy('started_at').orderBy('id')
      .execute();
    for (const { uuid, station, operator, result } of rows) {
      const ofDevice = tries.get(uuid);
      const each = { station, operator, result: result ?? '' };
      if (ofDevice === undefined) {
        tries.set(uuid, [each]);
      } else {
        ofDevice.push(each);
      }
    }
    return tries;
  }

  async revocation(name: string): Promise<BatchRevocation | undefined> {
    const [row] = await this.#db.find(revocationOf, { batch: name });
    return row === undefined ? undefined : { at: date(row.revoked_at), reason: row.reason ?? undefined };
  }

  async revoke(name: string, { at, reason }: BatchRevocation): Promise<boolean> {
    const added = await this.#db.insertNew('revoked_batches', [name], (batch) => ({ batch, revoked_at: at, reason: reason ?? null }), ['batch']);
    return added.length === 1;
  }

  async range(name: string, after: string | undefined, limit: number): Promise<DeviceRange | undefined> {
    let query = this.#db.read.selectFrom('devices').select(['uuid', 'state']).where('batch', '=', name).orderBy('uuid').limit(atMost(limit + 1));
    if (after !== undefined) query = query.where('uuid', '>', after);
    const found = await query.execute();
    const rows = found.slice(0, limit);
    const [first, last] = [rows[0], rows.at(-1)];
    return first === undefined || last === undefined
      ? undefined
      : { first: first.uuid, last: last.uuid, isLast: found.length <= limit, isRevoked: rows.every(({ state }) => state === 'revoked') };
  }

  async withOpenAccess(name: string, { first, last }: DeviceRange, limit: number): Promise<string[]> {
    // Each device is looked up among the open ones: of those others may have many.
    const { rows } = await sql<{ uuid: string }>`
      select uuid from devices
      where batch = ${name} and uuid >= ${first} and uuid <= ${last} and (
        exists (select 1 from access_requests where access_requests.uuid = devices.uuid and status in (${sql.join(openStatuses.map((status) => sql.lit(status)))}))
        or exists (select 1 from grants where subject_id = cast(devices.uuid as text) and grants.state = 'active'))
      order by uuid limit ${atMost(limit)}`.execute(this.#db.read);
    return rows.map(({ uuid }) => uuid);
  }

  async revokeDevices(name: string, { first, last }: DeviceRange, at: Date): Promise<number> {
    const { numUpdatedRows } = await this.#db.write.updateTable('devices')
      .set({ state: 'revoked', revoked_at: at })
      .where('batch', '=', name).where('uuid', '>=', first).where('uuid', '<=', last)
      .where('state', '!=', 'revoked')
      .executeTakeFirst();
    return Number(numUpdatedRows);
  }
}

function toBatchDevice(row: DeviceRow, tries: readonly FlashTry[]): BatchDevice {
  return {
    uuid: row.uuid,
    ssid: row.ssid,
    model: row.model ?? undefined,
    label: row.label ?? undefined,
    mac: row.mac ?? undefined,
    state: row.state as DeviceState,
    createdAt: date(row.created_at),
    registeredAt: optionalDate(row.registered_at),
    flashedAt: optionalDate(row.flashed_at),
    revokedAt: optionalDate(row.revoked_at),
    used: row.spent_by !== null,
    tries,
  };
}
