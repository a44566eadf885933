import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch } from '../../domain/batch.ts';
import type { BatchesRole } from '../../roles/batches/ports.ts';
import { Progress } from '../progress.ts';

/** Between two steps, so that another program that waits for the database on this machine gets its turn. */
const pauseMs = 10;

/**
 * Revokes a batch: first as a whole, then device by device until none is left, of those, too, that came in meanwhile.
 * Returns how many devices this was news for.
 */
export async function revokeBatch(
  batches: BatchesRole,
  name: string,
  { reason, silent, signal }: { readonly reason: string | undefined; readonly silent: boolean; readonly signal: AbortSignal },
): Promise<{ readonly batch: Batch; readonly changed: number }> {
  await batches.revoke(name, reason);
  let batch = await batches.find(name);
  using progress = new Progress({ unit: 'devices', total: batch.unreached, silent });
  let changed = 0;
  while (batch.unreached > 0) {
    let passed = 0;
    let next: string | undefined;
    do {
      signal.throwIfAborted();
      const step = await batches.revokeNext(name, next);
      passed += step.revoked;
      next = step.next;
      progress.add(step.revoked);
      await sleep(pauseMs);
    } while (next !== undefined);
    changed += passed;
    batch = await batches.find(name);
    if (passed === 0) break;
  }
  return { batch, changed };
}
