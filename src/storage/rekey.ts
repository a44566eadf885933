import { sql } from 'kysely';
import { LatchkeyError } from '../domain/errors.ts';
import type { Place, Sealer } from '../roles/sealer.ts';
import type { OpenDatabase } from './database.ts';
import { openDatabase } from './open-store.ts';
import { dppKeyPlace, passTmpPlace } from './repositories/devices.ts';
import { contactPlace } from './repositories/accounts.ts';
import { codePlace, identityCodePlace } from './repositories/bindings.ts';
import { codeKeyPlace } from './repositories/code-keys.ts';
import { paymentReplyPlace } from './repositories/payment-row.ts';
import { replyPlace } from './repositories/replies.ts';
import { receiptCodePlace } from './repositories/sales.ts';
import { settingPlace } from './repositories/settings.ts';
import { verificationPlace } from './repositories/verifications.ts';
import type { Tables } from './tables.ts';

export interface RekeyOptions {
  /** As `openStore` takes it. */
  readonly url: string;
  /** Its newest key is the one to reach; it opens with the earlier ones too. */
  readonly sealer: Sealer;
  readonly onProgress?: (counts: RekeyCounts) => void;
}

export interface RekeyCounts {
  /** Sealed values looked at. */
  readonly examined: number;
  /** Of them sealed again. */
  readonly resealed: number;
  /** Changed or removed by somebody else in between: running it again looks at them again. */
  readonly overtaken: number;
  /** Damaged, or sealed with a key that is not here; left as they are. */
  readonly unreadable: number;
}

interface SealedColumn {
  readonly table: keyof Tables;
  readonly key: readonly string[];
  readonly column: string;
  place(...key: string[]): Place;
}

/** Every column that holds sealed values. */
const sealedColumns: readonly SealedColumn[] = [
  { table: 'devices', key: ['uuid'], column: 'pass_tmp', place: (uuid) => passTmpPlace(uuid!) },
  { table: 'devices', key: ['uuid'], column: 'dpp_key', place: (uuid) => dppKeyPlace(uuid!) },
  { table: 'replies', key: ['scope', 'key'], column: 'body', place: (scope, key) => replyPlace(scope!, key!) },
  { table: 'settings', key: ['name'], column: 'value', place: (name) => settingPlace(name!) },
  { table: 'accounts', key: ['id'], column: 'contact', place: (id) => contactPlace(id!) },
  { table: 'bindings', key: ['account_id', 'terminal_id'], column: 'code', place: (account, terminal) => codePlace(account!, terminal!) },
  { table: 'bindings', key: ['account_id', 'terminal_id'], column: 'identity_code', place: (account, terminal) => identityCodePlace(account!, terminal!) },
  { table: 'payments', key: ['account_id', 'key'], column: 'reply', place: (account, key) => paymentReplyPlace(account!, key!) },
  { table: 'sales', key: ['register_id', 'key', 'payer_id'], column: 'receipt_code', place: (register, key) => receiptCodePlace(register!, key!) },
  { table: 'code_keys', key: ['id'], column: 'private_key', place: (id) => codeKeyPlace(id!) },
  { table: 'verification_codes', key: ['terminal_id', 'key'], column: 'code', place: (terminal, key) => verificationPlace(terminal!, key!) },
];

const batch = 500;

/**
 * Seals every sealed value under the newest key, in batches, while servers run. A value is replaced only if it is
 * still the one that was read. Interrupted, it is run again: what has the newest key is passed over. An earlier
 * key can go once a run reseals and leaves nothing, and every server has the newest.
 */
export async function rekeyDatabase({ url, sealer, onProgress }: RekeyOptions): Promise<RekeyCounts> {
  const database = await openDatabase({ url });
  try {
    let counts: RekeyCounts = { examined: 0, resealed: 0, overtaken: 0, unreadable: 0 };
    for (const column of sealedColumns) {
      for await (const done of rekeyColumn(database, sealer, column)) {
        counts = {
          examined: counts.examined + done.examined,
          resealed: counts.resealed + done.resealed,
          overtaken: counts.overtaken + done.overtaken,
          unreadable: counts.unreadable + done.unreadable,
        };
        onProgress?.(counts);
      }
    }
    return counts;
  } finally {
    await database.close();
  }
}

interface SealedRow {
  readonly key: readonly string[];
  readonly box: Uint8Array;
}

/** Yields the counts of each batch, in the order of the table's key. */
async function* rekeyColumn(database: OpenDatabase, sealer: Sealer, sealed: SealedColumn): AsyncGenerator<RekeyCounts> {
  let last: readonly string[] | undefined;
  for (;;) {
    const rows = await readBatch(database, sealed, last);
    if (rows.length > 0) {
      yield await resealBatch(database, sealer, sealed, rows);
    }
    if (rows.length < batch) {
      return;
    }
    last = rows.at(-1)!.key;
  }
}

async function readBatch(
  database: OpenDatabase,
  { table, key, column }: SealedColumn,
  last: readonly string[] | undefined,
): Promise<SealedRow[]> {
  const columns = sql.join(key.map((name) => sql.ref(name)));
  const behind = last === undefined ? sql`` : sql`and (${columns}) > (${sql.join([...last])})`;
  const { rows } = await sql<Record<string, unknown>>`
    select ${columns}, ${sql.ref(column)} from ${sql.table(table)} where ${sql.ref(column)} is not null ${behind} order by ${columns} limit ${batch}
  `.execute(database.read);
  return rows.map((row) => ({ key: key.map((name) => String(row[name])), box: row[column] as Uint8Array }));
}

async function resealBatch(
  database: OpenDatabase,
  sealer: Sealer,
  { table, key, column, place }: SealedColumn,
  rows: readonly SealedRow[],
): Promise<RekeyCounts> {
  const stale = rows.filter(({ box }) => !sealer.isCurrent(box));
  const fresh = stale.flatMap((row) => {
    const box = reseal(sealer, row.box, place(...row.key));
    return box === undefined ? [] : [{ ...row, fresh: box }];
  });
  const resealed = fresh.length === 0 ? 0 : await database.transaction(async (tx) => {
    let count = 0;
    for (const row of fresh) {
      const same = sql.join(key.map((name, index) => sql`${sql.ref(name)} = ${row.key[index]}`), sql` and `);
      const { numAffectedRows } = await sql`
        update ${sql.table(table)} set ${sql.ref(column)} = ${row.fresh} where ${same} and ${sql.ref(column)} = ${row.box}
      `.execute(tx.write);
      count += Number(numAffectedRows ?? 0);
    }
    return count;
  });
  return {
    examined: rows.length,
    resealed,
    overtaken: fresh.length - resealed,
    unreadable: stale.length - fresh.length,
  };
}

/** The value under the newest key; undefined if it cannot be opened. */
function reseal(sealer: Sealer, box: Uint8Array, place: Place): Uint8Array | undefined {
  try {
    return sealer.seal(sealer.open(box, place), place);
  } catch (error) {
    if (error instanceof LatchkeyError && (error.code === 'storage_corrupt' || error.code === 'storage_key_missing')) {
      return undefined;
    }
    throw error;
  }
}
