import { setTimeout as delay } from 'node:timers/promises';
import { tolerableMs } from '../../domain/clock.ts';
import { LatchkeyError, type ErrorCode } from '../../domain/errors.ts';
import type { ApRole, Serving, WantedAccessCode } from '../ap/ports.ts';
import type { AgentTime, Heard } from './agent-time.ts';
import type { AttemptLog } from './attempt-log.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Log } from './log.ts';
import type { RegistryCopy } from './registry-copy.ts';
import type { AgentStore, OnboardingStore } from './store.ts';

export interface ApIdentity {
  readonly apId: string;
  readonly name: string;
}

type OwedReport = ReturnType<OnboardingStore['owedReports']>[number];

interface Options {
  readonly ap: ApRole;
  readonly store: AgentStore;
  readonly commit: GroupCommit;
  readonly copy: RegistryCopy;
  readonly attempts: AttemptLog;
  readonly time: AgentTime;
  readonly serving: Serving;
  /** As remembered from the enrolment; asked for where it is not given. */
  readonly identity: ApIdentity | undefined;
  readonly log: Log;
  /** The registry answers again after it did not, or for the first time. */
  readonly onReachable: () => void;
  /** All passwords that cash registers want now. */
  readonly onWanted: (codes: readonly WantedAccessCode[]) => void;
}

/** How long the registry may hold back its answer until something changes. */
const pollMs = 25_000;
const answerMs = 10_000;
const firstBackoffMs = 200;
const longestBackoffMs = 15_000;
/** What is owed waits this long for company, and for longer while devices need the registry themselves. */
const deliveryDelayMs = 200;
const longestDeliveryDelayMs = 5000;
const busyCalls = 4;
const reportsAtOnce = 16;
const attemptBatch = 500;
const grantBatch = 500;
/** How long an agent that is told to stop goes on telling the registry. */
const lastWordsMs = 2000;
/** News that come thick and fast are fetched together; a single one is fetched at once. */
const longestPaceMs = 25;
/** A registry that answers at once although there is nothing to tell is not asked more often than this. */
const idlePaceMs = 50;

/** The registry's last word on a report that it does not take: there is nothing left to tell. */
const finalCodes: readonly ErrorCode[] = ['already_decided', 'request_not_found'];

/**
 * Keeps the agent's copy in step with the registry, hears its time, and tells it what it is owed: reports and
 * attempts. While it is away nothing is lost, and it is asked again and again.
 */
export class RegistryLink {
  readonly #options: Options;
  readonly #closing = new AbortController();
  #identity: ApIdentity | undefined;
  #announced = false;
  #reachable: boolean | undefined;
  #lastContactAt: Date | undefined;
  #aheadMs: number | undefined;
  #apart = false;
  #loop: Promise<void> | undefined;
  #endPause: (() => void) | undefined;
  #delivery: Promise<void> | undefined;
  #deliveryTimer: NodeJS.Timeout | undefined;
  /** Calls for devices and owners that are under way. */
  #calls = 0;

  constructor(options: Options) {
    this.#options = options;
    this.#identity = options.identity;
  }

  get identity(): ApIdentity | undefined {
    return this.#identity;
  }

  get reachable(): boolean {
    return this.#reachable === true;
  }

  get lastContactAt(): Date | undefined {
    return this.#lastContactAt;
  }

