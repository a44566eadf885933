import { sql, type Selectable } from 'kysely';
import { bssidNumber } from '../../domain/bssid.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { sameSsid, type HeardSecurity } from '../../domain/heard-network.ts';
import type { MessageText, Network, NetworkMessage, NetworkState } from '../../domain/network.ts';
import type { NetworkFilter, NetworkRepository } from '../../roles/networks/store.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { Database } from '../database.ts';
import { atMost, decodeCursor, emptyPage, pageLimit, toPage } from '../paging.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { date, optionalDate, type NetworkTable } from '../tables.ts';
import { listOffer } from './offers.ts';

type Row = Selectable<NetworkTable>;

interface StoredMessage {
  readonly version: number;
  readonly texts: readonly { readonly language: string; readonly text: string; readonly link?: string }[];
  readonly validFrom?: string;
  readonly validTo?: string;
}

/** What the column has of a message that was taken away; null: there never was one. */
const takenAway = 'null';

function toMessage(text: string | null): NetworkMessage | undefined {
  const stored = text === null ? null : (JSON.parse(text) as StoredMessage | null);
  return stored === null
    ? undefined
    : {
        version: stored.version,
        texts: stored.texts.map((each): MessageText => ({ language: each.language, text: each.text, link: each.link })),
        validFrom: stored.validFrom === undefined ? undefined : new Date(stored.validFrom),
        validTo: stored.validTo === undefined ? undefined : new Date(stored.validTo),
      };
}

function toNetwork(row: Row): Network {
  return {
    id: row.id,
    accountId: row.account_id,
    terminalId: row.terminal_id,
    // Both databases' bytes in arrays of the same class.
    ssid: new Uint8Array(row.ssid),
    bssids: JSON.parse(row.bssids) as string[],
    security: row.security as HeardSecurity,
    state: row.state as NetworkState,
    reason: row.reason ?? undefined,
    apId: row.ap_id,
    meterKey: row.meter_key === null ? undefined : new Uint8Array(row.meter_key),
    createdAt: date(row.created_at),
    verifiedAt: optionalDate(row.verified_at),
    proveAgainBy: optionalDate(row.prove_again_by),
    message: toMessage(row.message),
    revision: Number(row.revision),
  };
}

const byId: PreparedQuery<{ id: string }, Row> = (db, { id }) => db.selectFrom('networks').selectAll().where('id', '=', id);

/** Changes nothing, and takes the row. */
const locking: PreparedQuery<{ id: string }, Row> = (db, { id }) =>
  db.updateTable('networks').set((eb) => ({ account_id: eb.ref('account_id') })).where('id', '=', id).returningAll();

const counting: PreparedQuery<object, { number: number | bigint | string }> = (db) =>
  db.updateTable('network_revision').set({ number: sql`number + 1` }).returning('number');

const ofAccount: PreparedQuery<{ accountId: string; ssid: Uint8Array }, Row> = (db, { accountId, ssid }) =>
  db.selectFrom('networks').selectAll().where('account_id', '=', accountId).where('ssid', '=', ssid)
    .orderBy('created_at', 'desc').orderBy('id', 'desc');

