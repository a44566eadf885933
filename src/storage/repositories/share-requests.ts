import { sql, type Selectable } from 'kysely';
import { laterUsage, noUsage, type GrantUsage } from '../../domain/grant.ts';
import type { MeterReading, MeterSide } from '../../domain/meter.ts';
import { openStates, type ShareRequest, type ShareRequestState } from '../../domain/share-request.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { ShareRequestChange, ShareRequestQuery, ShareRequestRepository } from '../../roles/sharing/store.ts';
import type { Database } from '../database.ts';
import { atMost, decodeCursor, pageLimit, toPage } from '../paging.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { date, type MeterReadingTable } from '../tables.ts';
import { countable } from './grant-row.ts';
import { shareRequestColumns, toShareRequest, toShareRequestRow, type ShareRequestRow } from './share-request-row.ts';

const hourMs = 3_600_000;

const byId: PreparedQuery<{ id: string }, ShareRequestRow> = (db, { id }) =>
  db.selectFrom('share_requests').select([...shareRequestColumns]).where('id', '=', id);

const byGrant: PreparedQuery<{ grantId: string }, ShareRequestRow> = (db, { grantId }) =>
  db.selectFrom('share_requests').select([...shareRequestColumns])
    .where('grant_id', '=', grantId).where('state', 'not in', ['refused', 'expired', 'cancelled']).orderBy('created_at').orderBy('id');

const byPayment: PreparedQuery<{ paymentId: string }, ShareRequestRow> = (db, { paymentId }) =>
  db.selectFrom('share_requests').select([...shareRequestColumns]).where('payment_id', '=', paymentId);

const returning: PreparedQuery<{ paymentId: string; minor: bigint }, { id: string }> = (db, { paymentId, minor }) =>
  db.updateTable('share_requests')
    .set({ returned: sql`returned + ${minor}`, owed: sql`case when owed > ${minor} then owed - ${minor} else 0 end` })
    .where('payment_id', '=', paymentId)
    .where(sql<boolean>`returned + ${minor} <= fee`)
    .returning('id');

const sealedOf: PreparedQuery<{ id: string }, { sealed: string | null }> = (db, { id }) => db.selectFrom('share_requests').select('sealed').where('id', '=', id);

const sealing: PreparedQuery<{ id: string; sealed: string | null }, { id: string }> = (db, { id, sealed }) =>
  db.updateTable('share_requests').set({ sealed }).where('id', '=', id).returning('id');

/** Written out, so that SQLite may use the index over those. */
const isBought = sql<boolean>`state in ('held', 'approved', 'ready', 'active', 'ending', 'ended')`;

const boughtBy: PreparedQuery<{ accountId: string; networkId: string }, { id: string }> = (db, { accountId, networkId }) =>
  db.selectFrom('share_requests').select('id')
    .where('guest_account_id', '=', accountId)
    .where('network_id', '=', networkId)
    .where(isBought)
    .limit(atMost(1));

type ReadingRow = Selectable<MeterReadingTable>;

const readingsOf: PreparedQuery<{ grantId: string }, ReadingRow> = (db, { grantId }) => db.selectFrom('meter_readings').selectAll().where('grant_id', '=', grantId);

interface NewReading {
  grantId: string;
  side: string;
  bytesIn: bigint;
  bytesOut: bigint;
  seconds: number;
  at: Date;
  isFinal: boolean;
  signature: Uint8Array;
  wasIn: bigint;
  wasOut: bigint;
  wasSeconds: number;
}

/** Only where nobody has read meanwhile. */
const replacing: PreparedQuery<NewReading, { side: string }> = (db, values) =>
  db.updateTable('meter_readings')
    .set({ bytes_in: values.bytesIn, bytes_out: values.bytesOut, seconds: values.seconds, at: values.at, is_final: values.isFinal, signature: values.signature })
    .where('grant_id', '=', values.grantId)
    .where('side', '=', values.side)
    .where('bytes_in', '=', values.wasIn)
    .where('bytes_out', '=', values.wasOut)
    .where('seconds', '=', values.wasSeconds)
    .returning('side');

