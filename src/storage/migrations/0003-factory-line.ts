import type { Migration } from './schema-history.ts';

/**
 * What a factory line keeps of a device, and who flashed it when. Nearly all devices are registered: only what is
 * not is worth an index, which registering many would have to write twice for each.
 */
export const factoryLine: Migration = {
  version: 3,
  name: 'factory line',
  statements: ({ uuid, id, text, time, bytes, big, heap }) => [
    `alter table devices add column mac ${text}`,
    `alter table devices add column run ${big}`,
    `alter table devices add column flashed_at ${time}`,
    `alter table devices add column dpp_key ${bytes}`,
    'drop index devices_state',
    `create index devices_reserved on devices (uuid) where state = 'reserved'`,
    `create index devices_revoked on devices (uuid) where state = 'revoked'`,

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
