import type { Migration } from './schema-history.ts';

/**
 * Credit payment codes, each with the payment that holds its limit; the keys that sign them; and what cash registers
 * brought of them. Of a showing one receipt at most is settled, and no code comes to more than it allows.
 */
export const creditCodes: Migration = {
  version: 8,
  name: 'credit-codes',
  statements: ({ id, text, time, bytes, big, counter, byKey, heap }) => [
    `create table code_keys (
      id ${id} not null primary key,
      public_key ${bytes} not null,
      private_key ${bytes} not null,
      created_at ${time} not null,
      signs_from ${time} not null,
      revoked_at ${time}
    ) ${byKey}`,

    // What a register signed by an earlier key stays its own.
    `create table receipt_keys (
      number ${counter},
      register_id ${id} not null references registers (id),
      public_key ${bytes} not null,
      unique (register_id, public_key)
    ) ${heap}`,

    `create table credit_codes (
      id ${id} not null primary key,
      account_id ${id} not null references accounts (id),
      key ${id} not null,
      terminal_id ${id} not null,
      payment_id ${id} not null unique,
      key_id ${id} not null references code_keys (id),
      issuer ${text} not null,
      holder_key ${bytes} not null,
      currency ${text} not null,
      max_each ${big} not null check (max_each > 0),
      max_total ${big} not null,
      uses integer not null,
      payees ${text},
      issued_at ${time} not null,
      expires_at ${time} not null,
      settle_by ${time} not null,
      signed ${bytes} not null,
      settled ${big} not null default 0,
      settled_uses integer not null default 0,
      lost ${big} not null default 0,
      rejected integer not null default 0,
      revoked_at ${time},
      check (settled between 0 and max_total and settled_uses between 0 and uses and lost between 0 and max_total)
    ) ${heap}`,
    'create unique index credit_codes_key on credit_codes (account_id, key)',
    'create index credit_codes_account on credit_codes (account_id, issued_at, id)',
    'create index credit_codes_terminal on credit_codes (terminal_id)',
    'create index credit_codes_newest on credit_codes (issued_at, id)',
    'create index credit_codes_signed on credit_codes (key_id, expires_at)',
    'create index credit_codes_revoked on credit_codes (expires_at) where revoked_at is not null',

    `create table code_receipts (
      number ${counter},
      id ${id} not null unique,
      code_id ${id} not null,
      counter ${big} not null,
      register_id ${id} not null,
      payee_id ${id} not null,
      currency ${text} not null,
      minor ${big} not null,
      outcome ${text} not null check (outcome in ('settled', 'duplicate', 'over_limit', 'late', 'rejected')),
      reason ${text},
      at ${time} not null,
      receipt ${bytes} not null,
      code ${bytes} not null,
      posting_id ${id},
      other_id ${id},
      borne_by ${text} not null check (borne_by in ('payee', 'operator')),
      check ((outcome = 'settled' or borne_by = 'operator') = (posting_id is not null)),
      check ((outcome = 'duplicate') = (other_id is not null))
    ) ${heap}`,
    `create unique index code_receipts_showing on code_receipts (code_id, counter) where outcome = 'settled'`,
    'create index code_receipts_code on code_receipts (code_id, number)',
    `create index code_receipts_disputed on code_receipts (number) where outcome <> 'settled'`,
    `create index code_receipts_payee on code_receipts (payee_id, number) where outcome <> 'settled'`,
  ],
};
