import type { DialectWords } from './dialect-words.ts';
import type { Migration } from './schema-history.ts';

/** Beyond it databases' numbers are not read exactly. */
const mostMinor = Number.MAX_SAFE_INTEGER;

/**
 * A posting is one row, which moves an amount from one account to another: it cannot fail to balance. A trigger moves
 * the two balances with it, in the same transaction, and nothing else does; checks keep every account from paying what
 * it does not have. What is paid is keyed by its payer's account.
 */
export const ledger: Migration = {
  version: 6,
  name: 'ledger',
  statements: (words) => [...tables(words), ...(words.dialect === 'sqlite' ? sqliteTriggers : postgresTriggers)],
};

function tables({ id, text, time, bytes, big, counter, byKey, heap }: DialectWords): string[] {
  return [
    `create table accounts (
      id ${id} not null primary key,
      kind ${text} not null check (kind in ('customer', 'outside', 'codes', 'losses')),
      name ${id} not null,
      currency ${text} not null,
      card_reference ${id},
      contact ${bytes},
      balance ${big} not null default 0,
      held ${big} not null default 0 check (held >= 0),
      credit ${big} not null default 0 check (credit between 0 and ${mostMinor}),
      suspended_at ${time},
      opened_at ${time} not null,
      closed_at ${time},
      constraint accounts_funds check (kind in ('outside', 'losses') or balance + credit >= held),
      constraint accounts_range check (balance between -${mostMinor} and ${mostMinor}),
      constraint accounts_emptied check (closed_at is null or (balance = 0 and held = 0))
    ) ${byKey}`,
    'create unique index accounts_name on accounts (name) where closed_at is null',
    'create unique index accounts_card on accounts (card_reference) where card_reference is not null and closed_at is null',
    'create index accounts_newest on accounts (opened_at, id)',

    `create table postings (
      number ${counter},
      id ${id} not null unique,
      at ${time} not null,
      kind ${text} not null check (kind in ('topup', 'payout', 'payment', 'refund', 'code', 'loss')),
      debit_id ${id} not null,
      credit_id ${id} not null,
      currency ${text} not null,
      minor ${big} not null check (minor > 0),
      unheld ${big} not null default 0 check (unheld >= 0),
      payment_id ${id},
      actor ${text} not null,
      memo ${text},
      check (debit_id <> credit_id),
      check ((kind in ('payment', 'refund', 'code')) = (payment_id is not null))
    ) ${heap}`,
    'create index postings_debit on postings (debit_id, number)',
    'create index postings_credit on postings (credit_id, number)',
    'create index postings_payment on postings (payment_id) where payment_id is not null',

    `create table topups (
      id ${id} not null primary key,
      account_id ${id} not null references accounts (id),
      currency ${text} not null,
      minor ${big} not null check (minor > 0),
      provider ${text} not null,
      reference ${text},
      state ${text} not null check (state in ('pending', 'posted', 'failed', 'refund_due')),
      posting_id ${id} unique,
      actor ${text} not null,
      memo ${text},
      at ${time} not null,
      ask_at ${time} not null,
      ended_at ${time},
      reason ${text},
      check ((state = 'posted') = (posting_id is not null)),
      check ((state = 'pending') = (ended_at is null))
    ) ${heap}`,
    'create unique index topups_reference on topups (provider, reference) where reference is not null',
    'create index topups_account on topups (account_id, at, id)',
    'create index topups_newest on topups (at, id)',
    `create index topups_pending on topups (ask_at) where state = 'pending'`,
    `create index topups_refund_due on topups (at, id) where state = 'refund_due'`,

    `create table payments (
      account_id ${id} not null,
      key ${id} not null,
      id ${id} not null,
      state ${text} not null check (state in ('held', 'paid', 'released', 'refused', 'cancelled')),
      fingerprint ${bytes},
      terminal_id ${id} not null,
      payee_id ${id},
      currency ${text},
      minor ${big} not null default 0,
      captured ${big} not null default 0,
      refunded ${big} not null default 0,
      memo ${text},
      at ${time} not null,
      expires_at ${time},
      ended_at ${time},
      reason ${text},
      reply ${bytes},
      primary key (account_id, key),
      check (refunded >= 0 and refunded <= captured and captured <= minor),
      check (state <> 'paid' or captured > 0),
      check (captured = 0 or state in ('held', 'paid')),
      check (state = 'cancelled' or (payee_id is not null and currency is not null and fingerprint is not null and reply is not null))
    ) ${heap}`,
    'create unique index payments_id on payments (id)',
    'create index payments_account on payments (account_id, at, id)',
    'create index payments_payee on payments (payee_id, at, id)',
    'create index payments_terminal on payments (terminal_id, at, id)',
    'create index payments_newest on payments (at, id)',
    `create index payments_held on payments (expires_at) where state = 'held'`,

    `create table bindings (
      account_id ${id} not null references accounts (id),
      terminal_id ${id} not null,
      algorithm ${text} not null check (algorithm in ('hmac-sha256', 'md5')),
      code_number ${big} not null,
      code ${bytes} not null,
      identity_code ${bytes} not null,
      lookup ${bytes},
      spent_lookup ${bytes},
      wrong integer not null default 0,
      locked_until ${time},
      superseded_at ${time},
      bound_at ${time} not null,
      primary key (account_id, terminal_id)
    ) ${byKey}`,
    'create index bindings_terminal on bindings (terminal_id, account_id)',
    'create unique index bindings_lookup on bindings (lookup) where lookup is not null',

    `create table verification_codes (
      terminal_id ${id} not null,
      key ${id} not null,
      id ${id} not null unique,
      account_id ${id},
      code ${bytes} not null,
      tries integer not null default 0,
      created_at ${time} not null,
      expires_at ${time} not null,
      sent_at ${time},
      used_at ${time},
      primary key (terminal_id, key)
    ) ${byKey}`,
    'create index verification_codes_created on verification_codes (created_at)',
  ];
}

