import type { Migration } from '../schema-history.ts';

/** Applications, the services that were held to them, and what these count. */
export const cardInitial: Migration = {
  version: 1,
  name: 'card-initial',
  statements: ({ id, text, time, flag, big, counter, byKey, heap }) => [
    `create table applications (
      name ${id} not null,
      version ${big} not null,
      json ${text} not null,
      policy_hash ${text} not null,
      guards ${text} not null,
      added_at ${time} not null,
      ended_at ${time},
      primary key (name, version)
    ) ${byKey}`,
    'create unique index applications_in_force on applications (name) where ended_at is null',

    `create table services (
      number ${counter},
      id ${id} not null unique,
      guard ${text} not null,
      key ${id} not null,
      holder ${id} not null,
      kind ${text} not null,
      at ${time} not null,
      data ${text} not null,
      random real not null,
      outcome ${text} not null,
      state ${text} not null,
      confirmed ${flag} not null,
      answered ${text} not null,
      recorded_at ${time} not null,
      paid ${text},
      settled_at ${time},
      reversed_at ${time},
      reason ${text}
    ) ${heap}`,
    // What was reversed or terminated may be begun once more.
    `create unique index services_by_key on services (guard, holder, key) where state in ('counted', 'asked')`,
    'create index services_of_key on services (guard, holder, key, number)',
    'create index services_outcome on services (outcome, number)',
    `create index services_open on services (holder, guard) where state = 'counted' and settled_at is null`,

    `create table decisions (
      application ${id} not null,
      number ${big} not null references services (number),
      version ${big} not null,
      policy_hash ${text} not null,
      outcome ${text} not null,
      json ${text} not null,
      told_at ${time},
      primary key (application, number)
    ) ${byKey}`,
    'create index decisions_of_service on decisions (number)',
    'create index decisions_outcome on decisions (application, outcome, number)',
    `create index decisions_untold on decisions (number) where outcome = 'terminate' and told_at is null`,

    // What is counted now; what is reversed goes.
    `create table uses (
      application ${id} not null,
      at ${time} not null,
      number ${big} not null references services (number),
      currency ${text} not null,
      minor ${big} not null,
      confirmed ${flag} not null,
      lat real,
      lon real,
      cell ${text},
      bssid ${text},
      primary key (application, at, number)
    ) ${byKey}`,
    'create index uses_in_order on uses (application, number)',
    'create index uses_of_service on uses (number)',
    'create index uses_confirmed on uses (application, number) where confirmed = 1',

    // Their sums over spans of so many milliseconds: a month of a million services is read in no more rows than it has days.
    `create table sums (
      application ${id} not null,
      span ${big} not null,
      start ${time} not null,
      currency ${text} not null,
      count ${big} not null,
      minor ${big} not null,
      primary key (application, span, start, currency)
    ) ${byKey}`,
  ],
};
