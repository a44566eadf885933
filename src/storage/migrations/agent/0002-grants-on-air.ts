import { grantUsageColumns } from '../0005-grants-on-air.ts';
import type { Migration } from '../schema-history.ts';

/** What the radio needs to enforce grants and to meter them. */
export const agentGrantsOnAir: Migration = {
  version: 2,
  name: 'agent-grants-on-air',
  statements: (words) => [
    ...grantUsageColumns(words),

    // A grant's own password, and the key that follows from it and the SSID; both sealed.
    `create table credentials (
      grant_id ${words.id} not null primary key,
      ssid ${words.text} not null,
      password ${words.bytes} not null,
      psk ${words.bytes} not null
    ) ${words.byKey}`,

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
  ],
};
