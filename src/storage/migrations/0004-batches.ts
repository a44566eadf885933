import type { Migration } from './schema-history.ts';

/**
 * A batch is revoked by one row, which whatever asks about a device looks at; its devices' own rows follow. Batches are
 * counted by indexes alone: those that registering writes anyway are wider, and new ones hold only what is written
 * rarely.
 */
export const batches: Migration = {
  version: 4,
  name: 'batches',
  statements: ({ text, time, byKey }) => [
    `create table revoked_batches (
      batch ${text} not null primary key,
      revoked_at ${time} not null,
      reason ${text}
    ) ${byKey}`,
    'drop view known_devices',
    `create view known_devices as
      select d.uuid, d.ssid, d.model, d.batch, d.label, d.mac,
        case
          when r.batch is not null then 'revoked'
          when d.state = 'reserved' and c.registered_at is not null then 'registered'
          else d.state
        end as state,
        d.weak, d.spent_by, d.created_at, coalesce(d.registered_at, c.registered_at) as registered_at, d.flashed_at,
        coalesce(d.revoked_at, r.revoked_at) as revoked_at, d.pass_tmp, d.dpp_key, d.dpp_key_made_at, c.run, c.number
      from devices d left join chunks c on c.id = d.chunk left join revoked_batches r on r.batch = d.batch`,

    'drop index devices_batch',
    'create index devices_batch on devices (batch, uuid, created_at, chunk) where batch is not null',
    'drop index devices_reserved',
    `create index devices_reserved on devices (uuid, batch) where state = 'reserved' and chunk is null`,
    // By uuid, as a revocation goes through them: what it writes lies close together.
    `create index devices_batch_revoked on devices (batch, uuid, chunk) where state = 'revoked' and batch is not null`,
    'create index devices_batch_flashed on devices (batch, uuid, state, chunk, flashed_at) where flashed_at is not null',
    'create index devices_batch_used on devices (batch, uuid, state, spent_by) where spent_by is not null',
  ],
};
