import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { systemClock, systemRandom } from '../../../src/cli/local-registry.ts';
import { longestValidityMs, settlementGraceMs, type CreditToken } from '../../../src/domain/credit-code.ts';
import { codesAccountId } from '../../../src/domain/posting.ts';
import { keyIdOf, signToken } from '../../../src/protocol/credit-code.ts';
import { newEd25519 } from '../../../src/protocol/ed25519.ts';
import { AdminService } from '../../../src/roles/admin/service.ts';
import { issuerOf, signer } from '../../../src/roles/codes/signing-keys.ts';
import { EnrollmentService } from '../../../src/roles/enrollment/service.ts';
import { ownAccount } from '../../../src/roles/ledger/accounts.ts';
import { PosService } from '../../../src/roles/pos/service.ts';
import { newId, within, type ServiceContext } from '../../../src/roles/service-context.ts';
import { KeyringSealer } from '../../../src/secrets/seal.ts';
import { openStore } from '../../../src/storage/open-store.ts';
import type { SeededLedger } from '../paying/seeded-ledger.ts';

/** A code in the hands of its payer, and what else a register's receipt names; bytes in base64url. */
export interface SeededCode {
  readonly id: string;
  readonly signed: string;
  readonly seed: string;
}

export interface SeededCodes {
  readonly registerToken: string;
  readonly registerId: string;
  readonly payeeId: string;
  /** Of the register's receipt key. */
  readonly receiptSeed: string;
  readonly codes: readonly SeededCode[];
}

/** So many in one transaction. */
const chunk = 500;
const uses = 1_000_000;

/** Codes of a ledger's payers, each good for as often as anybody measures, and a register that accepts them. */
export async function seedCodes({ url, keyFile, payeeId, terminals }: SeededLedger, count: number): Promise<SeededCodes> {
  const sealer = new KeyringSealer([Buffer.from(readFileSync(keyFile, 'utf8').trim(), 'base64url')]);
  const store = await openStore({ url, sealer });
  const context: ServiceContext = { store, clock: systemClock, random: systemRandom, actor: { kind: 'local' } };
  const { code: enrollCode } = await new AdminService(context).createEnrollCode({ role: 'pos', scope: { accounts: [payeeId] }, lifetimeMs: 60_000 });
  const { secret, token } = await new EnrollmentService(context).enroll(enrollCode, 'till');
  const receiptSeed = randomBytes(32);
  await new PosService({ ...context, actor: { kind: 'token', token } }).describe({ receiptKey: newEd25519(receiptSeed).publicKey });
  await ownAccount(context, { id: codesAccountId('EUR'), kind: 'codes', currency: 'EUR' });
  const issuer = await issuerOf(context);
  const codes: SeededCode[] = [];
  for (let from = 0; from < count; from += chunk) {
    await store.transaction(async (tx) => {
      const key = await signer(within(context, tx));
      for (let at = from; at < Math.min(count, from + chunk); at += 1) {
        const accountId = terminals[at % terminals.length]!.accountId;
        const seed = randomBytes(32);
        const issuedAt = new Date(Math.floor(Date.now() / 1000) * 1000);
        const credit: CreditToken = {
          id: newId(context, 'code'), issuer, holderKey: newEd25519(seed).publicKey, currency: 'EUR', maxEach: 125n, maxTotal: 125n * BigInt(uses), uses,
          payees: undefined, issuedAt, expiresAt: new Date(issuedAt.getTime() + longestValidityMs),
        };
        const signed = signToken(credit, key);
        const settleBy = new Date(credit.expiresAt.getTime() + settlementGraceMs);
        const [paymentId, paymentKey] = [newId(context, 'pay'), `code-${at}`];
        await tx.creditCodes.insert({ token: credit, key: paymentKey, keyId: keyIdOf(key.publicKey), accountId, terminalId: 'tok_bench', paymentId, settleBy, signed });
        await tx.payments.insert({
          id: paymentId, accountId, key: paymentKey, terminalId: 'tok_bench', state: 'held', payeeId: codesAccountId('EUR'), amount: { minor: credit.maxTotal, currency: 'EUR' },
          captured: 0n, refunded: 0n, memo: undefined, at: issuedAt, expiresAt: settleBy, endedAt: undefined, reason: undefined,
        }, { fingerprint: randomBytes(32), reply: '{}' });
        codes.push({ id: credit.id, signed: Buffer.from(signed).toString('base64url'), seed: seed.toString('base64url') });
      }
    });
  }
  await store.close();
  return { registerToken: secret, registerId: token.id, payeeId, receiptSeed: receiptSeed.toString('base64url'), codes };
}
