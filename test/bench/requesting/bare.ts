/**
 * What a purchase of shared access costs databases and keys at least, one step after the other in one process and nothing
 * else – no HTTP, no events, no waiting: the same rows of the same tables in as many transactions of the same durability,
 * and the operations on keys. `bare.ts '{"database": …, "agent": …, "rounds": …}'`.
 */
import { createCipheriv, createDecipheriv, createHmac, createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, hash, randomBytes, type KeyObject } from 'node:crypto';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';

export interface BareOptions {
  /** Files in which somebody has bought before: their rows are written once more. */
  readonly database: string;
  readonly agent: string;
  readonly rounds: number;
}

/** Of each round in milliseconds. */
export interface BareTimes {
  readonly request: number;
  readonly payment: number;
  readonly approval: number;
  readonly agent: number;
  readonly response: number;
  readonly keys: number;
}

export interface BareAnswer {
  readonly times: readonly BareTimes[];
  /** Of one round. */
  readonly commits: { readonly server: number; readonly agent: number };
}

type Row = Record<string, SQLInputValue>;

const { database, agent, rounds } = JSON.parse(process.argv[2] ?? '{}') as BareOptions;
const id = (prefix: string) => `${prefix}_${randomBytes(16).toString('base64url')}`;

class Bare {
  readonly #database: DatabaseSync;
  commits = 0;

  constructor(file: string) {
    this.#database = new DatabaseSync(file, { timeout: 5000 });
    this.#database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -16384');
  }

  prepare(sql: string) {
    return this.#database.prepare(sql);
  }

  /** One row of a table, and how another like it is written. */
  like(table: string, where: string): { readonly row: Row; insert(change: Row): void } {
    const row = this.#database.prepare(`select * from ${table} where ${where} limit 1`).get() as Row | undefined;
    if (row === undefined) throw new Error(`nothing in ${table} where ${where}`);
    const columns = Object.keys(row);
    const insert = this.#database.prepare(`insert into ${table} (${columns.join()}) values (${columns.map(() => '?').join()})`);
    return { row, insert: (change) => void insert.run(...columns.map((column) => (Object.hasOwn(change, column) ? change[column]! : row[column]!))) };
  }

  /** How long the work and its commit take, in milliseconds. */
  timed(work: () => void): number {
    const begun = performance.now();
    this.#database.exec('begin immediate');
    work();
    this.#database.exec('commit');
    this.commits += 1;
    return performance.now() - begun;
  }

  close(): void {
    this.#database.close();
  }
}

const server = new Bare(database);
const request = server.like('share_requests', "state = 'ended' and kind = 'access'");
const terminals = [String(request.row['sharer_terminal_id']), String(request.row['guest_terminal_id'])];
const payment = server.like('payments', `id = '${String(request.row['payment_id'])}'`);
const grant = server.like('grants', `id = '${String(request.row['grant_id'])}'`);
const reply = server.like('replies', "scope like '%requestSharedAccess'");
const event = server.like('live_events', "kind = 'request.received'");
const entry = server.like('audit_entries', "action = 'share.held'");
const sealed = JSON.stringify(randomBytes(400).toString('base64url'));
const stream = server.prepare('insert into event_streams (terminal_id, last) values (?, 1) on conflict (terminal_id) do update set last = last + 1 returning last');
const offer = server.prepare('update offers set state = state where id = ?');
const held = server.prepare("update share_requests set state = 'held', payment_id = ?, due_at = ? where id = ?");
const binding = server.prepare('update bindings set code_number = code_number + 1, code = ? where account_id = ? and terminal_id = ?');
const code = server.prepare('select code from bindings where account_id = ? and terminal_id = ?').get(request.row['guest_account_id']!, terminals[1]!)!['code'] as Uint8Array;
const revision = server.prepare('update access_points set revision = revision + 1 where id = ?');
const approved = server.prepare("update share_requests set state = 'approved', grant_id = ? where id = ?");
const ready = server.prepare("update share_requests set state = 'ready', due_at = ? where id = ?");
const respond = server.prepare('update share_requests set sealed = ? where id = ?');
const over = server.prepare("update share_requests set state = 'ended' where id = ?");
const released = server.prepare("update payments set state = 'released', captured = 0 where id = ?");

