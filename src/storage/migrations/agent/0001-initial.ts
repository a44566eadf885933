import type { Migration } from '../schema-history.ts';

/** Requests and grants in the columns that the registry has for them. */
export const agentInitial: Migration = {
  version: 1,
  name: 'agent-initial',
  statements: ({ id, uuid, text, time, flag, bytes, big, byKey }) => [
    `create table hellos (
      id ${id} not null primary key,
      uuid ${uuid} not null,
      device_nonce ${bytes} not null,
      ap_nonce ${bytes} not null,
      psk ${bytes} not null,
      from_address ${text} not null,
      created_at ${time} not null,
      request_id ${id}
    ) ${byKey}`,

    `create table access_requests (
      ap_id ${id} not null,
      id ${id} not null primary key,
      uuid ${uuid} not null,
      status ${text} not null,
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
      revision ${big} not null
    ) ${byKey}`,
    'create index access_requests_newest on access_requests (created_at, id)',
    'create index access_requests_status on access_requests (status, created_at, id)',

    `create table grants (
      ap_id ${id} not null,
      id ${id} not null primary key,
      subject_kind ${text} not null,
      subject_id ${id} not null,
      ssid ${text} not null,
      source ${text} not null,
      request_id ${id},
      starts_at ${time} not null,
      ends_at ${time},
      quota_bytes ${big},
      policy ${text} not null,
      state ${text} not null,
      closed_at ${time},
      closed_by ${text},
      reason ${text},
      revision ${big} not null
    ) ${byKey}`,
    `create index grants_active on grants (starts_at, id) where state = 'active'`,

    `create table attempts (
      id ${id} not null primary key,
      at ${time} not null,
      uuid ${uuid},
      from_address ${text} not null,
      outcome ${text} not null,
      detail ${text},
      sent ${flag} not null
    ) ${byKey}`,
    'create index attempts_newest on attempts (at, id)',
    'create index attempts_unsent on attempts (at, id) where sent = 0',

    `create table owed_reports (
      request_id ${id} not null,
      status ${text} not null,
      owed_at ${big} not null unique,
      primary key (request_id, status)
    ) ${byKey}`,

    `create table state (
      name ${text} not null primary key,
      value ${big} not null
    ) ${byKey}`,
  ],
};
