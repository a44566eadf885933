import { extname, resolve } from 'node:path';
import { LatchkeyError } from '../../domain/errors.ts';
import { systemRandom } from '../local-registry.ts';
import { openBulkFactory, type Opening } from '../open-role.ts';
import type { RoleFlags } from '../destination.ts';
import { bulkToWire, type BulkWire } from '../present/bulk.ts';
import { Progress } from '../progress.ts';
import { keepMemorySmall } from '../small-memory.ts';
import type { IdentityFormat } from './identity-lines.ts';
import type { BulkRequest } from './run-files.ts';

export interface BulkFlags extends RoleFlags {
  readonly count?: number | undefined;
  readonly from?: string | undefined;
  readonly ssid?: string | undefined;
  readonly model?: string | undefined;
  readonly batch?: string | undefined;
  readonly 'allow-weak': boolean;
  readonly out?: string | undefined;
  readonly format?: IdentityFormat | undefined;
  readonly rejects?: string | undefined;
  readonly resume: boolean;
  readonly 'dry-run': boolean;
}

export interface BulkRegistering extends Opening {
  readonly signal: AbortSignal;
  readonly silent: boolean;
  readonly caution: (text: string) => Promise<void>;
}

/** Errors: `missing_input`, `invalid_input` for flags that do not go together, and those of `registerMany`. */
export async function registerBulk(flags: BulkFlags, registering: BulkRegistering): Promise<BulkWire> {
  const request = requestOf(flags);
  keepMemorySmall();
  const { registerMany, checkMany } = await import('./run.ts');
  const { factory, sealingKey } = await openBulkFactory(flags, registering);
  const total = 'count' in request.source ? request.source.count : undefined;
  using progress = new Progress({ unit: 'devices', total, silent: registering.silent });
  const tools = { factory, sealingKey, random: systemRandom, progress, signal: registering.signal, caution: registering.caution };
  const outcome = await (flags['dry-run'] ? checkMany(request, tools) : registerMany(request, tools));
  return bulkToWire(outcome, { out: flags.out, rejects: flags.rejects, dryRun: flags['dry-run'] });
}

function requestOf(flags: BulkFlags): BulkRequest {
  const { count, from, ssid, model, batch, out, rejects, resume } = flags;
  if (count !== undefined && ssid === undefined) {
    throw new LatchkeyError('missing_input', 'The ssid is missing: give --ssid SSID.');
  }
  if (count !== undefined && out === undefined) {
    throw new LatchkeyError('missing_input', 'Who keeps the pass_tmps that are made? Give --out FILE, or --out - for standard output.');
  }
  if (resume && (out === undefined || out === '-')) {
    throw new LatchkeyError('invalid_input', '--resume goes on with what --out FILE has: name a file.');
  }
  const taken = out === undefined || out === '-' ? [] : ['', '.run', '.run.lock'].map((ending) => resolve(out) + ending);
  if (rejects !== undefined && taken.includes(resolve(rejects))) {
    throw new LatchkeyError('invalid_input', '--rejects names the output or the journal beside it.');
  }
  return {
    source: count === undefined ? { from: from! } : { count },
    defaults: { ssid, model, batch },
    allowWeak: flags['allow-weak'],
    out,
    format: flags.format ?? (out !== undefined && extname(out) === '.csv' ? 'csv' : 'ndjson'),
    rejects,
    resume,
  };
}
