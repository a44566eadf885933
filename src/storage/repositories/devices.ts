import { sql, type Kysely, type Selectable } from 'kysely';
import type { Device, DeviceState } from '../../domain/device.ts';
import { parseUuid } from '../../domain/identifiers.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { Place, Sealer } from '../../roles/sealer.ts';
import type { DeviceFilter, DeviceRepository, NewDevice, StoredBootstrapping, StoredIdentity, VerifiedDevice } from '../../roles/store.ts';
import type { Database } from '../database.ts';
import { atMost, decodeCursor, pageLimit, toPage } from '../paging.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { date, optionalDate, type KnownDeviceTable, type Tables } from '../tables.ts';

type Row = Selectable<KnownDeviceTable>;

/** Where a device's pass_tmp is sealed to. */
export function passTmpPlace(uuid: string): Place {
  return { table: 'devices', row: uuid, column: 'pass_tmp' };
}

/** Where the private key of its DPP bootstrapping is sealed to. */
export function dppKeyPlace(uuid: string): Place {
  return { table: 'devices', row: uuid, column: 'dpp_key' };
}

function toDevice(row: Omit<Row, 'pass_tmp' | 'dpp_key' | 'dpp_key_made_at' | 'run' | 'number'>): Device {
  return {
    uuid: row.uuid,
    ssid: row.ssid,
    model: row.model ?? undefined,
    batch: row.batch ?? undefined,
    label: row.label ?? undefined,
    mac: row.mac ?? undefined,
    state: row.state as DeviceState,
    weak: Boolean(row.weak),
    spentBy: row.spent_by ?? undefined,
    createdAt: date(row.created_at),
    registeredAt: optionalDate(row.registered_at),
    flashedAt: optionalDate(row.flashed_at),
    revokedAt: optionalDate(row.revoked_at),
  };
}

/** A new device, which is reserved. */
export function reservedRow(device: Omit<NewDevice, 'createdAt'>, at: Date, sealer: Sealer) {
  return {
    uuid: device.uuid,
    ssid: device.ssid,
    model: device.model ?? null,
    batch: device.batch ?? null,
    label: device.label ?? null,
    mac: device.mac ?? null,
    state: 'reserved',
    weak: device.weak,
    created_at: at,
    pass_tmp: device.sealed !== undefined && sealer.isCurrent(device.sealed) ? device.sealed : sealer.seal(device.passTmp, passTmpPlace(device.uuid)),
  };
}

const byUuid: PreparedQuery<{ uuid: string }, Row> = (db, { uuid }) =>
  db.selectFrom('known_devices').selectAll().where('uuid', '=', uuid);

const verifying: PreparedQuery<{ uuid: string }, Pick<Row, 'model' | 'batch' | 'state' | 'spent_by' | 'pass_tmp'>> = (db, { uuid }) =>
  db.selectFrom('known_devices').select(['model', 'batch', 'state', 'spent_by', 'pass_tmp']).where('uuid', '=', uuid);

const ofRegisteredChunk = sql<boolean>`exists (select 1 from chunks where chunks.id = devices.chunk and chunks.registered_at is not null)`;

const registering: PreparedQuery<{ uuid: string; at: Date }, { uuid: string }> = (db, { uuid, at }) =>
  db.updateTable('devices')
    .set({ state: 'registered', registered_at: at })
    .where('uuid', '=', uuid)
    .where('state', '=', 'reserved')
    .where(({ not }) => not(ofRegisteredChunk))
    .returning('uuid');

const revoking: PreparedQuery<{ uuid: string; at: Date }, { uuid: string }> = (db, { uuid, at }) =>
  db.updateTable('devices')
    .set({ state: 'revoked', revoked_at: at })
    .where('uuid', '=', uuid)
    .where('state', '!=', 'revoked')
    .returning('uuid');

const byChirp: PreparedQuery<{ hash: Uint8Array }, Pick<Row, 'uuid' | 'dpp_key'>> = (db, { hash }) =>
  db.selectFrom('devices').select(['uuid', 'dpp_key']).where('dpp_hash', '=', hash);