export class Networks implements NetworkRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(network: Parameters<NetworkRepository['insert']>[0]): Promise<void> {
    await this.#db.transaction(async (tx) => {
      const revision = await nextRevision(tx);
      await tx.write.insertInto('networks').values({
        id: network.id,
        account_id: network.accountId,
        terminal_id: network.terminalId,
        ssid: network.ssid,
        bssids: JSON.stringify(network.bssids),
        security: network.security,
        state: network.state,
        reason: network.reason ?? null,
        ap_id: network.apId,
        meter_key: network.meterKey ?? null,
        created_at: network.createdAt,
        verified_at: network.verifiedAt ?? null,
        prove_again_by: network.proveAgainBy ?? null,
        message: null,
        revision,
      }).execute();
      if (network.state === 'valid') {
        await register(tx, network);
      }
    });
  }

  async find(id: string): Promise<Network | undefined> {
    const [row] = await this.#db.find(byId, { id });
    return row && toNetwork(row);
  }

  async findClaim(accountId: string, ssid: Uint8Array, bssids: readonly string[]): Promise<Network | undefined> {
    const claims = (await this.#db.find(ofAccount, { accountId, ssid })).map(toNetwork)
      .filter((network) => sameSsid(network.ssid, ssid) && network.bssids.some((bssid) => bssids.includes(bssid)));
    return claims.find(({ state }) => state === 'valid') ?? claims[0];
  }

  async list({ accountIds }: NetworkFilter, page: PageRequest): Promise<Page<Network>> {
    const limit = pageLimit(page);
    if (accountIds?.length === 0) {
      return emptyPage;
    }
    let query = this.#db.read.selectFrom('networks').selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc').limit(atMost(limit + 1));
    if (accountIds !== undefined) query = query.where('account_id', 'in', accountIds);
    if (page.after !== undefined) {
      const [at, id] = decodeCursor(page.after, ['time', 'text']);
      query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(new Date(Number(at)), String(id))));
    }
    return toPage(await query.execute(), limit, toNetwork, (row) => [date(row.created_at).getTime(), row.id]);
  }

  async lock(id: string): Promise<Network | undefined> {
    const [row] = await this.#db.change(locking, { id });
    return row && toNetwork(row);
  }

  async change(id: string, change: Parameters<NetworkRepository['change']>[1]): Promise<Network> {
    const columns: Partial<Row> = {};
    if ('bssids' in change) columns.bssids = JSON.stringify(change.bssids);
    if ('security' in change) columns.security = change.security!;
    if ('reason' in change) columns.reason = change.reason ?? null;
    if ('apId' in change) columns.ap_id = change.apId!;
    if ('meterKey' in change) columns.meter_key = change.meterKey ?? null;
    if ('state' in change) columns.state = change.state!;
    return this.#db.transaction(async (tx) => {
      const network = await set(tx, id, (revision) => ({
        ...columns,
        ...('verifiedAt' in change && { verified_at: change.verifiedAt ?? null }),
        ...('proveAgainBy' in change && { prove_again_by: change.proveAgainBy ?? null }),
        revision,
      }));
      if ('state' in change || 'bssids' in change) {
        await giveUp(tx, id);
        if (network.state === 'valid') {
          await register(tx, network);
        }
      }
      await listOffer(tx, id);
      return network;
    });
  }

  async setMessage(id: string, message: Omit<NetworkMessage, 'version'> | undefined): Promise<Network> {
    return this.#db.transaction((tx) => set(tx, id, (revision) => ({
      message: message === undefined ? takenAway : JSON.stringify({ version: revision, ...message }),
      revision,
    })));
  }

  async withRadios(bssids: readonly string[]): Promise<Network[]> {
    if (bssids.length === 0) {
      return [];
    }
    const rows = await this.#db.read.selectFrom('networks').selectAll()
      .where('id', 'in', (eb) => eb.selectFrom('network_radios').select('network_id').where('bssid', 'in', bssids.map(bssidNumber)))
      .orderBy('id')
      .execute();
    return rows.map(toNetwork);
  }

  async overdue(before: Date, limit: number): Promise<Network[]> {
    const rows = await this.#db.read.selectFrom('networks').selectAll()
      // Written out, so that SQLite may use the index over those.
      .where(sql<boolean>`state = 'valid'`)
      .where('prove_again_by', '<', before)
      .orderBy('prove_again_by')
      .limit(atMost(limit))
      .execute();
    return rows.map(toNetwork);
  }

  async changedSince(since: number, limit: number): ReturnType<NetworkRepository['changedSince']> {
    // Before the rows: what was counted by then is visible to who reads them.
    const { number } = await this.#db.read.selectFrom('network_revision').select('number').executeTakeFirstOrThrow();
    const isWhole = since <= 0 || since > Number(number);
    let query = this.#db.read.selectFrom('networks').selectAll()
      .where('revision', '>', isWhole ? 0 : since)
      .where('message', 'is not', null)
      .orderBy('revision')
      .limit(atMost(limit + 1));
    if (isWhole) query = query.where('message', '<>', takenAway).where('state', '=', 'valid');
    const rows = await query.execute();
    const [changed, isPart] = [rows.slice(0, limit).map(toNetwork), rows.length > limit];
    return {
      networks: changed.flatMap(({ id, ssid, bssids, state, message }) =>
        state === 'valid' && message !== undefined ? [{ networkId: id, ssid, bssids, messageVersion: message.version }] : []),
      gone: changed.filter(({ state, message }) => state !== 'valid' || message === undefined).map(({ id }) => id),
      revision: Math.max(changed.at(-1)?.revision ?? 0, isPart ? 0 : Number(number)),
      isPart,
    };
  }

  async claim(networkId: string, apId: string): Promise<boolean> {
    const result = await this.#db.write.updateTable('access_points')
      .set({ claimed_network_id: networkId })
      .where('id', '=', apId)
      .where(({ exists, selectFrom }) => exists(selectFrom('networks').select('id').where('id', '=', networkId)))
      .executeTakeFirst();
    return result.numUpdatedRows === 1n;
  }

  async claimedBy(apId: string): Promise<string | undefined> {
    const row = await this.#db.read.selectFrom('access_points').select('claimed_network_id').where('id', '=', apId).executeTakeFirst();
    return row?.claimed_network_id ?? undefined;
  }
}

/** Counts up under the lock of its one row, so that revisions become visible in their order. */
async function nextRevision(tx: Database): Promise<number> {
  const [row] = await tx.change(counting, {});
  return Number(row!.number);
}

async function set(tx: Database, id: string, columns: (revision: number) => object): Promise<Network> {
  const revision = await nextRevision(tx);
  const row = await tx.write.updateTable('networks').set(columns(revision)).where('id', '=', id).returningAll().executeTakeFirst();
  if (row === undefined) {
    throw new LatchkeyError('network_not_found');
  }
  return toNetwork(row);
}

/** Its radios are nobody else's: a key that is taken meanwhile has the transaction run again, or fail. */
async function register(tx: Database, { id, bssids }: Pick<Network, 'id' | 'bssids'>): Promise<void> {
  await tx.insertAll('network_radios', bssids.map((bssid) => ({ bssid: bssidNumber(bssid), network_id: id })));
}

async function giveUp(tx: Database, id: string): Promise<void> {
  await tx.write.deleteFrom('network_radios').where('network_id', '=', id).execute();
}