const tell = (...to: readonly string[]) => {
  for (const terminal of to) event.insert({ terminal_id: terminal, number: stream.get(terminal)!['last']!, at: Date.now() });
};
let entries = Number(server.prepare('select max(id) as last from audit_entries').get()!['last']);
const note = () => entry.insert({ id: (entries += 1), at: Date.now() });

const agents = new Bare(agent);
const kept = agents.like('grants', "state <> 'active'");
const state = agents.prepare('insert or replace into state (name, value) values (?, ?)');
const password = agents.prepare('update grants set password = ?, psk_ssid = ?, psk = ? where id = ?');

function sign(): number {
  const begun = performance.now();
  const guest = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const named = guest.publicKey.export({ format: 'jwk' });
  createPublicKey(createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), randomBytes(32)]), format: 'der', type: 'pkcs8' }));
  createHmac('sha256', randomBytes(32)).update(randomBytes(80)).digest();
  const theirs = createPublicKey({ key: named, format: 'jwk' });
  const once = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keyOf = (privateKey: KeyObject, publicKey: KeyObject) => hash('sha256', diffieHellman({ privateKey, publicKey }), 'buffer');
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyOf(once.privateKey, theirs), nonce);
  const text = Buffer.concat([cipher.update(randomBytes(90)), cipher.final()]);
  const decipher = createDecipheriv('aes-256-gcm', keyOf(guest.privateKey, once.publicKey), nonce).setAuthTag(cipher.getAuthTag());
  decipher.update(text);
  decipher.final();
  return performance.now() - begun;
}

const times: BareTimes[] = [];
for (let round = -20; round < rounds; round += 1) {
  const [requestId, paymentId, grantId, now] = [id('srq'), id('pay'), id('grt'), Date.now()];
  const one: BareTimes = {
    request: server.timed(() => {
      request.insert({ id: requestId, access_id: requestId, state: 'priced', payment_id: null, grant_id: null, paid_at: null, ended_at: null, reason: null, returned: 0, created_at: now, due_at: now });
      tell(...terminals);
      reply.insert({ key: requestId });
    }),
    payment: server.timed(() => {
      offer.run(request.row['offer_id']!);
      held.run(paymentId, now, requestId);
      note();
      binding.run(code, request.row['guest_account_id']!, terminals[1]!);
      payment.insert({ id: paymentId, key: requestId, state: 'held', captured: 0, refunded: 0, at: now, expires_at: now + 10_000_000, ended_at: null });
      tell(terminals[0]!);
    }),
    approval: server.timed(() => {
      revision.run(request.row['ap_id']!);
      approved.run(grantId, requestId);
      note();
      grant.insert({ id: grantId, state: 'active', closed_at: null, closed_by: null, reason: null });
      note();
    }),
    agent:
      agents.timed(() => {
        state.run('revision', round);
        state.run('known_time', now);
        kept.insert({ id: grantId, state: 'active' });
      }) + agents.timed(() => void password.run(randomBytes(59), 'Home', randomBytes(65), grantId)),
    response: server.timed(() => {
      ready.run(now, requestId);
      note();
      respond.run(sealed, requestId);
      tell(terminals[1]!);
    }),
    keys: sign(),
  };
  if (round >= 0) times.push(one);
  // As it goes on there, so that no room is ever full: not timed.
  const commits = server.commits;
  server.timed(() => {
    over.run(requestId);
    released.run(paymentId);
  });
  server.commits = commits;
}
const each = (bare: Bare) => bare.commits / (rounds + 20);
console.log(JSON.stringify({ times, commits: { server: each(server), agent: each(agents) } } satisfies BareAnswer));
server.close();
agents.close();