const addingDppKey: PreparedQuery<{ uuid: string; box: Uint8Array; hash: Uint8Array; at: Date }, { uuid: string }> = (db, { uuid, box, hash, at }) =>
  db.updateTable('devices')
    .set({ dpp_key: box, dpp_key_made_at: at, dpp_hash: hash })
    .where('uuid', '=', uuid)
    .where('dpp_key', 'is', null)
    .returning('uuid');

const flashing: PreparedQuery<{ uuid: string; at: Date }, { uuid: string }> = (db, { uuid, at }) =>
  db.updateTable('devices').set({ flashed_at: at }).where('uuid', '=', uuid).returning('uuid');

interface Spending {
  uuid: string;
  expected: string | null;
  requestId: string | null;
}

/** Null is equal to nothing in SQL. */
const spending = {
  unspent: (db, { uuid, requestId }) => spend(db, uuid, requestId).where('spent_by', 'is', null),
  spent: (db, { uuid, expected, requestId }) => spend(db, uuid, requestId).where('spent_by', '=', expected),
} satisfies Record<string, PreparedQuery<Spending, { uuid: string }>>;

function spend(db: Kysely<Tables>, uuid: string, requestId: string | null) {
  return db.updateTable('devices')
    .set({ spent_by: requestId })
    .where('uuid', '=', uuid)
    .where(({ eb, or, and }) => or([eb('state', '=', 'registered'), and([eb('state', '=', 'reserved'), ofRegisteredChunk])]))
    .returning('uuid');
}

export class Devices implements DeviceRepository {
  readonly #db: Database;
  readonly #sealer: Sealer;

  constructor(db: Database, sealer: Sealer) {
    this.#db = db;
    this.#sealer = sealer;
  }

  async insert(device: NewDevice): Promise<boolean> {
    const added = await this.#db.insertNew('devices', [device], () => reservedRow(device, device.createdAt, this.#sealer), ['uuid']);
    return added.length === 1;
  }

  async find(uuid: string): Promise<Device | undefined> {
    const row = await this.#row(uuid);
    return row === undefined ? undefined : toDevice(row);
  }

  async findForVerification(uuid: string): Promise<{ readonly device: VerifiedDevice; readonly passTmp: string } | undefined> {
    const [row] = await this.#db.find(verifying, { uuid });
    if (row === undefined) {
      return undefined;
    }
    const { model, batch, state, spent_by: spentBy } = row;
    return {
      device: { uuid, model: model ?? undefined, batch: batch ?? undefined, state: state as DeviceState, spentBy: spentBy ?? undefined },
      passTmp: this.#sealer.openText(row.pass_tmp, passTmpPlace(uuid)),
    };
  }

  async findWithPassTmp(uuid: string): Promise<StoredIdentity | undefined> {
    const row = await this.#row(uuid);
    return row === undefined ? undefined : this.#opened(row);
  }

