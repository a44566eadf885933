import type { Migration } from './schema-history.ts';

/**
 * What a factory line keeps of a device, and who flashed it when.
 *
 * Devices that are made in bulk are registered by the chunk: they stay `reserved` in their own rows, and are registered
 * once their chunk is, which is one row. `known_devices` has the devices as they are. What reads the table itself takes
 * such a device for reserved, which is safe: it gets on nowhere.
 */
export const factoryLine: Migration = {
  version: 3,
  name: 'factory line',
  statements: ({ uuid, id, text, time, bytes, big, counter, heap }) => [
    `create table chunks (
      id ${counter},
      run ${big} not null,
      number ${big} not null,
      devices ${big} not null,
      registered_at ${time},
      reserved_entry ${big},
      registered_entry ${big}
    ) ${heap}`,
    'create index chunks_run on chunks (run, number)',
    `create index chunks_open on chunks (id) where registered_at is null`,

    `alter table devices add column mac ${text}`,
    `alter table devices add column chunk ${big}`,
    `alter table devices add column flashed_at ${time}`,
    `alter table devices add column dpp_key ${bytes}`,
    `alter table devices add column dpp_key_made_at ${time}`,
    `alter table devices add column dpp_hash ${bytes}`,
    'create unique index devices_dpp_hash on devices (dpp_hash) where dpp_hash is not null',
    'drop index devices_state',
    // Nearly all devices are registered: only what is not is worth an index.
    `create index devices_reserved on devices (uuid) where state = 'reserved' and chunk is null`,
    'create index devices_revoked on devices (uuid) where revoked_at is not null',

    `create view known_devices as
      select d.uuid, d.ssid, d.model, d.batch, d.label, d.mac,
        case when d.state = 'reserved' and c.registered_at is not null then 'registered' else d.state end as state,
        d.weak, d.spent_by, d.created_at, coalesce(d.registered_at, c.registered_at) as registered_at, d.flashed_at, d.revoked_at,
        d.pass_tmp, d.dpp_key, d.dpp_key_made_at, c.run
      from devices d left join chunks c on c.id = d.chunk`,

    `create table flashes (
      uuid ${uuid} not null references devices (uuid),
      id ${id} not null,
      batch ${text},
      station ${text} not null,
      operator ${text} not null,
      started_at ${time} not null,
      ended_at ${time},
      result ${text},
      detail ${text},
      primary key (uuid, started_at, id)
    ) ${heap}`,
    'create unique index flashes_open on flashes (uuid) where ended_at is null',
    'create index flashes_batch on flashes (batch, station) where batch is not null',
  ],
};
