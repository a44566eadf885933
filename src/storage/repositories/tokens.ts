import type { Selectable } from 'kysely';
import type { Role, Token } from '../../domain/token.ts';
import type { Page, PageRequest } from '../../roles/page.ts';
import type { TokenRepository } from '../../roles/store.ts';
import type { Database } from '../database.ts';
import { atMost, decodeCursor, pageLimit, toPage } from '../paging.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import { date, optionalDate, type TokenTable } from '../tables.ts';
import { scopeFrom } from './scope.ts';

type Row = Selectable<TokenTable>;

function toToken(row: Row): Token {
  return {
    id: row.id,
    role: row.role as Role,
    name: row.name,
    scope: scopeFrom(row.scope),
    apId: row.ap_id ?? undefined,
    createdAt: date(row.created_at),
    lastUsedAt: optionalDate(row.last_used_at),
    revokedAt: optionalDate(row.revoked_at),
  };
}

const byHash: PreparedQuery<{ hash: Uint8Array }, Row> = (db, { hash }) =>
  db.selectFrom('tokens').selectAll().where('hash', '=', hash);

export class Tokens implements TokenRepository {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(token: Token, hash: Uint8Array): Promise<void> {
    await this.#db.write.insertInto('tokens')
      .values({
        hash,
        id: token.id,
        role: token.role,
        name: token.name,
        scope: JSON.stringify(token.scope),
        ap_id: token.apId ?? null,
        created_at: token.createdAt,
        last_used_at: token.lastUsedAt ?? null,
        revoked_at: token.revokedAt ?? null,
      })
      .execute();
  }

  async findByHash(hash: Uint8Array): Promise<Token | undefined> {
    const [row] = await this.#db.find(byHash, { hash });
    return row === undefined ? undefined : toToken(row);
  }

  async revokedOf(ids: readonly string[]): Promise<string[]> {
    const rows = await this.#db.read.selectFrom('tokens').select('id').where('id', 'in', ids).where('revoked_at', 'is not', null).execute();
    return rows.map(({ id }) => id);
  }

  /** In the order in which they were made. */
  async list(page: PageRequest): Promise<Page<Token>> {
    const limit = pageLimit(page);
    let query = this.#db.read.selectFrom('tokens').selectAll()
      .orderBy('created_at').orderBy('id')
      .limit(atMost(limit + 1));
    if (page.after !== undefined) {
      const [at, id] = decodeCursor(page.after, ['time', 'text']);
      query = query.where((eb) =>
        eb(eb.refTuple('created_at', 'id'), '>', eb.tuple(new Date(Number(at)), String(id))));
    }
    return toPage(await query.execute(), limit, toToken, (row) => [date(row.created_at).getTime(), row.id]);
  }

  /** Revoking again keeps the first time. */
  async revoke(id: string, at: Date): Promise<Token | undefined> {
    const row = await this.#db.write.updateTable('tokens')
      .set((eb) => ({ revoked_at: eb.fn.coalesce('revoked_at', eb.val(at)).$castTo<Date>() }))
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
    return row === undefined ? undefined : toToken(row);
  }

  async touch(id: string, at: Date): Promise<void> {
    await this.#db.write.updateTable('tokens')
      .set({ last_used_at: at })
      .where('id', '=', id)
      .where((eb) => eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<', at)]))
      .execute();
  }

  async exists(role: Role): Promise<boolean> {
    const row = await this.#db.read.selectFrom('tokens').select('id')
      .where('role', '=', role)
      .where('revoked_at', 'is', null)
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }
}