  async identities(uuids: readonly string[]): Promise<StoredIdentity[]> {
    if (uuids.length === 0) {
      return [];
    }
    const rows = await this.#db.read.selectFrom('known_devices').selectAll().where('uuid', 'in', uuids).execute();
    return rows.map((row) => this.#opened(row));
  }

  async bootstrappings(uuids: readonly string[]): Promise<StoredBootstrapping[]> {
    if (uuids.length === 0) {
      return [];
    }
    const rows = await this.#db.read.selectFrom('devices').select(['uuid', 'model', 'batch', 'dpp_key', 'dpp_key_made_at'])
      .where('uuid', 'in', uuids).execute();
    return rows.map(({ uuid, model, batch, dpp_key: box, dpp_key_made_at: madeAt }) => ({
      device: { uuid, model: model ?? undefined, batch: batch ?? undefined },
      dppKey: box === null ? undefined : this.#sealer.open(box, dppKeyPlace(uuid)),
      madeAt: optionalDate(madeAt),
    }));
  }

  async findByChirp(hash: Uint8Array): Promise<{ readonly uuid: string; readonly dppKey: Uint8Array } | undefined> {
    const [row] = await this.#db.find(byChirp, { hash });
    return row?.dpp_key == null ? undefined : { uuid: row.uuid, dppKey: this.#sealer.open(row.dpp_key, dppKeyPlace(row.uuid)) };
  }

  async addDppKey(uuid: string, { key, hash }: { readonly key: Uint8Array; readonly hash: Uint8Array }, at: Date): Promise<boolean> {
    return (await this.#db.change(addingDppKey, { uuid, box: this.#sealer.seal(key, dppKeyPlace(uuid)), hash, at })).length === 1;
  }

  #opened(row: Row): StoredIdentity {
    return {
      device: toDevice(row),
      passTmp: this.#sealer.openText(row.pass_tmp, passTmpPlace(row.uuid)),
      dppKey: row.dpp_key === null ? undefined : this.#sealer.open(row.dpp_key, dppKeyPlace(row.uuid)),
      chunk: row.run === null || row.number === null ? undefined : { run: Number(row.run), number: Number(row.number) },
    };
  }

  async #row(uuid: string): Promise<Row | undefined> {
    const [row] = await this.#db.find(byUuid, { uuid });
    return row;
  }

  async list(filter: DeviceFilter, page: PageRequest): Promise<Page<Device>> {
    const limit = pageLimit(page);
    let query = this.#db.read.selectFrom('known_devices')
      .select(['uuid', 'ssid', 'model', 'batch', 'label', 'mac', 'state', 'weak', 'spent_by'])
      .select(['created_at', 'registered_at', 'flashed_at', 'revoked_at'])
      .orderBy('uuid')
      .limit(atMost(limit + 1));
    if (filter.model !== undefined) query = query.where('model', '=', filter.model);
    if (filter.batch !== undefined) query = query.where('batch', '=', filter.batch);
    if (filter.state !== undefined) query = query.where('state', '=', filter.state);
    // Of which there are few, so that an index leads to them. Those that their batch's revocation has yet to reach are
    // on no list of a state.
    if (filter.state === 'revoked') {
      query = query.where('uuid', 'in', (from) => from.selectFrom('devices').select('uuid').where('revoked_at', 'is not', null));
    }
    if (filter.state === 'reserved' && !(await this.#hasOpenChunk())) {
      query = query.where('uuid', 'in', (from) => from.selectFrom('devices').select('uuid').where('state', '=', sql.lit('reserved')).where('chunk', 'is', null));
    }
    const { models, batches, uuids } = filter.within ?? {};
    if (models !== undefined || batches !== undefined || uuids !== undefined) {
      query = query.where(({ eb, or }) => or([
        ...(models === undefined ? [] : [eb('model', 'in', models)]),
        ...(batches === undefined ? [] : [eb('batch', 'in', batches)]),
        ...(uuids === undefined ? [] : [eb('uuid', 'in', uuids)]),
      ]));
    }
    if (page.after !== undefined) {
      const [uuid] = decodeCursor(page.after, ['text']);
      query = query.where('uuid', '>', parseUuid(String(uuid)));
    }
    return toPage(await query.execute(), limit, toDevice, (row) => [row.uuid]);
  }

  /** Whether some devices are reserved because their chunk is. */
  async #hasOpenChunk(): Promise<boolean> {
    const open = await this.#db.read.selectFrom('chunks').select('id').where('registered_at', 'is', null).limit(1).execute();
    return open.length > 0;
  }

  async register(uuid: string, at: Date): Promise<boolean> {
    return (await this.#db.change(registering, { uuid, at })).length === 1;
  }

  async revoke(uuid: string, at: Date): Promise<boolean> {
    return (await this.#db.change(revoking, { uuid, at })).length === 1;
  }

  async setSpentBy(uuid: string, expected: string | undefined, requestId: string | undefined): Promise<boolean> {
    const query = expected === undefined ? spending.unspent : spending.spent;
    const values = { uuid, expected: expected ?? null, requestId: requestId ?? null };
    return (await this.#db.change(query, values)).length === 1;
  }

  async setFlashed(uuid: string, at: Date): Promise<void> {
    await this.#db.change(flashing, { uuid, at });
  }
}
