import type { DialectWords } from './dialect-words.ts';
import type { Migration } from './schema-history.ts';

/**
 * Keys begin with what a table could be hash-distributed by (the device's uuid, the access point), so that no
 * unique rule ever spans two shards.
 */
export const initial: Migration = {
  version: 1,
  name: 'initial',
  statements: (words) => [...tables(words), ...(words.dialect === 'sqlite' ? sqliteTriggers : postgresTriggers)],
};

function tables({ uuid, id, text, time, flag, bytes, big, counter, byKey, heap }: DialectWords): string[] {
  return [
    `create table devices (
      uuid ${uuid} not null primary key,
      ssid ${text} not null,
      model ${text},
      batch ${text},
      label ${text},
      state ${text} not null check (state in ('reserved', 'registered', 'revoked')),
      weak ${flag} not null,
      spent_by ${id},
      created_at ${time} not null,
      registered_at ${time},
      revoked_at ${time},
      pass_tmp ${bytes} not null
    ) ${heap}`,
    'create index devices_model on devices (model, uuid) where model is not null',
    'create index devices_batch on devices (batch, uuid) where batch is not null',
    'create index devices_state on devices (state, uuid)',

    `create table access_points (
      id ${id} not null primary key,
      name ${text} not null,
      ssid ${text},
      onboarding_ssid ${text},
      created_at ${time} not null,
      last_seen_at ${time},
      revision ${big} not null default 0
    ) ${byKey}`,

    `create table access_requests (
      ap_id ${id} not null references access_points (id),
      id ${id} not null,
      uuid ${uuid} not null references devices (uuid),
      status ${text} not null
        check (status in ('pending', 'approved', 'denied', 'expired', 'delivered', 'joined', 'declined')),
      device_label ${text},
      match_code ${text},
      model ${text},
      batch ${text},
      label ${text},
      weak ${flag} not null,
      plain ${flag} not null,
      dpp ${flag} not null,
      created_at ${time} not null,
      expires_at ${time} not null,
      decided_at ${time},
      decided_by ${text},
      reason ${text},
      grant_id ${id},
      delivered_at ${time},
      joined_at ${time},
      revision ${big} not null,
      primary key (ap_id, created_at, id)
    ) ${heap}`,
    'create index access_requests_id on access_requests (id)',
    `create unique index access_requests_pending on access_requests (ap_id, uuid) where status = 'pending'`,
    `create index access_requests_open on access_requests (created_at, id) where status = 'pending'`,
    `create index access_requests_open_at on access_requests (ap_id, created_at, id) where status = 'pending'`,
    `create index access_requests_overdue on access_requests (expires_at) where status = 'pending'`,
    'create index access_requests_uuid on access_requests (uuid, created_at, id)',
    'create index access_requests_revision on access_requests (ap_id, revision)',
    'create index access_requests_newest on access_requests (created_at, id)',

    `create table grants (
      ap_id ${id} not null references access_points (id),
      id ${id} not null,
      subject_kind ${text} not null check (subject_kind in ('device', 'nfc', 'terminal', 'receipt', 'phone')),
      subject_id ${id} not null,
      ssid ${text} not null,
      source ${text} not null check (source in ('device', 'payment', 'share')),
      request_id ${id},
      starts_at ${time} not null,
      ends_at ${time},
      quota_bytes ${big},
      policy ${text} not null check (policy in ('cut', 'restrict')),
      state ${text} not null check (state in ('active', 'paused', 'ended', 'revoked')),
      closed_at ${time},
      closed_by ${text},
      reason ${text},
      revision ${big} not null,
      primary key (ap_id, starts_at, id)
    ) ${heap}`,
    'create index grants_id on grants (id)',
    'create index grants_subject on grants (subject_id, starts_at, id)',
    'create index grants_revision on grants (ap_id, revision)',
    `create index grants_active on grants (starts_at, id) where state = 'active'`,
    'create index grants_newest on grants (starts_at, id)',

    `create table tokens (
      hash ${bytes} not null primary key,
      id ${id} not null unique,
      role ${text} not null,
      name ${text} not null,
      scope ${text} not null,
      ap_id ${id},
      created_at ${time} not null,
      last_used_at ${time},
      revoked_at ${time}
    ) ${byKey}`,
    'create index tokens_oldest on tokens (created_at, id)',

    `create table enroll_codes (
      hash ${bytes} not null primary key,
      id ${id} not null unique,
      role ${text} not null,
      scope ${text} not null,
      created_at ${time} not null,
      expires_at ${time} not null,
      used_at ${time}
    ) ${byKey}`,

    `create table attempts (
      ap_id ${id} not null references access_points (id),
      id ${id} not null,
      at ${time} not null,
      uuid ${uuid},
      from_address ${text} not null,
      outcome ${text} not null,
      detail ${text},
      primary key (ap_id, id)
    ) ${byKey}`,
    'create index attempts_newest on attempts (at, ap_id, id)',
    'create index attempts_ap on attempts (ap_id, at, id)',
    'create index attempts_uuid on attempts (uuid, at, ap_id, id) where uuid is not null',

    `create table audit_entries (
      id ${counter},
      at ${time} not null,
      actor ${text} not null,
      action ${text} not null,
      uuid ${uuid},
      ap_id ${id},
      detail ${text} not null
    ) ${heap}`,
    'create index audit_entries_uuid on audit_entries (uuid, id) where uuid is not null',
    'create index audit_entries_action on audit_entries (action, id)',
    `create table audit_unsealed (
      entry_id ${big} not null primary key
    ) ${heap}`,
    `create table audit_chain (
      position ${big} not null primary key,
      entry_id ${big} not null unique,
      hash ${bytes} not null
    ) ${heap}`,

    `create table replies (
      scope ${id} not null,
      key ${id} not null,
      status integer not null,
      body ${bytes} not null,
      at ${time} not null,
      primary key (scope, key)
    ) ${heap}`,
    'create index replies_at on replies (at)',

    `create table settings (
      name ${id} not null primary key,
      value ${bytes} not null
    ) ${byKey}`,
  ];
}

// The log is append-only: who changes it in spite of that has to drop a trigger first, and the chain shows it.
const sqliteTriggers = [
  `create trigger audit_entries_added after insert on audit_entries
    begin insert into audit_unsealed (entry_id) values (new.id); end`,
  ...['audit_entries', 'audit_chain'].flatMap((table) =>
    ['update', 'delete'].map((verb) =>
      `create trigger ${table}_no_${verb} before ${verb} on ${table}
        begin select raise(abort, 'the audit log is append-only'); end`)),
];

const postgresTriggers = [
  `create function audit_entries_added() returns trigger language plpgsql as $$
    begin insert into audit_unsealed (entry_id) select id from added; return null; end $$`,
  `create trigger audit_entries_added after insert on audit_entries
    referencing new table as added for each statement execute function audit_entries_added()`,
  // Heard by those who wait for a revision, once it is committed.
  `create function access_points_revised() returns trigger language plpgsql as $$
    begin perform pg_notify('latchkey_revision', new.id); return null; end $$`,
  `create trigger access_points_revised after update of revision on access_points
    for each row execute function access_points_revised()`,
  `create function audit_append_only() returns trigger language plpgsql as $$
    begin raise exception 'the audit log is append-only'; end $$`,
  ...['audit_entries', 'audit_chain'].map((table) =>
    `create trigger ${table}_append_only before update or delete or truncate on ${table}
      for each statement execute function audit_append_only()`),
];
