import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseAmount } from '../../../src/domain/money.ts';
import { base64url } from '../../../src/protocol/encoding.ts';
import { CodeAcceptance } from '../../../src/roles/codes/acceptance.ts';
import { openAcceptanceStore } from '../../../src/storage/acceptance-store.ts';
import { Issuer, newKey, payeeId } from '../../codes/issuer.ts';
import { cached } from '../cached.ts';

const usesOfToken = 4;
const start = Date.UTC(2026, 10, 1);

/** A register's journal with so many acceptances, each as long as a real one. Gives its file. */
export async function cachedJournal(cache: string, acceptances: number): Promise<string> {
  const { folder } = await cached(cache, `journal-${acceptances}`, { usesOfToken, version: 1 }, async (made) => {
    await fill(join(made, 'register.db'), acceptances);
    return {};
  });
  return join(folder, 'register.db');
}

async function fill(path: string, acceptances: number): Promise<void> {
  const { code, receipt } = await sample();
  (await openAcceptanceStore({ path })).close();
  const database = new DatabaseSync(path);
  database.exec('pragma synchronous = off; begin');
  const accept = database.prepare(
    `insert into acceptances (token_id, counter, currency, minor, at, settle_by, code, receipt, outcome, settled_at) values (?, ?, 'EUR', 100, ?, ?, ?, ?, ?, ?)`);
  const take = database.prepare('insert into taken (token_id, uses, minor) values (?, ?, ?)');
  let token = '';
  for (let number = 0; number < acceptances; number += 1) {
    const counter = (number % usesOfToken) + 1;
    if (counter === 1) {
      token = `code_${base64url(randomBytes(16))}`;
      take.run(token, usesOfToken, 100 * usesOfToken);
    }
    const at = start + number * 1000;
    // The last thousand wait to be settled.
    const settled = number < acceptances - 1000;
    accept.run(token, counter, at, at + 8 * 86_400_000, code, receipt, settled ? 'settled' : null, settled ? at : null);
  }
  database.exec('commit');
  database.close();
}

async function sample(): Promise<{ readonly code: Uint8Array; readonly receipt: Uint8Array }> {
  const issuer = new Issuer();
  const store = await openAcceptanceStore({ path: ':memory:' });
  const at = new Date(start);
  await store.keepTrust(issuer.trustList(at));
  const acceptance = new CodeAcceptance({
    register: { id: `tok_${base64url(randomBytes(16))}`, payeeId, currency: 'EUR' }, journal: store, receiptKey: newKey().privateKey, clock: { now: () => at },
    rules: { bindAbove: undefined, trustWarnMs: 1e9, trustMaxMs: 1e9 },
  });
  const amount = parseAmount('1.00EUR');
  const { accepted } = await acceptance.accept({ text: issuer.wallet(at).shows(1, at, { amount: amount.minor, payeeId }), amount });
  store.close();
  return { code: accepted!.code, receipt: accepted!.signedReceipt };
}
