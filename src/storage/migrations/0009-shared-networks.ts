import type { Migration } from './schema-history.ts';

/**
 * Networks and how they are proven, offers, what was bought of them, both sides' meters, and what terminals are told.
 * A radio is of one valid network at most; it is found on offer by its address alone.
 */
export const sharedNetworks: Migration = {
  version: 9,
  name: 'shared-networks',
  statements: ({ dialect, id, text, time, flag, bytes, big, byKey, heap }) => [
    `create table networks (
      id ${id} not null primary key,
      account_id ${id} not null references accounts (id),
      terminal_id ${id} not null,
      ssid ${bytes} not null,
      bssids ${text} not null,
      security ${text} not null,
      state ${text} not null check (state in ('claimed', 'valid', 'suspended')),
      reason ${text},
      ap_id ${id} not null references access_points (id),
      meter_key ${bytes},
      created_at ${time} not null,
      verified_at ${time},
      prove_again_by ${time},
      message ${text},
      revision ${big} not null
    ) ${heap}`,
    'create index networks_account on networks (account_id, created_at, id)',
    // What its agent says that it serves: each has one claim, so that nobody's takes the place of another's.
    `alter table access_points add column claimed_network_id ${id}`,
    'create unique index networks_revision on networks (revision)',
    // What the matching list is read by.
    'create index networks_told on networks (revision) where message is not null',
    `create index networks_overdue on networks (prove_again_by) where state = 'valid'`,

    // One row, whose lock has revisions become visible in their order.
    `create table network_revision (
      number ${big} not null primary key
    ) ${byKey}`,
    'insert into network_revision (number) values (0)',

    `create table network_radios (
      bssid ${big} not null primary key,
      network_id ${id} not null references networks (id)
    ) ${heap}`,
    'create index network_radios_network on network_radios (network_id)',

    `create table challenges (
      id ${id} not null primary key,
      network_id ${id} not null references networks (id),
      account_id ${id} not null,
      terminal_id ${id} not null,
      first ${bytes} not null,
      second ${bytes} not null,
      bssids ${text} not null,
      security ${text} not null,
      state ${text} not null check (state in ('pending', 'processing', 'valid', 'invalid', 'expired')),
      witnesses integer not null,
      witnessed integer not null default 0,
      errors ${text} not null,
      created_at ${time} not null,
      expires_at ${time} not null,
      decided_at ${time}
    ) ${heap}`,
    `create unique index challenges_open on challenges (network_id) where state in ('pending', 'processing')`,
    `create index challenges_expiring on challenges (expires_at) where state in ('pending', 'processing')`,
    'create index challenges_account on challenges (account_id, created_at)',

    // Radios that open challenges are about.
    `create table challenged_radios (
      bssid ${big} not null,
      challenge_id ${id} not null references challenges (id),
      primary key (bssid, challenge_id)
    ) ${byKey}`,
    'create index challenged_radios_challenge on challenged_radios (challenge_id)',

    // The last that each observer heard of a radio.
    `create table observations (
      challenge_id ${id} not null references challenges (id),
      observer_id ${id} not null,
      bssid ${big} not null,
      is_witness ${flag} not null,
      ssid ${bytes} not null,
      security ${text} not null,
      signal_dbm integer,
      heard_at ${time} not null,
      primary key (challenge_id, observer_id, bssid)
    ) ${byKey}`,

    `create table offers (
      id ${id} not null primary key,
      network_id ${id} not null references networks (id),
      account_id ${id} not null references accounts (id),
      terminal_id ${id} not null,
      state ${text} not null check (state in ('active', 'paused', 'withdrawn')),
      tariff ${text} not null,
      guests integer not null check (guests > 0),
      hours ${text},
      approval ${text} not null check (approval in ('automatic', 'manual')),
      answer_ms ${big} not null check (answer_ms > 0),
      created_at ${time} not null,
      changed_at ${time} not null
    ) ${heap}`,
    `create unique index offers_network on offers (network_id) where state <> 'withdrawn'`,
    'create index offers_account on offers (account_id, created_at, id)',

    // Radios of valid networks with an active offer: what guests find, in one place with all that they are shown of it.
    // Not its primary key, which on SQLite would be where the row lies: what is not on offer is found out by an index that is a hundredth of it.
    `create table offered_radios (
      bssid ${big} not null unique,
      offer_id ${id} not null references offers (id),
      account_id ${id} not null,
      ssid ${bytes} not null,
      guests integer not null,
      hours ${text},
      shown ${text} not null
    ) ${heap}`,
    'create index offered_radios_offer on offered_radios (offer_id)',

    `create table share_requests (
      id ${id} not null primary key,
      kind ${text} not null check (kind in ('access', 'increase')),
      access_id ${id} not null,
      offer_id ${id} not null references offers (id),
      network_id ${id} not null,
      ap_id ${id} not null,
      guest_account_id ${id} not null references accounts (id),
      guest_terminal_id ${id} not null,
      sharer_account_id ${id} not null references accounts (id),
      sharer_terminal_id ${id} not null,
      jwk ${text},
      meter_key ${bytes} not null,
      tariff ${text} not null,
      approval ${text} not null,
      answer_ms ${big} not null,
      quantity ${text} not null,
      bought ${text} not null,
      currency ${text} not null,
      fee ${big} not null check (fee >= 0),
      state ${text} not null check (state in ('priced', 'held', 'approved', 'ready', 'active', 'ending', 'ended', 'refused', 'expired', 'cancelled')),
      payment_id ${id},
      grant_id ${id},
      sealed ${text},
      created_at ${time} not null,
      due_at ${time},
      paid_at ${time},
      ended_at ${time},
      reason ${text},
      returned ${big} not null default 0,
      owed ${big} not null default 0,
      check (returned >= 0 and owed >= 0 and returned + owed <= fee),
      check (state not in ('held', 'approved', 'ready', 'active', 'ending', 'ended') or fee = 0 or payment_id is not null),
      check (state not in ('refused', 'expired', 'cancelled') or paid_at is null)
    ) ${heap}`,
    'create unique index share_requests_payment on share_requests (payment_id) where payment_id is not null',
    'create index share_requests_grant on share_requests (grant_id) where grant_id is not null',
    'create index share_requests_guest on share_requests (guest_terminal_id, created_at, id)',
    `create index share_requests_bought on share_requests (guest_account_id, network_id) where state in ('held', 'approved', 'ready', 'active', 'ending', 'ended')`,
    'create index share_requests_sharer on share_requests (sharer_account_id, created_at, id)',
    'create index share_requests_due on share_requests (due_at) where due_at is not null',
    `create index share_requests_guests on share_requests (offer_id) where kind = 'access' and state in ('held', 'approved', 'ready', 'active')`,

    `create index share_requests_record on share_requests (sharer_account_id, state) where kind = 'access' and state in ('ended', 'refused', 'expired', 'cancelled')`,
    'create index share_requests_owed on share_requests (sharer_account_id) where owed > 0',

    `create table share_warnings (
      request_id ${id} not null references share_requests (id),
      threshold ${text} not null,
      at ${time} not null,
      primary key (request_id, threshold)
    ) ${byKey}`,

    `create table meter_readings (
      grant_id ${id} not null,
      side ${text} not null check (side in ('guest', 'sharer')),
      bytes_in ${big} not null,
      bytes_out ${big} not null,
      seconds ${big} not null,
      at ${time} not null,
      is_final ${flag} not null,
      signature ${bytes} not null,
      primary key (grant_id, side)
    ) ${byKey}`,

    `create table metered_hours (
      network_id ${id} not null,
      hour ${time} not null,
      bytes_in ${big} not null,
      bytes_out ${big} not null,
      primary key (network_id, hour)
    ) ${byKey}`,

    `create table event_streams (
      terminal_id ${id} not null primary key,
      last ${big} not null
    ) ${byKey}`,

    `create table live_events (
      terminal_id ${id} not null,
      number ${big} not null,
      kind ${text} not null,
      detail ${text} not null,
      at ${time} not null,
      primary key (terminal_id, number)
    ) ${byKey}`,
    'create index live_events_at on live_events (at)',
    // Heard by those who wait for events, once they are committed.
    ...(dialect === 'sqlite'
      ? []
      : [
          `create function event_streams_told() returns trigger language plpgsql as $$
            begin perform pg_notify('latchkey_event', new.last || ' ' || new.terminal_id); return null; end $$`,
          `create trigger event_streams_told after insert or update of last on event_streams
            for each row execute function event_streams_told()`,
        ]),
  ],
};
