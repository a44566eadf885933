import type { Migration } from './schema-history.ts';

/**
 * Finds the entries that stand for several devices by each of them. A row for every question of every access point
 * has to be small: `device` is the last 48 bits of the uuid, and the entry tells apart what else ends alike. `block`
 * numbers so many entries as the log goes on: new rows lie close together, wherever their devices are among all.
 */
export const askedDevices: Migration = {
  version: 2,
  name: 'asked devices',
  statements: ({ big, byKey, dialect }) => [
    `create table audit_asked (
      block ${big} not null,
      device ${big} not null,
      entry_id ${big} not null,
      primary key (block, device, entry_id)
    ) ${byKey}`,
    // As with the entries: who changes it in spite of that has to drop a trigger first, and `audit verify` shows it.
    ...(dialect === 'sqlite'
      ? ['update', 'delete'].map((verb) =>
          `create trigger audit_asked_no_${verb} before ${verb} on audit_asked
            begin select raise(abort, 'the audit log is append-only'); end`)
      : [`create trigger audit_asked_append_only before update or delete or truncate on audit_asked
            for each statement execute function audit_append_only()`]),
  ],
};
