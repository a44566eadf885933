import type { Migration } from '../schema-history.ts';

/** What a cash register accepts and trusts. No table says who pays: a register does not know it. */
export const acceptanceInitial: Migration = {
  version: 1,
  name: 'acceptance-initial',
  statements: ({ id, text, time, bytes, big, byKey, heap }) => [
    // In the order in which they came, so that a long journal grows at its end.
    `create table acceptances (
      number integer not null primary key,
      token_id ${id} not null,
      counter ${big} not null,
      currency ${text} not null,
      minor ${big} not null,
      at ${time} not null,
      settle_by ${time} not null,
      code ${bytes} not null,
      receipt ${bytes} not null,
      memo ${text},
      idempotency_key ${id},
      outcome ${text},
      reason ${text},
      settled_at ${time},
      unique (token_id, counter),
      check (minor > 0 and counter > 0),
      check ((outcome is null) = (settled_at is null))
    ) ${heap}`,
    'create unique index acceptances_key on acceptances (idempotency_key) where idempotency_key is not null',
    'create index acceptances_unsettled on acceptances (settle_by, number) where outcome is null',
    'create index acceptances_at on acceptances (at, outcome, currency, minor)',

    // What was accepted of a token, so that one with many uses is judged as fast as one with few.
    `create table taken (
      token_id ${id} not null primary key,
      uses ${big} not null,
      minor ${big} not null
    ) ${byKey}`,

    `create table trust (
      only_one integer not null primary key check (only_one = 1),
      issuer ${text} not null,
      as_of ${time} not null,
      revision ${big} not null
    ) ${byKey}`,
    // Several keys may have one id.
    `create table trusted_keys (
      id ${id} not null,
      public_key ${bytes} not null,
      revoked_at ${time},
      primary key (id, public_key)
    ) ${byKey}`,
    `create table revoked_tokens (
      token_id ${id} not null primary key
    ) ${byKey}`,
  ],
};
