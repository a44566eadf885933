import type { Random } from '../../domain/clock.ts';
import type { Attempt } from '../../domain/audit.ts';
import { base64url } from '../../protocol/encoding.ts';
import { remember } from '../remember.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Log } from './log.ts';
import type { AgentStore } from './store.ts';

interface Options {
  readonly store: AgentStore;
  readonly commit: GroupCommit;
  readonly random: Random;
  readonly now: () => Date;
  readonly monotonic: () => number;
  readonly log: Log;
  readonly onAttempt: (attempt: Attempt) => void;
}

const groupMs = 500;
const groupSize = 1000;
/** What anybody can cause at no cost is recorded once per address and uuid in `quietMs`. */
const noisy: ReadonlySet<Attempt['outcome']> = new Set(['bad_request', 'too_many', 'plain_off', 'wrong_ssid', 'server_away']);
const quietMs = 10_000;
/** And of one address, whatever uuids it makes up, and of all, whatever addresses they take, so many in that time. */
const noisyOfAddress = 10;
const noisyOfAll = 200;
const rememberedNoise = 4096;

/** How many there were since a moment. */
interface Count {
  readonly since: number;
  count: number;
}

/**
 * Records every try of a device, written in groups within half a second: a crash can lose that much of the record,
 * and nothing else. A flood is thinned out rather than written to the disk.
 */
export class AttemptLog {
  readonly #options: Options;
  readonly #noise = new Map<string, number>();
  readonly #noiseOf = new Map<string, Count>();
  #noiseOfAll: Count | undefined;
  #waiting: Attempt[] = [];
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  record(attempt: Omit<Attempt, 'id' | 'at' | 'detail'> & { readonly detail?: string | undefined }): void {
    if (noisy.has(attempt.outcome) && this.#isNoise(attempt)) {
      return;
    }
    if (this.#waiting.length >= groupSize) {
      this.#dropped += 1;
      return;
    }
    const { random, now, onAttempt } = this.#options;
    const recorded = { id: base64url(random.bytes(16)), at: now(), ...attempt, detail: attempt.detail };
    this.#waiting.push(recorded);
    this.#timer ??= setTimeout(() => void this.flush(), groupMs);
    onAttempt(recorded);
  }

  /** Resolves when all that was recorded before is durable, or its loss is logged. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const group = this.#waiting;
    this.#waiting = [];
    const { store, commit, log } = this.#options;
    if (this.#dropped > 0) {
      log('warn', 'Too many attempts at once; some are not in the record.', { dropped: this.#dropped });
      this.#dropped = 0;
    }
    if (group.length > 0) {
      await commit
        .write(() => group.forEach((attempt) => store.attempts.addAttempt(attempt)))
        .catch((error: unknown) => log('error', 'Attempts could not be recorded.', { count: group.length, error }));
    }
  }

  #isNoise({ outcome, from, uuid }: Pick<Attempt, 'outcome' | 'from' | 'uuid'>): boolean {
    const at = this.#options.monotonic();
    const key = `${outcome} ${from} ${uuid ?? ''}`;
    const last = this.#noise.get(key);
    if (last !== undefined && at - last < quietMs) {
      return true;
    }
    const ofAddress = running(this.#noiseOf.get(from), at);
    const ofAll = running(this.#noiseOfAll, at);
    if (ofAddress.count >= noisyOfAddress || ofAll.count >= noisyOfAll) {
      this.#dropped += 1;
      return true;
    }
    ofAddress.count += 1;
    ofAll.count += 1;
    this.#noiseOfAll = ofAll;
    remember(this.#noiseOf, from, ofAddress, rememberedNoise);
    remember(this.#noise, key, at, rememberedNoise);
    return false;
  }
}

function running(count: Count | undefined, at: number): Count {
  return count !== undefined && at - count.since < quietMs ? count : { since: at, count: 0 };
}
