import type { Clock, Random } from '../domain/clock.ts';
import { expireOverdue } from '../roles/ap/expiry.ts';
import type { Store } from '../roles/store.ts';
import type { LastUses } from './authentication.ts';
import { keepRepliesMs } from './kept-replies.ts';

interface Housekeeping {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly lastUses: LastUses;
}

/** What time alone brings: requests expire, the audit log is chained, old replies are forgotten. */
export async function keepHouse({ store, clock, random, lastUses }: Housekeeping): Promise<void> {
  await expireOverdue({ store, clock, random, actor: { kind: 'local' } });
  await store.audit.seal();
  await store.replies.forget(new Date(clock.now().getTime() - keepRepliesMs));
  await lastUses.write();
}

/** Runs it every so often, one at a time, until stopped; a failed run is reported and the next one tries again. */
export function repeatedly(work: () => Promise<void>, everyMs: number, onError: (error: unknown) => void): { stop(): Promise<void> } {
  let running: Promise<void> = Promise.resolve();
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const next = () => {
    timer = setTimeout(() => {
      running = work().catch(onError).then(() => {
        if (!stopped) next();
      });
    }, everyMs);
    timer.unref();
  };
  next();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
