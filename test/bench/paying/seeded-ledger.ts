import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, systemRandom } from '../../../src/cli/local-registry.ts';
import { parseAmount } from '../../../src/domain/money.ts';
import { outsideAccountId } from '../../../src/domain/posting.ts';
import { AdminService } from '../../../src/roles/admin/service.ts';
import { EnrollmentService } from '../../../src/roles/enrollment/service.ts';
import { LedgerService } from '../../../src/roles/ledger/service.ts';
import type { ServiceContext } from '../../../src/roles/service-context.ts';
import { keyLength, KeyringSealer } from '../../../src/secrets/seal.ts';
import { openDatabase, openStore } from '../../../src/storage/open-store.ts';
import { paymentReplyPlace } from '../../../src/storage/repositories/payment-row.ts';
import { cached } from '../cached.ts';

export const identityCode = '2468';
export const terminals = 16;

/** A terminal as the load plays it. */
export interface SeededTerminal {
  readonly token: string;
  readonly accountId: string;
  /** Its first temporary code, in base64url. */
  readonly code: string;
}

export interface SeededLedger {
  readonly url: string;
  /** As LATCHKEY_KEY_FILE takes it. */
  readonly keyFile: string;
  readonly payeeId: string;
  readonly terminals: readonly SeededTerminal[];
}

const chunk = 20_000;
/** What a payment's reply takes, sealed. */
const replyText = 'x'.repeat(360);

/** A new database of either kind with so many payments behind it, and terminals that have all the money they need. */
export async function seedLedger(url: string, keyFile: string, payments: number): Promise<SeededLedger> {
  const key = existsSync(keyFile) ? Buffer.from(readFileSync(keyFile, 'utf8').trim(), 'base64url') : randomBytes(keyLength);
  writeFileSync(keyFile, `${key.toString('base64url')}\n`, { mode: 0o600 });
  const sealer = new KeyringSealer([key]);
  const store = await openStore({ url, sealer });
  const context: ServiceContext = { store, clock: systemClock, random: systemRandom, actor: { kind: 'local' } };
  const ledger = new LedgerService(context);
  const payee = await ledger.open({ name: 'Café', currency: 'EUR' });
  const seeded: SeededTerminal[] = [];
  for (let at = 0; at < terminals; at += 1) {
    const { code: enrollCode } = await new AdminService(context).createEnrollCode({ role: 'terminal', scope: {}, lifetimeMs: 60_000 });
    const { secret, token } = await new EnrollmentService(context).enroll(enrollCode, `phone ${at}`);
    const account = await ledger.open({ name: `payer ${at}`, currency: 'EUR' });
    await ledger.topUp(account.id, parseAmount('9999999999.99EUR'));
    const code = randomBytes(32);
    await store.bindings.put({
      accountId: account.id, terminalId: token.id, algorithm: 'hmac-sha256', codeNumber: 1, code, identityCode,
      wrong: 0, lockedUntil: undefined, supersededAt: undefined, boundAt: new Date(),
    }, undefined);
    seeded.push({ token: secret, accountId: account.id, code: code.toString('base64url') });
  }
  await store.close();
  await fill(url, sealer, { payments, payeeId: payee.id, payers: seeded.map(({ accountId }) => accountId) });
  return { url, keyFile, payeeId: payee.id, terminals: seeded };
}

/**
 * Payments of the past, in the order of their keys, for that is how a table is filled fastest; each with its posting.
 * They go back and forth between outside and payee in pairs, so that no balance changes.
 */
async function fill(url: string, sealer: KeyringSealer, { payments, payeeId, payers }: { payments: number; payeeId: string; payers: readonly string[] }): Promise<void> {
  const database = await openDatabase({ url });
  const at = new Date();
  const fingerprint = createHash('sha256').update('bench').digest();
  const outside = outsideAccountId('EUR');
  for (let from = 0; from < payments; from += chunk) {
    const numbers = Array.from({ length: Math.min(chunk, payments - from) }, (_, index) => from + index);
    await database.insertAll('payments', numbers.map((number) => {
      const [accountId, key] = [payers[Math.floor((number * payers.length) / payments)]!, name('k', number)];
      return {
        account_id: accountId, key, id: name('pay', number), state: 'paid', fingerprint, terminal_id: 'tok_bench', payee_id: payeeId, currency: 'EUR',
        minor: 1n, captured: 1n, refunded: 0n, memo: null, at, expires_at: null, ended_at: at, reason: null,
        reply: sealer.seal(replyText, paymentReplyPlace(accountId, key)),
      };
    }));
    await database.insertAll('postings', numbers.map((number) => ({
      id: name('pst', number), at, kind: 'payment', debit_id: number % 2 === 0 ? outside : payeeId, credit_id: number % 2 === 0 ? payeeId : outside,
      currency: 'EUR', minor: 1n, unheld: 0n, payment_id: name('pay', number), actor: 'local', memo: null,
    })));
  }
  await database.close();
}

function name(prefix: string, number: number): string {
  return `${prefix}_${number.toString().padStart(22, '0')}`;
}

export interface CachedLedger extends SeededLedger {
  readonly file: string;
}

/** A seeded SQLite file, made once for each size and schema; who writes to it takes a copy. */
export async function cachedLedger(cache: string, payments: number): Promise<CachedLedger> {
  const { folder, made } = await cached<SeededLedger>(cache, `ledger-${payments}`, { terminals, replyText }, (empty) =>
    seedLedger(`sqlite:${join(empty, 'latchkey.db')}`, join(empty, 'key'), payments));
  return { ...made, file: join(folder, 'latchkey.db') };
}
