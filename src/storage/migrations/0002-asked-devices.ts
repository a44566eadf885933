import type { Migration } from './index.ts';

/**
 * Finds the entries that stand for several devices by each of them. A row for every question of every access point
 * has to be small: `device` is the last 48 bits of the uuid, and the entry tells apart what else ends alike.
 */
export const askedDevices: Migration = {
  version: 2,
  name: 'asked devices',
  statements: ({ big, byKey }) => [
    `create table audit_asked (
      device ${big} not null,
      entry_id ${big} not null,
      primary key (device, entry_id)
    ) ${byKey}`,
  ],
};
