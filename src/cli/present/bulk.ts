import { boolean, count, object, remark } from '../../api/schema.ts';
import { present } from '../../api/wire.ts';
import { thousands } from '../../formats/thousands.ts';
import type { BulkOutcome } from '../registering/run.ts';
import type { Screen } from './screen.ts';
import { details } from './table.ts';

/** What became of many devices. */
export const bulkSchema = object(
  'Bulk',
  { run: count, registered: count, known: count, rejected: count, dry_run: boolean },
  { out: remark, rejects: remark },
);

export interface BulkWire {
  readonly run: number;
  readonly registered: number;
  readonly known: number;
  readonly rejected: number;
  readonly dry_run: boolean;
  readonly out?: string;
  readonly rejects?: string;
}

export function bulkToWire(outcome: BulkOutcome, { out, rejects, dryRun }: { out: string | undefined; rejects: string | undefined; dryRun: boolean }): BulkWire {
  return { ...outcome, ...present({ out, rejects }), dry_run: dryRun };
}

export function presentBulk(bulk: BulkWire, screen: Screen): string {
  return details(
    [
      [bulk.dry_run ? 'would be registered' : 'registered', thousands(bulk.registered)],
      ['known already', bulk.known === 0 ? undefined : thousands(bulk.known)],
      ['rejected', bulk.rejected === 0 ? undefined : thousands(bulk.rejected)],
      ['identities', bulk.dry_run || bulk.out === undefined ? undefined : bulk.out],
      ['rejects', bulk.rejected === 0 ? undefined : bulk.rejects],
    ],
    screen,
  );
}
