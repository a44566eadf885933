import type { Place, Sealer } from '../../roles/sealer.ts';
import type { KeptReply, ReplyRepository } from '../../roles/store.ts';
import type { Database } from '../database.ts';
import { atMost } from '../paging.ts';
import type { PreparedQuery } from '../prepared-query.ts';
import type { ReplyTable } from '../tables.ts';

/** Where a reply's body is sealed to. Neither part holds the separator: a key is an id (protocol.md, encodings). */
export function replyPlace(scope: string, key: string): Place {
  return { table: 'replies', row: `${scope} ${key}`, column: 'body' };
}

const byKey: PreparedQuery<{ scope: string; key: string }, Pick<ReplyTable, 'fingerprint' | 'status' | 'body'>> =
  (db, { scope, key }) =>
    db.selectFrom('replies').select(['fingerprint', 'status', 'body']).where('scope', '=', scope).where('key', '=', key);

export class Replies implements ReplyRepository {
  readonly #db: Database;
  readonly #sealer: Sealer;

  constructor(db: Database, sealer: Sealer) {
    this.#db = db;
    this.#sealer = sealer;
  }

  async find(scope: string, key: string): Promise<KeptReply | undefined> {
    const [row] = await this.#db.find(byKey, { scope, key });
    if (row === undefined) {
      return undefined;
    }
    return {
      fingerprint: row.fingerprint,
      status: row.status,
      body: this.#sealer.openText(row.body, replyPlace(scope, key)),
    };
  }

  async insert(scope: string, key: string, reply: KeptReply, at: Date): Promise<boolean> {
    const added = await this.#db.insertNew('replies', [reply], ({ fingerprint, status, body }) => ({
      scope,
      key,
      fingerprint,
      status,
      body: this.#sealer.seal(body, replyPlace(scope, key)),
      at,
    }), ['scope', 'key']);
    return added.length === 1;
  }

  async forget(before: Date, limit: number): Promise<number> {
    const result = await this.#db.write.deleteFrom('replies')
      .where((eb) => eb(eb.refTuple('scope', 'key'), 'in',
        eb.selectFrom('replies').select(['scope', 'key']).where('at', '<', before).limit(atMost(limit)).$asTuple('scope', 'key')))
      .executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}
