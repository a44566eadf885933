import type { Migration } from '../schema-history.ts';

/** Time that runs from when it could be used. */
export const agentSoldTime: Migration = {
  version: 3,
  name: 'agent-sold-time',
  statements: ({ time, big, flag }) => [
    // When the time of a grant that waited began here, in which revision of it, and whether the registry has heard.
    `alter table grants add column begun_at ${time}`,
    `alter table grants add column begun_revision ${big}`,
    `alter table grants add column begun_told ${flag} not null default 1`,
    `create index grants_waiting on grants (starts_at) where state = 'active' and waiting_ms is not null`,
  ],
};