export class ShareRequests implements ShareRequestRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(request: ShareRequest): Promise<void> {
    await this.#db.insertAll('share_requests', [{ ...toShareRequestRow(request) }]);
  }

  async find(id: string): Promise<ShareRequest | undefined> {
    const [row] = await this.#db.find(byId, { id });
    return row && toShareRequest(row);
  }

  async change(id: string, from: readonly ShareRequestState[], change: ShareRequestChange): Promise<ShareRequest | undefined> {
    const { state, apId, paymentId, grantId, paidAt, endedAt, reason, returned, owed } = change;
    const row = await this.#db.write.updateTable('share_requests')
      .set({
        state,
        ...('dueAt' in change ? { due_at: change.dueAt ?? null } : {}),
        ...(apId === undefined ? {} : { ap_id: apId }),
        ...(paymentId === undefined ? {} : { payment_id: paymentId }),
        ...(grantId === undefined ? {} : { grant_id: grantId }),
        ...(paidAt === undefined ? {} : { paid_at: paidAt }),
        ...(endedAt === undefined ? {} : { ended_at: endedAt }),
        ...(reason === undefined ? {} : { reason }),
        ...(returned === undefined ? {} : { returned }),
        ...(owed === undefined ? {} : { owed }),
      })
      .where('id', '=', id)
      .where('state', 'in', from)
      .returning([...shareRequestColumns])
      .executeTakeFirst();
    return row && toShareRequest(row);
  }

  async list({ guestTerminalId, sharerAccountIds, networkId, offerId, kind, states }: ShareRequestQuery, page: PageRequest): Promise<Page<ShareRequest>> {
    const limit = pageLimit(page);
    let query = this.#db.read.selectFrom('share_requests').select([...shareRequestColumns])
      .orderBy('created_at', 'desc').orderBy('id', 'desc')
      .limit(atMost(limit + 1));
    if (guestTerminalId !== undefined || sharerAccountIds !== undefined) {
      query = query.where((eb) => eb.or([
        ...(guestTerminalId === undefined ? [] : [eb('guest_terminal_id', '=', guestTerminalId)]),
        ...(sharerAccountIds === undefined || sharerAccountIds.length === 0 ? [] : [eb('sharer_account_id', 'in', sharerAccountIds)]),
      ]));
    }
    if (networkId !== undefined) query = query.where('network_id', '=', networkId);
    if (offerId !== undefined) query = query.where('offer_id', '=', offerId);
    if (kind !== undefined) query = query.where('kind', '=', kind);
    if (states !== undefined) query = states.length === 0 ? query.where(sql<boolean>`1 = 0`) : query.where('state', 'in', states);
    if (page.after !== undefined) {
      const [at, id] = decodeCursor(page.after, ['time', 'text']);
      query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(new Date(Number(at)), String(id))));
    }
    return toPage(await query.execute(), limit, toShareRequest, (row) => [date(row.created_at).getTime(), row.id]);
  }

  async ofGrant(grantId: string): Promise<ShareRequest[]> {
    return (await this.#db.find(byGrant, { grantId })).map(toShareRequest);
  }

  async findByPayment(paymentId: string): Promise<ShareRequest | undefined> {
    const [row] = await this.#db.find(byPayment, { paymentId });
    return row && toShareRequest(row);
  }

  async noteReturned(paymentId: string, minor: bigint): Promise<void> {
    await this.#db.change(returning, { paymentId, minor });
  }

  async ready(grantIds: readonly string[]): Promise<ShareRequest[]> {
    if (grantIds.length === 0) {
      return [];
    }
    const rows = await this.#db.read.selectFrom('share_requests').select([...shareRequestColumns])
      .where('grant_id', 'in', grantIds)
      .where('state', '=', 'ready')
      .execute();
    return rows.map(toShareRequest);
  }

  async concerns(accountId: string): Promise<boolean> {
    const row = await this.#db.read.selectFrom('share_requests').select('id')
      .where((eb) => eb.or([eb('guest_account_id', '=', accountId), eb('sharer_account_id', '=', accountId)]))
      .where((eb) => eb.or([eb('state', 'in', openStates), eb('owed', '>', 0)]))
      .limit(atMost(1))
      .executeTakeFirst();
    return row !== undefined;
  }

  async due(at: Date, limit: number): Promise<ShareRequest[]> {
    const rows = await this.#db.read.selectFrom('share_requests').select([...shareRequestColumns])
      .where('due_at', '<=', at)
      .orderBy('due_at')
      .orderBy('created_at')
      .limit(atMost(limit))
      .execute();
    return rows.map(toShareRequest);
  }

  async hasBought(accountId: string, networkId: string): Promise<boolean> {
    return (await this.#db.find(boughtBy, { accountId, networkId })).length > 0;
  }

  async putCode(id: string, sealed: string): Promise<void> {
    await this.#db.change(sealing, { id, sealed });
  }

  async code(id: string): Promise<string | undefined> {
    const [row] = await this.#db.find(sealedOf, { id });
    return row?.sealed ?? undefined;
  }

  async removeCode(id: string): Promise<void> {
    await this.#db.change(sealing, { id, sealed: null });
  }

  async noteWarning(id: string, threshold: string, at: Date): Promise<boolean> {
    const row = { request_id: id, threshold, at };
    return (await this.#db.insertNew('share_warnings', [row], (same) => same, ['request_id', 'threshold'])).length === 1;
  }

  read(reading: MeterReading, networkId: string): Promise<boolean> {
    return this.#db.transaction((tx) => new ShareRequests(tx).#read(reading, networkId));
  }

  async #read(reading: MeterReading, networkId: string): Promise<boolean> {
    for (;;) {
      const before = (await this.readings(reading.grantId))[reading.side];
      if (before !== undefined && !follows(reading, before)) {
        return false;
      }
      if (await (before === undefined ? this.#addReading(reading) : this.#replaceReading(reading, before))) {
        if (reading.side === 'sharer') {
          await this.#countHour(reading, before ?? noUsage, networkId);
        }
        return true;
      }
    }
  }

  async #addReading({ grantId, side, bytesIn, bytesOut, seconds, at, isFinal, signature }: MeterReading): Promise<boolean> {
    const row = { grant_id: grantId, side, bytes_in: countable(bytesIn), bytes_out: countable(bytesOut), seconds, at, is_final: isFinal, signature };
    return (await this.#db.insertNew('meter_readings', [row], (same) => same, ['grant_id', 'side'])).length === 1;
  }

  async #replaceReading(reading: MeterReading, before: MeterReading): Promise<boolean> {
    const { bytesIn, bytesOut } = reading;
    const was = { wasIn: before.bytesIn, wasOut: before.bytesOut, wasSeconds: before.seconds };
    return (await this.#db.change(replacing, { ...reading, bytesIn: countable(bytesIn), bytesOut: countable(bytesOut), ...was })).length === 1;
  }

  async #countHour({ at, bytesIn, bytesOut }: MeterReading, before: Pick<MeterReading, 'bytesIn' | 'bytesOut'>, networkId: string): Promise<void> {
    const hour = new Date(Math.floor(at.getTime() / hourMs) * hourMs);
    const more = { bytes_in: bytesIn - before.bytesIn, bytes_out: bytesOut - before.bytesOut };
    await this.#db.write.insertInto('metered_hours')
      .values({ network_id: networkId, hour, ...more })
      .onConflict((conflict) => conflict.columns(['network_id', 'hour']).doUpdateSet({
        bytes_in: sql`metered_hours.bytes_in + ${more.bytes_in}`,
        bytes_out: sql`metered_hours.bytes_out + ${more.bytes_out}`,
      }))
      .execute();
  }

  async readings(grantId: string): Promise<Readonly<Partial<Record<MeterSide, MeterReading>>>> {
    const rows = await this.#db.find(readingsOf, { grantId });
    return Object.fromEntries(rows.map((row) => [row.side, toReading(row)]));
  }

  async hours(networkIds: readonly string[], from: Date, to: Date): ReturnType<ShareRequestRepository['hours']> {
    if (networkIds.length === 0) {
      return [];
    }
    const rows = await this.#db.read.selectFrom('metered_hours')
      .select(['hour', sql<number | string>`cast(sum(bytes_in) as bigint)`.as('bytes_in'), sql<number | string>`cast(sum(bytes_out) as bigint)`.as('bytes_out')])
      .where('network_id', 'in', networkIds)
      .where('hour', '>=', from)
      .where('hour', '<', to)
      .groupBy('hour')
      .orderBy('hour')
      .execute();
    return rows.map((row) => ({ hour: date(row.hour), bytesIn: BigInt(row.bytes_in), bytesOut: BigInt(row.bytes_out) }));
  }
}

function toReading(row: ReadingRow): MeterReading {
  return {
    grantId: row.grant_id,
    side: row.side as MeterSide,
    bytesIn: BigInt(row.bytes_in),
    bytesOut: BigInt(row.bytes_out),
    seconds: Number(row.seconds),
    at: date(row.at),
    isFinal: Boolean(row.is_final),
    signature: row.signature,
  };
}

/** Whether a reading says something new, and counts nothing back. */
function follows(reading: MeterReading, before: MeterReading): boolean {
  const isNew = reading.isFinal || reading.at > before.at || !isSameUsage(reading, before);
  return !before.isFinal && isNew && isSameUsage(reading, laterUsage(reading, before));
}

function isSameUsage(one: GrantUsage, other: GrantUsage): boolean {
  return one.bytesIn === other.bytesIn && one.bytesOut === other.bytesOut && one.seconds === other.seconds;
}
