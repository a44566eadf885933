import { setTimeout as sleep } from 'node:timers/promises';
import type { Grant } from '../domain/grant.ts';
import type { OwnerRole } from '../roles/owner/ports.ts';

/** The grant as it is, and whenever it is found changed, until it is over. Errors: as `OwnerRole.grant`. */
export async function* watchGrant(owner: OwnerRole, id: string, intervalMs: number, signal: AbortSignal): AsyncGenerator<Grant> {
  let shown: Grant | undefined;
  for (;;) {
    const grant = await owner.grant(id);
    if (shown === undefined || hasChanged(shown, grant)) {
      yield grant;
      shown = grant;
    }
    if (grant.state !== 'active') {
      return;
    }
    await sleep(intervalMs, undefined, { signal });
  }
}

function hasChanged(before: Grant, now: Grant): boolean {
  return (
    before.revision !== now.revision ||
    before.usage.bytesIn !== now.usage.bytesIn ||
    before.usage.bytesOut !== now.usage.bytesOut ||
    before.usage.seconds !== now.usage.seconds
  );
}
