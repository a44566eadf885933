import { setImmediate } from 'node:timers/promises';
import { keepEventsMs } from '../domain/live-event.ts';
import { expireOverdue } from './ap/expiry.ts';
import { releaseOverdue } from './ledger/holds.ts';
import { keepNetworks } from './networks/upkeep.ts';
import { endSold } from './grants/permission.ts';
import { tendRequests } from './sharing/due.ts';
import type { ServiceContext } from './service-context.ts';
import type { Store } from './store.ts';

/** How often a process that runs long does it. */
export const housekeepingMs = 5_000;
const dayMs = 86_400_000;
export const keepRepliesMs = 30 * dayMs;
/** A cash register fetches it at once; what nobody fetched is asked for again. */
const keepAccessCodesMs = dayMs;
/** As long as a day's are counted. */
const keepVerificationsMs = 2 * dayMs;
const usualBounds = { attemptsOfAp: 100_000, attemptDays: 30 };
/** How much is forgotten in one transaction, some 10 ms of SQLite's: others get their turn in between. */
const stepSize = 250;
/** Counting an access point's attempts takes a walk along all of them. */
const countEveryMs = 10 * 60_000;

/** What time alone brings: requests expire, the audit log is chained, what is kept for a while is forgotten. */
export class Housekeeping {
  readonly #context: ServiceContext;
  readonly #bounds: typeof usualBounds;
  #countedAt = -Infinity;

  constructor(context: Omit<ServiceContext, 'actor'>, bounds = usualBounds) {
    this.#context = { ...context, actor: { kind: 'local' } };
    this.#bounds = bounds;
  }

  async keep(): Promise<void> {
    const { store, clock } = this.#context;
    await expireOverdue(this.#context);
    await inSteps((limit) => tendRequests(this.#context, limit));
    await releaseOverdue(this.#context);
    await endSold(this.#context);
    await keepNetworks(this.#context);
    await store.audit.seal();
    const now = clock.now();
    const ago = (ms: number) => new Date(now.getTime() - ms);
    await inSteps((limit) => store.replies.forget(ago(keepRepliesMs), limit));
    await inSteps((limit) => store.enrollCodes.forget(now, limit));
    await inSteps((limit) => store.accessCodes.forget(ago(keepAccessCodesMs), limit));
    await inSteps((limit) => store.verifications.forget(ago(keepVerificationsMs), limit));
    await inSteps((limit) => store.events.forget(ago(keepEventsMs), limit));
    await inSteps((limit) => store.attempts.forget(ago(this.#bounds.attemptDays * dayMs), limit));
    if (now.getTime() - this.#countedAt >= countEveryMs) {
      this.#countedAt = now.getTime();
      for await (const apId of accessPoints(store)) {
        await inSteps((limit) => store.attempts.forgetBeyond(apId, this.#bounds.attemptsOfAp, limit));
      }
    }
  }
}

/** Runs it soon and then every so often, one at a time, until stopped; a failed run is reported and the next one tries again. */
export function repeatedly(work: () => Promise<void>, everyMs: number, onError: (error: unknown) => void): { stop(): Promise<void> } {
  let running: Promise<void> = Promise.resolve();
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const runIn = (ms: number) => {
    timer = setTimeout(() => {
      running = work().catch(onError).then(() => {
        if (!stopped) runIn(everyMs);
      });
    }, ms);
    timer.unref();
  };
  runIn(0);
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

async function inSteps(step: (limit: number) => Promise<number>): Promise<void> {
  while ((await step(stepSize)) === stepSize) {
    await setImmediate();
  }
}

async function* accessPoints(store: Store): AsyncGenerator<string> {
  let after: string | undefined;
  do {
    const page = await store.accessPoints.list({ after, limit: 1000 });
    yield* page.items.map(({ id }) => id);
    after = page.next;
  } while (after !== undefined);
}
