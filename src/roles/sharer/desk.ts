import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../domain/clock.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { LowThreshold } from '../../domain/low-threshold.ts';
import { isServerAway } from '../../domain/server-away.ts';
import type { ShareRequest, ShareRequestState } from '../../domain/share-request.ts';
import { jwkThumbprint, parsePublicJwk, sealAccessCode } from '../../protocol/access-code.ts';
import type { Log } from '../agent/log.ts';
import type { Prompt } from '../agent/ports.ts';
import type { EventsRole } from '../events/ports.ts';
import type { NetworksRole } from '../networks/ports.ts';
import type { SharedAccessPoint, SharingRole } from '../sharing/ports.ts';
import { Metering } from './metering.ts';
import type { MeterSigner, SealedCodes, SharerEvent } from './ports.ts';
import { Questions } from './questions.ts';

type Whom = 'server' | 'agent';

interface Options {
  readonly networkId: string;
  readonly sharing: SharingRole;
  readonly networks: Pick<NetworksRole, 'serve'>;
  readonly events: Pick<EventsRole, 'follow'>;
  readonly accessPoint: SharedAccessPoint;
  readonly sealed: SealedCodes;
  readonly signer: MeterSigner;
  /** Approves also what its offer says that is approved by hand. */
  readonly approveAll: boolean;
  readonly prompt: Prompt | undefined;
  readonly thresholds: readonly LowThreshold[];
  readonly clock: Clock;
  readonly onEvent: (event: SharerEvent) => void;
  readonly log: Log;
  readonly times?: Partial<Times> | undefined;
}

/** In milliseconds. */
interface Times {
  /** How often the meters are read. */
  readonly meter: number;
  /** How often all requests are looked at, whatever events say. */
  readonly look: number;
  /** How often those are that somebody else may decide, of which no event tells. */
  readonly held: number;
  /** After what failed because somebody is away. */
  readonly again: number;
  /** How long the access point is waited for before the last reading is that. */
  readonly cut: number;
}

const usualTimes: Times = { meter: 5_000, look: 60_000, held: 2_000, again: 2_000, cut: 10_000 };
const [firstPollMs, longestPollMs] = [1, 500];

/** What the desk has to do something about. */
const lookedAt: readonly ShareRequestState[] = ['held', 'approved', 'ready', 'active', 'ending'];
const tended: readonly ShareRequestState[] = ['held', 'approved', 'ending'];
const pageSize = 200;

/**
 * A sharer's side of its network (protocol.md section 7): answers requests, brings access codes once the access point lets
 * their guests in, reads the meters, warns, and closes accounts. How things are is asked of the registry; what the desk has in
 * memory saves it asking twice. So it may be killed at any step, and goes on from there.
 */
export class SharerDesk {
  readonly #options: Options;
  readonly #times: Times;
  readonly #metering: Metering;
  readonly #questions: Questions | undefined;
  /** The state in which each request was seen last. */
  readonly #known = new Map<string, ShareRequestState>();
  /** Requests that are worked on; true: and are to be looked at once more. */
  readonly #working = new Map<string, boolean>();
  readonly #undecided = new Set<string>();
  readonly #away = new Set<Whom>();
  readonly #work = new Set<Promise<void>>();
  #signal = new AbortController().signal;
  #meterTrouble: string | undefined;

  constructor(options: Options) {
    const { prompt, clock, log } = options;
    this.#options = options;
    this.#times = { ...usualTimes, ...options.times };
    this.#metering = new Metering({ ...options, onOver: (id) => this.#tend(id) });
    this.#questions = prompt && new Questions({ prompt, now: () => clock.now(), log, onAnswer: ({ id }, isYes) => this.#answer(id, isYes) });
  }

