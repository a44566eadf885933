import type { Migration } from './schema-history.ts';

/** What cash registers sell, and to whom; a sale is keyed by its register, a mandate by what is tapped, a tap by both. */
export const cashRegister: Migration = {
  version: 7,
  name: 'cash-register',
  statements: ({ id, text, time, bytes, big, byKey, heap }) => [
    // A subject is on the permission list of a network once.
    `create unique index grants_permission on grants (ap_id, subject_kind, subject_id) where source = 'payment' and state in ('active', 'paused')`,
    `create index grants_sold_until on grants (ends_at) where source = 'payment' and state = 'active' and ends_at is not null`,

    `create table registers (
      id ${id} not null primary key,
      name ${text} not null,
      payee_id ${id} not null references accounts (id),
      ap_id ${id} not null references access_points (id),
      tariff ${text},
      jwk ${text},
      receipt_key ${bytes}
    ) ${byKey}`,
    'create index registers_ap on registers (ap_id, id)',
    'create index registers_payee on registers (payee_id)',

    `create table sales (
      register_id ${id} not null references registers (id),
      key ${id} not null,
      payer_id ${id} not null,
      subject_id ${id},
      id ${id} not null unique,
      fingerprint ${bytes} not null,
      at ${time} not null,
      tender ${text} not null check (tender in ('wallet', 'mandate', 'cash', 'card')),
      currency ${text} not null,
      minor ${big} not null,
      payee_id ${id} not null,
      memo ${text},
      payment_id ${id},
      grant_id ${id},
      tariff ${text},
      quantity ${text},
      bought ${text},
      used ${big} not null,
      refunded ${big} not null default 0,
      receipt_code ${bytes},
      primary key (register_id, key, payer_id),
      check ((tender in ('wallet', 'mandate')) = (payment_id is not null)),
      check (refunded >= 0 and refunded <= minor and used >= 0 and used <= minor)
    ) ${heap}`,
    'create index sales_subject on sales (subject_id, at) where subject_id is not null',
    'create index sales_newest on sales (register_id, at, id)',
    'create index sales_payee on sales (payee_id, at, id)',
    'create index sales_grant on sales (grant_id, at) where grant_id is not null',
    'create unique index sales_payment on sales (payment_id) where payment_id is not null',

    `create table mandates (
      subject_id ${id} not null primary key,
      account_id ${id} not null references accounts (id),
      currency ${text} not null,
      per_tap ${big} not null check (per_tap > 0),
      per_day ${big} not null check (per_day > 0),
      set_at ${time} not null,
      ended_at ${time}
    ) ${byKey}`,
    'create index mandates_account on mandates (account_id, subject_id)',

    `create table taps (
      register_id ${id} not null references registers (id),
      key ${id} not null,
      subject_id ${id} not null,
      fingerprint ${bytes} not null,
      came_to ${text} not null,
      at ${time} not null,
      primary key (register_id, key, subject_id)
    ) ${heap}`,

    `create table access_codes (
      grant_id ${id} not null,
      register_id ${id} not null references registers (id),
      sealed ${text},
      at ${time} not null,
      primary key (grant_id, register_id)
    ) ${byKey}`,
    'create index access_codes_at on access_codes (at)',
    'create index access_codes_register on access_codes (register_id)',
  ],
};
