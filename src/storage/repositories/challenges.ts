import { sql, type Selectable } from 'kysely';
import { bssidFromNumber, bssidNumber } from '../../domain/bssid.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { HeardSecurity } from '../../domain/heard-network.ts';
import type { Challenge, ChallengeState, Observation } from '../../domain/network.ts';
import type { ChallengeRepository } from '../../roles/networks/store.ts';
import type { Database } from '../database.ts';
import { atMost } from '../paging.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { date, optionalDate, type ChallengeTable } from '../tables.ts';

type Row = Selectable<ChallengeTable>;
type StoredErrors = readonly { readonly at: string; readonly fault: Challenge['errors'][number]['fault']; readonly detail: string }[];

/** Written out, so that SQLite may use the indexes over those. */
const isOpen = sql<boolean>`state in ('pending', 'processing')`;

function toChallenge(row: Row): Challenge {
  return {
    id: row.id,
    networkId: row.network_id,
    accountId: row.account_id,
    terminalId: row.terminal_id,
    // Both databases' bytes in arrays of the same class.
    first: new Uint8Array(row.first),
    second: new Uint8Array(row.second),
    bssids: JSON.parse(row.bssids) as string[],
    security: row.security as HeardSecurity,
    state: row.state as ChallengeState,
    witnesses: row.witnesses,
    witnessed: row.witnessed,
    errors: (JSON.parse(row.errors) as StoredErrors).map(({ at, fault, detail }) => ({ at: new Date(at), fault, detail })),
    createdAt: date(row.created_at),
    expiresAt: date(row.expires_at),
    decidedAt: optionalDate(row.decided_at),
  };
}

const byId: PreparedQuery<{ id: string }, Row> = (db, { id }) => db.selectFrom('challenges').selectAll().where('id', '=', id);

/** Changes nothing, and takes the row. */
const locking: PreparedQuery<{ id: string }, Row> = (db, { id }) =>
  db.updateTable('challenges').set((eb) => ({ account_id: eb.ref('account_id') })).where('id', '=', id).returningAll();

const openOfNetwork: PreparedQuery<{ networkId: string }, Row> = (db, { networkId }) =>
  db.selectFrom('challenges').selectAll().where('network_id', '=', networkId).where(isOpen);

const counting: PreparedQuery<{ accountId: string; since: Date }, { count: number | string | bigint }> = (db, { accountId, since }) =>
  db.selectFrom('challenges').select(sql<number | string | bigint>`count(*)`.as('count')).where('account_id', '=', accountId).where('created_at', '>', since);

