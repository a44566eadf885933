import { Buffer } from 'node:buffer';
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

const byKey: PreparedQuery<{ scope: string; key: string }, Pick<ReplyTable, 'status' | 'body'>> =
  (db, { scope, key }) =>
    db.selectFrom('replies').select(['status', 'body']).where('scope', '=', scope).where('key', '=', key);

/** SHA-256. */
const fingerprintBytes = 32;

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
    const opened = Buffer.from(this.#sealer.open(row.body, replyPlace(scope, key)));
    return { fingerprint: opened.subarray(0, fingerprintBytes), status: row.status, body: opened.toString('utf8', fingerprintBytes) };
  }

  async insert(scope: string, key: string, reply: KeptReply, at: Date): Promise<boolean> {
    const added = await this.#db.insertNew('replies', [reply], ({ fingerprint, status, body }) => ({
      scope,
      key,
      status,
      body: this.#sealer.seal(Buffer.concat([fingerprint, Buffer.from(body)]), replyPlace(scope, key)),
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