const moveBalances = `update accounts set
  balance = balance + case when id = new.credit_id then new.minor else -new.minor end,
  held = held - case when id = new.debit_id then new.unheld else 0 end
  where id in (new.debit_id, new.credit_id) and currency = new.currency and closed_at is null`;

// What a payment holds is in its account's `held`, too, as long as it does.
const hold = `update accounts set held = held + new.minor where id = new.account_id and currency = new.currency and closed_at is null`;
const release = `update accounts set held = held - (new.minor - new.captured) where id = new.account_id`;
// A capture's posting ends what was held; what is captured bit by bit gives back the rest at its end.
const released = `old.state = 'held' and new.state <> 'held' and new.captured = old.captured`;
// What is held may be so on credit: then there is nothing to pay out.
const overdrawn = `new.kind = 'payout' and exists (select 1 from accounts where id = new.debit_id and balance < held)`;

const sqliteTriggers = [
  `create trigger postings_posted after insert on postings begin
    ${moveBalances};
    select raise(abort, 'accounts_open') where changes() <> 2;
    select raise(abort, 'accounts_funds') where ${overdrawn};
  end`,
  `create trigger payments_held_now after insert on payments when new.state = 'held' begin
    ${hold};
    select raise(abort, 'accounts_open') where changes() <> 1;
  end`,
  `create trigger payments_released after update of state on payments when ${released} begin
    ${release};
  end`,
  ...['update', 'delete'].map((verb) =>
    `create trigger postings_no_${verb} before ${verb} on postings
      begin select raise(abort, 'the ledger is append-only'); end`),
];

const postgresTriggers = [
  // Both rows by one statement, in the order of their key, so that two postings never wait for each other.
  `create function postings_posted() returns trigger language plpgsql as $$
    declare moved integer;
    begin
      perform 1 from accounts where id in (new.debit_id, new.credit_id) order by id for no key update;
      ${moveBalances};
      get diagnostics moved = row_count;
      if moved <> 2 then raise exception 'no such open accounts' using errcode = '23514', constraint = 'accounts_open'; end if;
      if ${overdrawn} then raise exception 'nothing is paid out on credit' using errcode = '23514', constraint = 'accounts_funds'; end if;
      return null;
    end $$`,
  `create trigger postings_posted after insert on postings for each row execute function postings_posted()`,
  `create function payments_held_now() returns trigger language plpgsql as $$
    declare held_now integer;
    begin
      ${hold};
      get diagnostics held_now = row_count;
      if held_now <> 1 then raise exception 'no such open account' using errcode = '23514', constraint = 'accounts_open'; end if;
      return null;
    end $$`,
  `create trigger payments_held_now after insert on payments for each row when (new.state = 'held') execute function payments_held_now()`,
  `create function payments_released() returns trigger language plpgsql as $$
    begin ${release}; return null; end $$`,
  `create trigger payments_released after update of state on payments
    for each row when (${released}) execute function payments_released()`,
  `create function ledger_append_only() returns trigger language plpgsql as $$
    begin raise exception 'the ledger is append-only'; end $$`,
  `create trigger postings_append_only before update or delete or truncate on postings
    for each statement execute function ledger_append_only()`,
];
