import type { Place, Sealer } from '../../roles/sealer.ts';
import type { KeptReply, ReplyRepository } from '../../roles/store.ts';
import type { Database } from '../database.ts';

/** Where a reply's body is sealed to. Neither part holds the separator: a key is an id (protocol.md, encodings). */
export function replyPlace(scope: string, key: string): Place {
  return { table: 'replies', row: `${scope} ${key}`, column: 'body' };
}

export class Replies implements ReplyRepository {
  readonly #db: Database;
  readonly #sealer: Sealer;

  constructor(db: Database, sealer: Sealer) {
    this.#db = db;
    this.#sealer = sealer;
  }

  async find(scope: string, key: string): Promise<KeptReply | undefined> {
    const row = await this.#db.read.selectFrom('replies').select(['fingerprint', 'status', 'body'])
      .where('scope', '=', scope)
      .where('key', '=', key)
      .executeTakeFirst();
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
    const result = await this.#db.write.insertInto('replies')
      .values({
        scope,
        key,
        fingerprint: reply.fingerprint,
        status: reply.status,
        body: this.#sealer.seal(reply.body, replyPlace(scope, key)),
        at,
      })
      .onConflict((conflict) => conflict.columns(['scope', 'key']).doNothing())
      .executeTakeFirst();
    return result.numInsertedOrUpdatedRows === 1n;
  }

  async forget(before: Date): Promise<number> {
    const result = await this.#db.write.deleteFrom('replies').where('at', '<', before).executeTakeFirst();
    return Number(result.numDeletedRows);
  }
}