  /** How far the agent's clock was ahead of the registry's when that was last heard. */
  get aheadMs(): number | undefined {
    return this.#aheadMs;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** A registry that answers is told first what it is owed; any other hears of it after the next start. */
  async close(): Promise<void> {
    if (this.reachable) {
      await this.#options.commit.settled();
      await Promise.race([this.#deliverNow(), delay(lastWordsMs, undefined, { ref: false })]);
    }
    this.#closing.abort();
    this.#endPause?.();
    clearTimeout(this.#deliveryTimer);
    await this.#loop;
    await this.#delivery;
  }

  /** A call for a device or the owner; its outcome also says whether the registry is there. */
  async call<T>(work: (ap: ApRole) => Promise<T>): Promise<T> {
    this.#calls += 1;
    try {
      const result = await inTime(work(this.#options.ap));
      this.#contact();
      return result;
    } catch (error) {
      if (isAway(error)) {
        this.#lost(error);
      }
      throw error;
    } finally {
      this.#calls -= 1;
    }
  }

  /** Something is owed to the registry: it is told soon. */
  deliverSoon(waitedMs = 0): void {
    if (this.#closing.signal.aborted) {
      return;
    }
    this.#deliveryTimer ??= setTimeout(() => {
      this.#deliveryTimer = undefined;
      if (this.#calls > busyCalls && waitedMs < longestDeliveryDelayMs) {
        this.deliverSoon(waitedMs + deliveryDelayMs);
      } else {
        void this.#deliverNow();
      }
    }, deliveryDelayMs);
  }

  #deliverNow(): Promise<void> {
    this.#delivery = (this.#delivery ?? Promise.resolve()).then(() => this.#deliver());
    return this.#delivery;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    let backoffMs = firstBackoffMs;
    // The first answer after a silence comes at once: it brings the time.
    let waitMs = 0;
    while (!signal.aborted) {
      try {
        const news = await this.#step(waitMs, signal);
        waitMs = pollMs;
        backoffMs = firstBackoffMs;
        // A single thing is fetched at once; an answer without any came before its time.
        await this.#pause(news === 1 ? 0 : news === 0 ? idlePaceMs : Math.min(news, longestPaceMs));
      } catch (error) {
        waitMs = 0;
        if (signal.aborted) {
          return;
        }
        this.#lost(error);
        await this.#pause(backoffMs * (0.75 + Math.random() / 2));
        backoffMs = Math.min(longestBackoffMs, backoffMs * 2);
      }
    }
  }

  /** Returns how many things are new. */
  async #step(waitMs: number, signal: AbortSignal): Promise<number> {
    const { ap, store, copy, time, serving, log, onWanted } = this.#options;
    this.#identity ??= await ap.self();
    if (!this.#announced) {
      await ap.announce(serving);
      this.#announced = true;
    }
    const known = store.registry.revision();
    let changes = await ap.changes(known, waitMs, signal);
    const setBack = changes.revision < known;
    if (setBack) {
      log('warn', 'The registry is older than what this agent knows; taking over its state.', { known, revision: changes.revision });
      changes = await ap.changes(0, 0, signal);
    }
    this.#compare(time.heard(changes.now), changes.now);
    if (changes.revision !== known) {
      await copy.apply({ ...changes, now: time.now(), setBack });
    }
    this.#contact();
    onWanted(changes.accessCodes);
    return changes.requests.length + changes.grants.length;
  }

  #compare({ aheadMs, tookOver }: Heard, server: Date): void {
    const { time, log } = this.#options;
    const apart = Math.abs(aheadMs) > tolerableMs;
    const detail = { agent: time.now(), server };
    if (tookOver) {
      log('warn', 'The agent’s clock was set to the registry’s, which has long said another time.', detail);
    } else if (apart && !this.#apart) {
      log('warn', 'Agent and registry disagree about the time. If the registry’s clock is wrong, set it; the agent follows what it says for ten minutes.', detail);
    } else if (!apart && this.#apart) {
      log('info', 'Agent and registry agree about the time again.', detail);
    }
    this.#aheadMs = Math.round(aheadMs);
    this.#apart = apart;
  }

  #contact(): void {
    this.#lastContactAt = this.#options.time.now();
    if (this.#reachable === true) {
      return;
    }
    this.#reachable = true;
    this.#endPause?.();
    this.#options.log('info', 'The registry answers.');
    this.deliverSoon();
    this.#options.onReachable();
  }

  #lost(error: unknown): void {
    const { log } = this.#options;
    if (!(error instanceof LatchkeyError)) {
      log('error', 'Talking to the registry failed inside the agent.', { error });
    } else if (this.#reachable !== false) {
      const what = error.code === 'unauthorized' ? 'The registry does not take this agent’s token' : 'The registry does not answer';
      log('warn', `${what}; what is granted goes on being served.`, { code: error.code, detail: error.message });
    }
    this.#reachable = false;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#endPause = undefined;
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#endPause = end;
    });
  }

  /** Reports of several requests at once, those of one in their order; then grants and attempts in batches. */
  async #deliver(): Promise<void> {
    const { store, commit, attempts } = this.#options;
    try {
      await this.#reportAll(Map.groupBy(store.onboarding.owedReports(), ({ requestId }) => requestId));
      for (let untold = store.meters.untoldGrants(grantBatch); untold.length > 0; untold = store.meters.untoldGrants(grantBatch)) {
        const batch = untold;
        await this.call((ap) => ap.reportGrants(batch));
        await commit.write(() => store.meters.markGrantsTold(batch));
      }
      await attempts.flush();
      for (let unsent = store.attempts.unsentAttempts(attemptBatch); unsent.length > 0; unsent = store.attempts.unsentAttempts(attemptBatch)) {
        const batch = unsent;
        await this.call((ap) => ap.reportAttempts(batch));
        await commit.write(() => store.attempts.markSent(batch.map(({ id }) => id)));
      }
    } catch (error) {
      if (!isAway(error)) {
        this.#options.log('error', 'The registry could not be told what it is owed; trying again later.', { error });
      }
    }
  }

  async #reportAll(owed: ReadonlyMap<string, readonly OwedReport[]>): Promise<void> {
    const ofRequests = owed.values();
    const worker = async () => {
      for (const reports of ofRequests) {
        for (const report of reports) {
          if (this.#closing.signal.aborted) {
            return;
          }
          await this.#report(report);
        }
      }
    };
    await Promise.all(Array.from({ length: reportsAtOnce }, worker));
  }

  async #report({ requestId, status }: OwedReport): Promise<void> {
    const { store, commit, log } = this.#options;
    try {
      await this.call((ap) => ap.report(requestId, status));
    } catch (error) {
      if (!(error instanceof LatchkeyError) || !finalCodes.includes(error.code)) {
        throw error;
      }
      log('info', 'The registry has gone on without this report.', { requestId, status, code: error.code });
    }
    await commit.write(() => store.onboarding.settleReport(requestId, status));
  }
}

/** Devices and owners are not kept waiting by a registry that says nothing; what it still does is heard later. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new LatchkeyError('server_unavailable', 'The server does not answer in time.')), answerMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether the error says that the registry cannot answer now, rather than that it said no. */
export function isAway(error: unknown): boolean {
  return !(error instanceof LatchkeyError) || error.http >= 500 || error.http === 429 || error.http === 401;
}
