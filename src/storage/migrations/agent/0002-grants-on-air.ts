import { grantUsageColumns } from '../0005-grants-on-air.ts';
import type { Migration } from '../schema-history.ts';

/** What the radio needs to enforce grants and to meter them. */
export const agentGrantsOnAir: Migration = {
  version: 2,
  name: 'agent-grants-on-air',
  statements: (words) => [
    ...grantUsageColumns(words),

    `create index grants_of_subject on grants (subject_id) where state = 'active'`,
    `create index grants_ending on grants (ends_at) where state = 'active' and ends_at is not null`,

    // An active grant's own password, and where it was needed the key that follows from it and an SSID; both sealed.
    `alter table grants add column password ${words.bytes}`,
    `alter table grants add column psk_ssid ${words.text}`,
    `alter table grants add column psk ${words.bytes}`,
    // The address by which an active grant's subject was last seen, as in subject_macs.
    `alter table grants add column mac ${words.text}`,
    // All that is asked when a station comes, so that it is found in one place (docs/adr/0030-a-radio-that-asks.md).
    `create index grants_of_station on grants (mac, starts_at, request_id, ends_at, quota_bytes, policy, vlan, bytes_in, bytes_out, password)
      where state = 'active' and mac is not null`,

    `create table usage (
      grant_id ${words.id} not null primary key,
      bytes_in ${words.big} not null,
      bytes_out ${words.big} not null,
      seconds ${words.big} not null,
      spent_at ${words.time},
      changes ${words.big} not null,
      told ${words.big} not null
    ) ${words.byKey}`,
    'create index usage_untold on usage (grant_id) where told < changes',
    'create index usage_spent on usage (spent_at) where spent_at is not null',

    `create table subject_macs (
      subject_id ${words.id} not null primary key,
      mac ${words.text} not null
    ) ${words.byKey}`,

    // How far the counters of a station's session had been read.
    `create table meters (
      bss ${words.text} not null,
      mac ${words.text} not null,
      grant_id ${words.id} not null,
      began ${words.big} not null,
      bytes_in ${words.big} not null,
      bytes_out ${words.big} not null,
      seconds ${words.big} not null,
      primary key (bss, mac)
    ) ${words.byKey}`,

    // Sessions of which access points tell by themselves, also those that are over: word of them may come again.
    `create table sessions (
      nas_address ${words.text} not null,
      session_id ${words.text} not null,
      mac ${words.text} not null,
      nas ${words.text} not null,
      nas_identifier ${words.text},
      grant_id ${words.id},
      restricted ${words.flag} not null,
      bytes_in ${words.big} not null,
      bytes_out ${words.big} not null,
      seconds ${words.big} not null,
      heard_at ${words.time} not null,
      happened_at ${words.time},
      ended_at ${words.time},
      lost ${words.flag} not null,
      primary key (nas_address, session_id, mac)
    ) ${words.byKey}`,
    'create index sessions_on on sessions (heard_at) where ended_at is null',
    'create index sessions_of_grant on sessions (grant_id) where ended_at is null',
    'create index sessions_of_station on sessions (mac) where ended_at is null',
    'create index sessions_ended on sessions (ended_at) where ended_at is not null',
  ],
};
