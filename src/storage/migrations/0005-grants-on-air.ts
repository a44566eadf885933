import type { Migration } from './schema-history.ts';
import type { DialectWords } from './dialect-words.ts';

/** What a grant's subject has used, its VLAN, and time that is counted; in the registry and in an agent's copy alike. */
export function grantUsageColumns({ big }: DialectWords): string[] {
  return [
    ...['vlan', 'allowed_ms', 'waiting_ms'].map((column) => `alter table grants add column ${column} ${big}`),
    ...['bytes_in', 'bytes_out', 'seconds'].map((column) => `alter table grants add column ${column} ${big} not null default 0`),
  ];
}

export const grantsOnAir: Migration = {
  version: 5,
  name: 'grants-on-air',
  statements: (words) => [...grantUsageColumns(words), `alter table access_points add column enforcement ${words.text}`],
};
