/**
 * What a payment costs a database at least: one transaction after the other with as many row writes, of the same
 * tables, indexes, keys and durability, and nothing else – no HTTP, no password, no seal. On PostgreSQL they are one
 * stored function, called on as many connections as there are terminals. `bare-transactions.ts '{"url": …, …}'`.
 */
import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { LoadWindow, type WindowOptions } from '../load-window.ts';

export interface BareOptions extends WindowOptions {
  readonly url: string;
  readonly payeeId: string;
  readonly accountIds: readonly string[];
}

const options = JSON.parse(process.argv[2] ?? '{}') as BareOptions;
const load = new LoadWindow();
const reply = randomBytes(400);
const fingerprint = randomBytes(32);
let over = false;

const id = (prefix: string) => `${prefix}_${randomBytes(16).toString('base64url')}`;

/** Five rows: the terminal's code, the payment, the posting and, by its trigger, both accounts. */
async function onSqlite(path: string): Promise<void> {
  const database = new DatabaseSync(path, { timeout: 5000 });
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma cache_size = -16384');
  // The load that comes next goes on with the codes of the one before.
  const before = database.prepare('select account_id, code, code_number from bindings').all();
  const code = database.prepare('update bindings set code = ?, code_number = code_number + 1 where account_id = ?');
  const payment = database.prepare(`insert into payments (account_id, key, id, state, fingerprint, terminal_id, payee_id, currency, minor, captured, at, ended_at, reply)
    values (?, ?, ?, 'paid', ?, 'tok_bench', ?, 'EUR', 125, 125, ?, ?, ?)`);
  const posting = database.prepare(`insert into postings (id, at, kind, debit_id, credit_id, currency, minor, payment_id, actor)
    values (?, ?, 'payment', ?, ?, 'EUR', 125, ?, 'local')`);
  for (let count = 0; !over; count += 1) {
    const askedAt = performance.now();
    const accountId = options.accountIds[count % options.accountIds.length]!;
    const [at, paymentId] = [Date.now(), id('pay')];
    database.exec('begin immediate');
    code.run(reply.subarray(0, 65), accountId);
    payment.run(accountId, id('k'), paymentId, fingerprint, options.payeeId, at, at, reply);
    posting.run(id('pst'), at, accountId, options.payeeId, paymentId);
    database.exec('commit');
    load.add(askedAt);
    if (count % 64 === 0) await new Promise(setImmediate);
  }
  const restore = database.prepare('update bindings set code = ?, code_number = ? where account_id = ?');
  before.forEach((row) => restore.run(row['code']!, row['code_number']!, row['account_id']!));
  database.close();
}

async function onPostgres(url: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: options.accountIds.length });
  await pool.query(`create or replace function bench_payment(account text, payee text, payment text, key text, posting text, code bytea, reply bytea, fingerprint bytea)
    returns void language plpgsql as $$ begin
      update bindings set code = bench_payment.code, code_number = code_number + 1 where account_id = account;
      insert into payments (account_id, key, id, state, fingerprint, terminal_id, payee_id, currency, minor, captured, at, ended_at, reply)
        values (account, bench_payment.key, payment, 'paid', bench_payment.fingerprint, 'tok_bench', payee, 'EUR', 125, 125, now(), now(), bench_payment.reply);
      insert into postings (id, at, kind, debit_id, credit_id, currency, minor, payment_id, actor)
        values (posting, now(), 'payment', account, payee, 'EUR', 125, payment, 'local');
    end $$`);
  const { rows: before } = await pool.query<{ account_id: string; code: Buffer; code_number: number }>('select account_id, code, code_number from bindings');
  const text = 'select bench_payment($1, $2, $3, $4, $5, $6, $7, $8)';
  await Promise.all(options.accountIds.map(async (accountId) => {
    const client = await pool.connect();
    while (!over) {
      const askedAt = performance.now();
      await client.query({ name: 'bench', text, values: [accountId, options.payeeId, id('pay'), id('k'), id('pst'), reply.subarray(0, 65), reply, fingerprint] });
      load.add(askedAt);
    }
    client.release();
  }));
  for (const { account_id: accountId, code, code_number: number } of before) {
    await pool.query('update bindings set code = $1, code_number = $2 where account_id = $3', [code, number, accountId]);
  }
  await pool.end();
}

const working = options.url.startsWith('sqlite:') ? onSqlite(options.url.slice('sqlite:'.length)) : onPostgres(options.url);
const result = await load.measure({ ...options, serverPid: process.pid });
over = true;
await working;
console.log(JSON.stringify(result));