  /**
   * Takes over the network, then serves it until the signal aborts. `onServing`: it has begun. Errors: those that do not pass,
   * such as `network_not_found`, `unauthorized`.
   */
  async run(signal: AbortSignal, onServing: () => void = () => {}): Promise<void> {
    // What fails for good ends all of it.
    const end = new AbortController();
    this.#signal = AbortSignal.any([signal, end.signal]);
    try {
      await this.#takeOver();
      if (!signal.aborted) {
        onServing();
        await Promise.all([
          this.#listen(),
          this.#every(this.#times.look, () => this.#look()),
          this.#every(this.#times.held, async () => this.#lookAtHeld()),
          this.#every(this.#times.meter, () => this.#meter()),
        ]);
      }
    } catch (error) {
      if (!signal.aborted) {
        throw error;
      }
    } finally {
      end.abort();
      await this.#questions?.close();
      await Promise.all(this.#work);
    }
  }

  /** Agent and sharer both say that the agent serves the network; neither can do it alone. */
  async #takeOver(): Promise<void> {
    const { networkId, networks, accessPoint, signer } = this.#options;
    await this.#untilReached(async () => {
      await accessPoint.claim({ id: networkId });
      await networks.serve(networkId, { meterKey: signer.publicKey, apId: accessPoint.apId });
    });
  }

  async #listen(): Promise<void> {
    let isFirst = true;
    for await (const { events, isGap } of this.#options.events.follow(undefined, this.#signal)) {
      if (isFirst || isGap) {
        await this.#look();
      }
      isFirst = false;
      for (const { kind, detail: { request_id: requestId } } of events) {
        if (typeof requestId === 'string' && (kind === 'payment.held' || this.#isConcerned(requestId))) {
          this.#tend(requestId);
        }
      }
    }
  }

  /** What nobody has paid yet is none of the desk's: asking for it costs nothing, and would keep it from those who have. */
  #isConcerned(id: string): boolean {
    return this.#known.has(id) || this.#working.has(id);
  }

  /** At once, and then again and again. */
  async #every(ms: number, work: () => Promise<void>): Promise<void> {
    while (!this.#signal.aborted) {
      await work();
      await this.#pause(ms);
    }
  }

  /** All requests of the network, as the registry has them now. Errors: those that do not pass. */
  async #look(): Promise<void> {
    const { sharing, networkId } = this.#options;
    const open = new Set<string>();
    try {
      let after: string | undefined;
      do {
        const page = await sharing.requests({ side: 'sharer', networkId, states: lookedAt }, { limit: pageSize, after });
        for (const { id, state } of page.items) {
          open.add(id);
          if (tended.includes(state) || this.#known.get(id) !== state) this.#tend(id);
        }
        after = page.next;
      } while (after !== undefined && !this.#signal.aborted);
      this.#reach('server', undefined);
    } catch (error) {
      if (!this.#isAway(error)) {
        throw error;
      }
      return;
    }
    [...this.#known.keys()].filter((id) => !open.has(id)).forEach((id) => this.#tend(id));
  }

  #lookAtHeld(): void {
    [...this.#known].filter(([, state]) => state === 'held').forEach(([id]) => this.#tend(id));
  }

  async #meter(): Promise<void> {
    try {
      await this.#metering.readAll();
      this.#reach('agent', undefined);
      this.#meterTrouble = undefined;
    } catch (error) {
      const trouble = this.#isAway(error) ? undefined : String(error);
      if (trouble !== undefined && trouble !== this.#meterTrouble) {
        this.#options.log('error', 'What was used could not be told; trying again.', { error });
      }
      this.#meterTrouble = trouble;
    }
  }

  /** Does what a request needs; what comes up meanwhile is done after that. */
  #tend(id: string): void {
    if (this.#working.has(id)) {
      this.#working.set(id, true);
      return;
    }
    const work = this.#workOn(id).finally(() => this.#work.delete(work));
    this.#work.add(work);
  }

  async #workOn(id: string): Promise<void> {
    do {
      this.#working.set(id, false);
      try {
        const request = await this.#options.sharing.show(id);
        this.#reach('server', undefined);
        if (request.networkId === this.#options.networkId) {
          await this.#goOn(request);
        }
      } catch (error) {
        if (this.#isAway(error)) {
          this.#working.set(id, true);
          await this.#pause(this.#times.again);
        } else {
          // A guest that gives up meanwhile is nothing to worry about, and an event tells of it.
          const isOver = error instanceof LatchkeyError && error.code === 'share_request_over';
          this.#options.log(isOver ? 'debug' : 'warn', 'A request could not be gone on with.', { requestId: id, error });
        }
      }
    } while (this.#working.get(id) === true && !this.#signal.aborted);
    this.#working.delete(id);
  }

  async #goOn(request: ShareRequest): Promise<void> {
    this.#note(request);
    switch (request.state) {
      case 'held':
        return this.#decide(request);
      case 'approved':
        return this.#deliver(request);
      case 'ready':
      case 'active':
        return request.kind === 'access' ? this.#metering.take(request) : this.#metering.increased(request.accessId);
      case 'ending':
        return this.#close(request);
      default:
        return undefined;
    }
  }

  #note(request: ShareRequest): void {
    const { id, state } = request;
    const before = this.#known.get(id);
    if (before === state) {
      return;
    }
    if (state !== 'held') {
      this.#questions?.withdraw(id);
      this.#undecided.delete(id);
    }
    if (state !== 'ready' && state !== 'active') {
      this.#metering.drop(id);
    }
    if (lookedAt.includes(state)) {
      this.#known.set(id, state);
    } else {
      this.#known.delete(id);
    }
    this.#options.onEvent({ kind: 'request', request, before });
  }

  /** Whoever was let in may have more without anybody being asked. */
  async #decide(request: ShareRequest): Promise<void> {
    const { sharing, approveAll, onEvent } = this.#options;
    if (request.kind === 'increase' || request.approval === 'automatic' || approveAll) {
      return this.#goOn(await sharing.approve(request.id));
    }
    if (this.#questions !== undefined) {
      this.#questions.ask(request);
    } else if (!this.#undecided.has(request.id)) {
      this.#undecided.add(request.id);
      onEvent({ kind: 'undecided', request });
    }
  }

  async #answer(id: string, isYes: boolean): Promise<void> {
    const { sharing } = this.#options;
    await this.#untilReached(() => (isYes ? sharing.approve(id) : sharing.refuse(id)));
    this.#tend(id);
  }

  /** Once the access point lets the guest in, it gets the code for that. */
  async #deliver(request: ShareRequest): Promise<void> {
    const { sharing, accessPoint, sealed, onEvent } = this.#options;
    const { id, grantId, jwk, dueAt } = request;
    const code = await this.#polled(id, () => accessPoint.credential(grantId!), (found) => found !== undefined, dueAt);
    if (code === undefined) {
      return;
    }
    const key = parsePublicJwk(jwk ?? '');
    const named = await jwkThumbprint(key);
    sealed.keep(id, { grantId: grantId!, thumbprint: named });
    const sealedTo = sealed.find(id)!.thumbprint;
    if (sealedTo !== named) {
      onEvent({ kind: 'key_changed', request, sealedTo, named });
      this.#note(await sharing.refuse(id, 'the server named two keys'));
      return;
    }
    await this.#goOn(await sharing.respond(id, await sealAccessCode(code, key, id)));
  }

  /** The last reading, once the access point lets nobody in by the grant any more. */
  async #close({ id, kind, grantId }: ShareRequest): Promise<void> {
    const { sharing, accessPoint, clock } = this.#options;
    if (kind === 'increase' || accessPoint.apId === undefined) {
      return;
    }
    const until = new Date(clock.now().getTime() + this.#times.cut);
    await this.#polled(id, () => accessPoint.credential(grantId!), (found) => found === undefined, until);
    await this.#metering.readLast(id, grantId!);
    this.#note(await sharing.show(id));
  }

  /** Asks again and again; the last answer once it is good, or its time is over, or something has come up about the request. */
  async #polled<T>(id: string, ask: () => Promise<T>, isGood: (answer: T) => boolean, until: Date | undefined): Promise<T> {
    for (let waitMs = firstPollMs; ; waitMs = Math.min(longestPollMs, waitMs * 2)) {
      const answer = await ask();
      const isOver = until !== undefined && until <= this.#options.clock.now();
      if (isGood(answer) || isOver || this.#working.get(id) === true || this.#signal.aborted) {
        return answer;
      }
      await this.#pause(waitMs);
    }
  }

  async #untilReached(work: () => Promise<unknown>): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        await work();
        return;
      } catch (error) {
        if (!this.#isAway(error)) {
          throw error;
        }
        await this.#pause(this.#times.again);
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#signal }).catch(() => {});
  }

  /** Whether it is that somebody does not answer, which is told once. */
  #isAway(error: unknown): boolean {
    if (error instanceof LatchkeyError && error.code === 'agent_unreachable') {
      this.#reach('agent', error);
      return true;
    }
    if (isServerAway(error)) {
      this.#reach('server', error);
      return true;
    }
    return false;
  }

  #reach(whom: Whom, error: LatchkeyError | undefined): void {
    if (this.#away.has(whom) !== (error !== undefined)) {
      this.#away[error === undefined ? 'delete' : 'add'](whom);
      this.#options.onEvent({ kind: 'reach', whom, error });
    }
  }
}
