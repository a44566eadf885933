import type { Store } from '../../src/roles/store.ts';
import type { ServerFate } from './crash-points.ts';

export type Row = Readonly<Record<string, unknown>>;

/** All of a ledger as its database has it. */
export interface Rows {
  readonly accounts: readonly Row[];
  readonly bindings: readonly Row[];
  readonly payments: readonly Row[];
  readonly postings: readonly Row[];
  readonly verification_codes: readonly Row[];
  readonly sales: readonly Row[];
  readonly grants: readonly Row[];
  readonly mandates: readonly Row[];
  readonly taps: readonly Row[];
  readonly share_requests: readonly Row[];
  readonly meter_readings: readonly Row[];
  readonly metered_hours: readonly Row[];
  readonly live_events: readonly Row[];
}

export const observedTables = [
  'accounts', 'bindings', 'payments', 'postings', 'verification_codes', 'sales', 'grants', 'mandates', 'taps', 'share_requests', 'meter_readings', 'metered_hours', 'live_events',
] as const;

export interface ServerProcess {
  readonly store: Store;
  /** After a crash, too. */
  halt(): Promise<void>;
}

/** A database that outlives its servers. */
export interface Disk {
  /** Starts a server on what is there now. */
  boot(fate: ServerFate): Promise<ServerProcess>;
  /** What is committed. */
  observe(): Promise<Rows>;
  /** All that is on it, as whoever takes it finds it: bytes in texts as hexadecimal, or the files themselves. */
  contents(): Promise<Buffer>;
  remove(): Promise<void>;
}

/** Makes new, empty ones, of one kind. */
export interface Disks {
  readonly name: string;
  create(): Promise<Disk>;
  remove(): Promise<void>;
}