export class Challenges implements ChallengeRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(challenge: Challenge): Promise<void> {
    await this.#db.transaction(async (tx) => {
      await tx.write.insertInto('challenges').values({
        id: challenge.id,
        network_id: challenge.networkId,
        account_id: challenge.accountId,
        terminal_id: challenge.terminalId,
        first: challenge.first,
        second: challenge.second,
        bssids: JSON.stringify(challenge.bssids),
        security: challenge.security,
        state: challenge.state,
        witnesses: challenge.witnesses,
        witnessed: challenge.witnessed,
        errors: JSON.stringify(challenge.errors),
        created_at: challenge.createdAt,
        expires_at: challenge.expiresAt,
        decided_at: challenge.decidedAt ?? null,
      }).execute();
      await tx.insertAll('challenged_radios', challenge.bssids.map((bssid) => ({ bssid: bssidNumber(bssid), challenge_id: challenge.id })));
    });
  }

  async find(id: string): Promise<Challenge | undefined> {
    const [row] = await this.#db.find(byId, { id });
    return row && toChallenge(row);
  }

  async lock(id: string): Promise<Challenge | undefined> {
    const [row] = await this.#db.change(locking, { id });
    return row && toChallenge(row);
  }

  async openOf(networkId: string): Promise<Challenge | undefined> {
    const [row] = await this.#db.find(openOfNetwork, { networkId });
    return row && toChallenge(row);
  }

  async openAbout(bssids: readonly string[]): Promise<Challenge[]> {
    if (bssids.length === 0) {
      return [];
    }
    const rows = await this.#db.read.selectFrom('challenges').selectAll()
      .where('id', 'in', (eb) => eb.selectFrom('challenged_radios').select('challenge_id').where('bssid', 'in', bssids.map(bssidNumber)))
      .where(isOpen)
      .orderBy('id')
      .execute();
    return rows.map(toChallenge);
  }

  async change(id: string, { state, errors, witnessed, ...change }: Parameters<ChallengeRepository['change']>[1]): Promise<Challenge> {
    return this.#db.transaction(async (tx) => {
      const row = await tx.write.updateTable('challenges')
        .set({
          state,
          ...(errors !== undefined && { errors: JSON.stringify(errors) }),
          ...(witnessed !== undefined && { witnessed }),
          ...('decidedAt' in change && { decided_at: change.decidedAt ?? null }),
        })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst();
      if (row === undefined) {
        throw new LatchkeyError('challenge_not_found');
      }
      if (state !== 'pending' && state !== 'processing') {
        await forget(tx, [id]);
      }
      return toChallenge(row);
    });
  }

  async countSince(accountId: string, since: Date): Promise<number> {
    const [row] = await this.#db.find(counting, { accountId, since });
    return Number(row!.count);
  }

  async observe(observations: readonly Observation[]): Promise<void> {
    // Of one key in one statement there may be no two.
    const last = new Map(observations.map((each) => [`${each.challengeId} ${each.observerId} ${each.bssid}`, each]));
    if (last.size === 0) {
      return;
    }
    await this.#db.write.insertInto('observations')
      .values([...last.values()].map((each) => ({
        challenge_id: each.challengeId,
        observer_id: each.observerId,
        bssid: bssidNumber(each.bssid),
        is_witness: each.isWitness,
        ssid: each.ssid,
        security: each.security,
        signal_dbm: each.signalDbm ?? null,
        heard_at: each.heardAt,
      })))
      .onConflict((conflict) => conflict.columns(['challenge_id', 'observer_id', 'bssid']).doUpdateSet((eb) => ({
        is_witness: eb.ref('excluded.is_witness'),
        ssid: eb.ref('excluded.ssid'),
        security: eb.ref('excluded.security'),
        signal_dbm: eb.ref('excluded.signal_dbm'),
        heard_at: eb.ref('excluded.heard_at'),
      })))
      .execute();
  }

  async observations(challengeId: string): Promise<Observation[]> {
    const rows = await this.#db.read.selectFrom('observations').selectAll()
      .where('challenge_id', '=', challengeId)
      .orderBy('observer_id').orderBy('bssid')
      .execute();
    return rows.map((row) => ({
      challengeId: row.challenge_id,
      observerId: row.observer_id,
      isWitness: Boolean(row.is_witness),
      bssid: bssidFromNumber(BigInt(row.bssid)),
      ssid: new Uint8Array(row.ssid),
      security: row.security as HeardSecurity,
      signalDbm: row.signal_dbm ?? undefined,
      heardAt: date(row.heard_at),
    }));
  }

  async expire(at: Date, limit: number): Promise<number> {
    return this.#db.transaction(async (tx) => {
      const rows = await tx.write.updateTable('challenges')
        .set({ state: 'expired', decided_at: at })
        .where('id', 'in', (eb) => eb.selectFrom('challenges').select('id').where(isOpen).where('expires_at', '<=', at).limit(atMost(limit)))
        // Said again: one may have been decided while this waited for its row.
        .where(isOpen)
        .returning('id')
        .execute();
      await forget(tx, rows.map(({ id }) => id));
      return rows.length;
    });
  }
}

/** What was kept to decide them. */
async function forget(tx: Database, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) {
    return;
  }
  await tx.write.deleteFrom('challenged_radios').where('challenge_id', 'in', ids).execute();
  await tx.write.deleteFrom('observations').where('challenge_id', 'in', ids).execute();
}
