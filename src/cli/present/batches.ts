import { batchSchema, type BatchDetailsWire, type BatchWire } from '../../api/batches.ts';
import { count, object, type Static } from '../../api/schema.ts';
import type { Batch } from '../../domain/batch.ts';
import { thousands } from '../../formats/thousands.ts';
import { morePages, type PageWire } from './page.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';
import { localTime } from './time.ts';

const { revoked_at, reason, ...always } = batchSchema.properties;

/** What `device batch revoke` has done; `changed`: devices that this run revoked. */
export const revokedBatchSchema = object('RevokedBatch', { ...always, changed: count }, { revoked_at, reason });
export type RevokedBatchWire = Static<typeof revokedBatchSchema>;

export const reportSchema = object('BatchReport', { batch: { type: 'string' }, format: { type: 'string' }, file: { type: 'string' }, devices: count });
export type ReportWire = Static<typeof reportSchema>;

export function presentBatches(page: PageWire<BatchWire>, screen: Screen): string {
  if (page.items.length === 0) {
    return 'No batches.';
  }
  const text = table(
    page.items,
    [
      { title: 'BATCH', cell: ({ batch }) => batch },
      { title: 'DEVICES', cell: ({ devices }) => thousands(devices) },
      { title: 'RESERVED', cell: ({ reserved }) => thousands(reserved) },
      { title: 'REGISTERED', cell: ({ registered }) => thousands(registered) },
      { title: 'FLASHED', cell: ({ flashed }) => thousands(flashed) },
      { title: 'USED', cell: ({ used }) => thousands(used) },
      { title: 'REVOKED', cell: revoked },
      { title: 'FIRST', cell: ({ first_at }) => localTime(first_at) },
      { title: 'LAST', cell: ({ last_at }) => localTime(last_at) },
    ],
    screen,
  );
  return text + morePages(page, screen);
}

export function presentBatchDetails(batch: BatchDetailsWire, screen: Screen): string {
  const { yield: all, stations } = batch;
  const text = details(
    [
      ...counts(batch),
      ['models', shares(batch.models, batch.other_models)],
      ['onboarding SSIDs', shares(batch.ssids, batch.other_ssids)],
      ['created', period(batch.created)],
      ['registered', period(batch.registered_in)],
      ['flashed', period(batch.flashed_in)],
      ['revoked', period(batch.revoked_in)],
    ],
    screen,
  );
  if (stations.length === 0) {
    return text;
  }
  const rows = stations.length === 1 ? stations : [...stations, { ...all, station: '(all)' }];
  const yields = table(
    rows,
    [
      { title: 'STATION', cell: ({ station }) => station },
      { title: 'TRIED', cell: ({ devices }) => thousands(devices) },
      { title: 'OK', cell: ({ ok }) => thousands(ok) },
      { title: 'YIELD', cell: ({ ok, devices }) => percent(ok, devices) },
      { title: 'FIRST PASS', cell: ({ first_ok, first }) => percent(first_ok, first) },
      { title: 'TRIES', cell: ({ tries }) => thousands(tries) },
      { title: 'FAILURES', cell: ({ failures }) => failures.map(({ result, tries }) => `${result} ${thousands(tries)}`).join(', ') },
    ],
    screen,
  );
  return `${text}\n\n${yields}`;
}

export function presentRevokedBatch(batch: RevokedBatchWire, screen: Screen): string {
  return details([['batch', batch.batch], ['devices', thousands(batch.devices)], ['revoked', thousands(batch.revoked)], ['by this run', thousands(batch.changed)], ...revocation(batch)], screen);
}

export function presentReport({ batch, devices, file }: ReportWire, screen: Screen): string {
  return details([['batch', batch], ['devices', thousands(devices)], ['written', file]], screen);
}

type Counts = Omit<BatchWire, 'first_at' | 'last_at'>;
type Entry = readonly [title: string, value: string | undefined];

function counts(batch: Counts): Entry[] {
  return [
    ['batch', batch.batch],
    ['devices', thousands(batch.devices)],
    ['reserved', some(batch.reserved)],
    ['registered', `${thousands(batch.registered)}, of them ${thousands(batch.flashed)} flashed, ${thousands(batch.used)} used`],
    ['revoked', some(batch.revoked)],
    ...revocation(batch),
  ];
}

export function revocationQuestion({ name, devices }: Pick<Batch, 'name' | 'devices'>): string {
  return `Revoke all ${thousands(devices)} devices of batch ${name} for good?`;
}

function revocation({ revoked_at, reason, unreached }: Counts): Entry[] {
  return [
    ['batch revoked', revoked_at && `${localTime(revoked_at)}${reason === undefined ? '' : `: ${reason}`}`],
    ['not finished', unreached === 0 ? undefined : `${thousands(unreached)} devices have requests and grants left to close: revoke it again`],
  ];
}

function revoked({ revoked, unreached }: BatchWire): string {
  return `${thousands(revoked)}${unreached === 0 ? '' : ' (not finished)'}`;
}

function shares(shares: BatchDetailsWire['models'], others: number): string {
  const named = shares.map(({ name, devices }) => `${name ?? '(none)'} ${thousands(devices)}`);
  return [...named, ...(others === 0 ? [] : [`others ${thousands(others)}`])].join(', ');
}

function period(period: BatchDetailsWire['created'] | undefined): string | undefined {
  return period && (period.first === period.last ? localTime(period.first) : `${localTime(period.first)} to ${localTime(period.last)}`);
}

function some(count: number): string | undefined {
  return count === 0 ? undefined : thousands(count);
}

/** Never rounded up to all of them. */
function percent(part: number, whole: number): string | undefined {
  return whole === 0 ? undefined : `${(Math.floor((part / whole) * 1000) / 10).toFixed(1)} %`;
}
