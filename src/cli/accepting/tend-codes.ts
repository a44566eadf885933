import { setTimeout as delay } from 'node:timers/promises';
import { LatchkeyError } from '../../domain/errors.ts';
import { isServerAway } from '../../domain/server-away.ts';
import type { Log } from '../../roles/agent/log.ts';
import type { CodesRole } from '../../roles/codes/ports.ts';
import { sumOf, type Settled } from '../../roles/codes/settle-accepted.ts';
import type { CounterGuard } from '../cards/register-guard.ts';
import { clockTrouble } from '../clock-trouble.ts';
import type { Counter } from '../counter/open-counter.ts';
import type { RoleFlags } from '../destination.ts';
import { toLatchkeyError } from '../failure.ts';
import { systemClock } from '../local-registry.ts';
import type { Opening } from '../open-role.ts';
import type { CounterEventWire } from '../present/counter-events.ts';
import { troubleOf } from '../present/message.ts';
import { openAcceptancesOf, waitingIn, type Acceptances } from './open-acceptances.ts';
import { isUrgent, settleWaiting } from './settle-codes.ts';
import { fetchTrust, readyToAccept } from './sync-trust.ts';

/** Codes that were accepted wait no longer than this for a server that is there. */
const lookMs = 5_000;
const trustMs = 10 * 60_000;
/** What failed otherwise than by the server's being away is not tried as soon. */
const failureMs = 60_000;
const tellAgainMs = 6 * 3_600_000;
const endingMs = 2_000;

interface Tending extends Pick<Opening, 'closing'> {
  /** By which the server hears what the security check terminated while it could not be asked. */
  readonly guard: Pick<CounterGuard, 'tell'>;
  readonly emit: (event: CounterEventWire) => void;
  readonly log: Log;
}

/** Keeps a register's trust list new and settles what it has accepted; the function that it returns ends that. */
export function tendCodes(counter: Counter, codes: Pick<CodesRole, 'trust' | 'settle'>, flags: RoleFlags, tending: Tending): () => Promise<void> {
  const stop = new AbortController();
  const running = new CodeTender(counter, codes, flags, tending).run(stop.signal)
    .catch((error: unknown) => {
      tending.log('error', 'Credit payment codes are not looked after any more.', { error });
      tending.emit({ event: 'codes_failed', ...troubleOf(toLatchkeyError(error)) });
    });
  return async () => {
    stop.abort();
    await Promise.race([running, delay(endingMs, undefined, { ref: false })]);
  };
}

class CodeTender {
  readonly #counter: Counter;
  readonly #codes: Pick<CodesRole, 'trust' | 'settle'>;
  readonly #flags: RoleFlags;
  readonly #tending: Tending;
  #acceptances: Acceptances | undefined;
  #trustDue = 0;
  #tellDue = 0;
  /** What was told of failures and of the clock, so that it is told once. */
  #failure: string | undefined;
  #clockWasWrong = false;

  constructor(counter: Counter, codes: Pick<CodesRole, 'trust' | 'settle'>, flags: RoleFlags, tending: Tending) {
    this.#counter = counter;
    this.#codes = codes;
    this.#flags = flags;
    this.#tending = tending;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let pauseMs = lookMs;
      try {
        await this.#look();
        this.#failure = undefined;
      } catch (error) {
        if (!(error instanceof LatchkeyError)) {
          throw error;
        }
        pauseMs = isServerAway(error) ? lookMs : failureMs;
        this.#tellFailure(error);
      }
      this.#tellWhatIsUrgent();
      await delay(pauseMs, undefined, { signal }).catch(() => {});
    }
  }

  async #look(): Promise<void> {
    if (performance.now() >= this.#trustDue) {
      await this.#renewTrust();
      this.#trustDue = performance.now() + trustMs;
    }
    if (waitingIn(this.#acceptances!).count > 0) {
      const { counts } = await this.#settle(this.#acceptances!);
      if (sumOf(counts) > 0) {
        this.#tending.emit({ event: 'codes_settled', counts });
      }
    }
  }

  /** A server whose database was restored may have forgotten the key of receipts. */
  async #settle(acceptances: Acceptances): Promise<Settled> {
    try {
      return await settleWaiting(acceptances, this.#codes);
    } catch (error) {
      if (!(error instanceof LatchkeyError) || error.code !== 'receipt_key_missing') {
        throw error;
      }
      await readyToAccept({ ...this.#counter, register: await this.#counter.pos.self() }, this.#flags);
      return settleWaiting(acceptances, this.#codes);
    }
  }

  async #renewTrust(): Promise<void> {
    this.#acceptances ??= await openAcceptancesOf(await readyToAccept(this.#counter, this.#flags), { ...this.#tending, caution: async (message) => this.#tending.emit({ event: 'codes_failed', message }) });
    const clockAheadMs = await fetchTrust(this.#acceptances, this.#codes);
    await this.#tending.guard.tell();
    const message = clockTrouble(clockAheadMs, 'pos');
    if (message !== undefined && !this.#clockWasWrong) {
      this.#tending.emit({ event: 'clock_wrong', clock_ahead_ms: clockAheadMs, message });
    }
    this.#clockWasWrong = message !== undefined;
  }

  /** That the server is away is told already. */
  #tellFailure(error: LatchkeyError): void {
    const { code } = error;
    if (!isServerAway(error) && code !== this.#failure) {
      this.#tending.emit({ event: 'codes_failed', ...troubleOf(error) });
    }
    this.#failure = code;
  }

  #tellWhatIsUrgent(): void {
    const waiting = this.#acceptances && waitingIn(this.#acceptances);
    if (waiting?.settleBy !== undefined && isUrgent(waiting, systemClock.now()) && performance.now() >= this.#tellDue) {
      this.#tellDue = performance.now() + tellAgainMs;
      this.#tending.emit({ event: 'codes_waiting', waiting: waiting.count, settle_by: waiting.settleBy.toISOString() });
    }
  }
}
