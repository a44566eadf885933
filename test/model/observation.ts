import { codePlace, identityCodePlace } from '../../src/storage/repositories/bindings.ts';
import { paymentReplyPlace } from '../../src/storage/repositories/payment-row.ts';
import { verificationPlace } from '../../src/storage/repositories/verifications.ts';
import { testSealer } from '../storage/sealer.ts';
import { areSame, Comparison, text, time } from './comparison.ts';
import type { Row, Rows } from './disk.ts';
import { bindingName, fresh, paymentName, verificationName, type PlainLedger } from './plain-ledger.ts';
import type { PlainShop } from './plain-shop.ts';
import { compareShop } from './shop-observation.ts';

const sealer = testSealer();

/** A temporary code that a server has had. */
export interface KnownCode {
  readonly binding: string;
  readonly number: number;
  readonly bound: number;
}

/** What has been seen of a server's database, and must stay as it was. */
export class Observation {
  /** By their bytes in hexadecimal. */
  readonly codes = new Map<string, KnownCode>();
  /** Kept replies, byte for byte. */
  readonly #replies = new Map<string, Uint8Array>();
  /** Sealed code to what is in it. */
  readonly #opened = new Map<string, string>();
  rows!: Rows;

  /**
   * Where a database differs from what it has to be. What only the server could make up, ids and codes, the plain ledger
   * learns from it, once.
   */
  differences(rows: Rows, ledger: PlainLedger, shop: PlainShop): string[] {
    this.rows = rows;
    const comparison = new Comparison();
    const { differences, learnt } = comparison;
    const same: Comparison['same'] = (...given) => comparison.same(...given);
    const all: Comparison['all'] = (...given) => comparison.all(...given);

    all('accounts', rows.accounts.map(({ id }) => String(id)), ledger.accounts);
    for (const row of rows.accounts) {
      const account = ledger.accounts.get(String(row['id']));
      if (account === undefined) continue;
      same(`account ${account.name}: balance, held, closed`, [Number(row['balance']), Number(row['held']), row['closed_at'] !== null], [account.balance, account.held, account.closed]);
    }

    const bindings = rows.bindings.map((row) => [bindingName(String(row['account_id']), String(row['terminal_id'])), row] as const);
    all('bindings', bindings.map(([name]) => name), ledger.bindings);
    for (const [name, row] of bindings) {
      const binding = ledger.bindings.get(name);
      if (binding === undefined) continue;
      const { accountId, terminalId } = binding;
      const code = this.#open(row['code'], (box) => Buffer.from(sealer.open(box, codePlace(accountId, terminalId))).toString('hex'));
      const identityCode = this.#open(row['identity_code'], (box) => sealer.openText(box, identityCodePlace(accountId, terminalId)));
      same(
        `binding ${name}: algorithm, number, identity code, wrong, locked, superseded, bound`,
        [row['algorithm'], Number(row['code_number']), identityCode, row['wrong'], time(row['locked_until']), time(row['superseded_at']), time(row['bound_at'])],
        [binding.algorithm, binding.number, binding.identityCode, binding.wrong, binding.lockedUntil, binding.supersededAt, binding.boundAt],
      );
      const known = this.codes.get(code);
      if (binding.code !== fresh) {
        same(`code of binding ${name}`, [code], [binding.code]);
      } else if (known !== undefined && !(known.binding === name && known.number === binding.number && known.bound === binding.bound)) {
        // The same one may have been seen in another order of what came at once.
        differences.push(`binding ${name} has a code that was there before: ${text([known])}`);
      } else {
        learnt.push(() => {
          binding.code = code;
          this.codes.set(code, { binding: name, number: binding.number, bound: binding.bound });
        });
      }
    }

    const payments = rows.payments.map((row) => [paymentName(String(row['account_id']), String(row['key'])), row] as const);
    all('payments', payments.map(([name]) => name), ledger.payments);
    for (const [name, row] of payments) {
      const payment = ledger.payments.get(name);
      if (payment === undefined) continue;
      const { request } = payment;
      same(
        `payment ${name}: terminal, state, payee, minor, currency, captured, refunded, memo, at, expires, reason`,
        [row['terminal_id'], row['state'], row['payee_id'], Number(row['minor']), row['currency'], Number(row['captured']), Number(row['refunded']), row['memo'], time(row['at']), time(row['expires_at']), row['reason']],
        [payment.terminalId, payment.state, request?.payeeId, request?.minor ?? 0, request?.currency, payment.captured, payment.refunded, request?.memo, payment.at, payment.expiresAt, payment.reason],
      );
      payment.id ??= String(row['id']);
      same(`id of payment ${name}`, [row['id']], [payment.id]);
      const reply = row['reply'] as Uint8Array | null;
      const kept = this.#replies.get(name);
      if (reply !== null && kept === undefined) {
        this.#replies.set(name, reply);
        sealer.openText(reply, paymentReplyPlace(payment.accountId, payment.key));
      } else if (reply !== null && Buffer.compare(kept!, reply) !== 0) {
        differences.push(`the reply that is kept of payment ${name} changed`);
      }
    }

    const byId = new Map([...ledger.payments].map(([name, { id }]) => [id, name]));
    const postings = rows.postings.map((row) => [row['kind'], row['debit_id'], row['credit_id'], Number(row['minor']), Number(row['unheld']), byId.get(String(row['payment_id'])), row['memo']]);
    const expected = ledger.postings.map(({ kind, debitId, creditId, minor, unheld, payment, memo }) => [kind, debitId, creditId, minor, unheld, payment, memo]);
    // Two at once may come in either order.
    if (postings.length !== expected.length || !postings.every((posting, index) => areSame(posting, expected[index]!))) {
      same('postings', postings.map(text).toSorted(), expected.map(text).toSorted());
    }

    const verifications = rows.verification_codes.map((row) => [verificationName(String(row['terminal_id']), String(row['key'])), row] as const);
    all('verifications', verifications.map(([name]) => name), ledger.verifications);
    for (const [name, row] of verifications) {
      const verification = ledger.verifications.get(name);
      if (verification === undefined) continue;
      same(
        `verification ${name}: account, tries, created, used`,
        [row['account_id'], row['tries'], time(row['created_at']), row['used_at'] !== null],
        [verification.accountId, verification.tries, verification.createdAt, verification.used],
      );
      verification.id ??= String(row['id']);
      if (verification.code === fresh) {
        verification.code = this.#open(row['code'], (box) => sealer.openText(box, verificationPlace(verification.terminalId, verification.key)));
      }
    }
    compareShop(rows, shop, byId, comparison);
    if (differences.length === 0) learnt.forEach((learn) => learn());
    return differences;
  }

  #open(box: unknown, open: (box: Uint8Array) => string): string {
    const name = Buffer.from(box as Uint8Array).toString('base64');
    let opened = this.#opened.get(name);
    if (opened === undefined) {
      opened = open(box as Uint8Array);
      this.#opened.set(name, opened);
    }
    return opened;
  }
}

export function ofPayment(row: Row): string {
  return paymentName(String(row['account_id']), String(row['key']));
}
