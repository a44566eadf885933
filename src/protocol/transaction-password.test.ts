import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { base64url } from './encoding.ts';
import { nextCode, transactionPassword } from './transaction-password.ts';

type Vector = Readonly<
  Record<'temp_code' | 'account_id' | 'identity_code' | 'amount_minor' | 'currency' | 'payee_id' | 'idempotency_key' | 'rotation' | 'next_code', string>
> & Readonly<Record<'transaction_password' | 'md5_transaction_password', string>>;

const file = new URL('../../test/vectors/transaction-password.json', import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vector[] };

test.each(vectors)('passwords of $account_id, $amount_minor $currency, and the code after', (vector) => {
  const code = Buffer.from(vector.temp_code, 'base64url');
  const paid = {
    accountId: vector.account_id,
    amount: { minor: BigInt(vector.amount_minor), currency: vector.currency },
    payeeId: vector.payee_id,
    idempotencyKey: vector.idempotency_key,
  };
  expect(transactionPassword('hmac-sha256', code, vector.identity_code, paid)).toBe(vector.transaction_password);
  expect(transactionPassword('md5', code, vector.identity_code, paid)).toBe(vector.md5_transaction_password);
  expect(base64url(nextCode(code, Buffer.from(vector.rotation, 'base64url'), vector.account_id))).toBe(vector.next_code);
});
