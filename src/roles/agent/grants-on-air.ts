import { LatchkeyError } from '../../domain/errors.ts';
import { isInForce, laterUsage, timeUpAt, type Grant, type GrantUsage } from '../../domain/grant.ts';
import type { Log } from './log.ts';
import { trafficLeft, type Due, type GrantsInForce, type TrafficLeft } from './grants-in-force.ts';
import type { GrantOnAir, PushedRadio, RadioStatus } from './radio.ts';
import { RadioTrouble } from './radio-trouble.ts';
import type { GrantEnd } from './registry-copy.ts';
import type { UsageMeter } from './usage-meter.ts';

interface Options {
  readonly radio: PushedRadio;
  readonly meter: UsageMeter;
  readonly now: () => Date | undefined;
  /** How long a spent grant whose policy is to restrict reaches the agent, in milliseconds. */
  readonly graceMs: number;
  /** The VLAN of a grant that names none itself. */
  readonly vlanOf: (grant: Grant) => number | undefined;
  /** The address by which a grant's subject was last seen. */
  readonly macOf: (grant: Grant) => string | undefined;
  readonly log: Log;
  /** Reads the radio's counters, which go with a station that is put off. Never rejects. */
  readonly count: () => Promise<void>;
  /** Grants that the radio now lets in and did not before. */
  readonly onNew: (grants: readonly Grant[]) => void;
  /** Grants that the radio has, and whose time waited for that. */
  readonly onWaiting: (grants: readonly Grant[]) => void;
}

/** What time and traffic have made of the grants; the same object as long as nothing has changed. */
interface Standing extends Omit<Due, 'isBehind'> {
  readonly wanted: readonly GrantOnAir[];
}

const none: ReadonlySet<string> = new Set();

/**
 * Keeps the radio in step with the active grants: they are what should be, the radio converges to it. One
 * convergence runs at a time, and all that changes meanwhile goes into the next.
 */
export class GrantsOnAir implements GrantsInForce {
  readonly #options: Options;
  readonly #active = new Map<string, Grant>();
  /** What the radio has. */
  #onAir: ReadonlyMap<string, GrantOnAir> = new Map();
  /** What of that it could only keep off the air. */
  #offAir = none;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  /** What the radio was last brought in step with. */
  #converged: readonly GrantOnAir[] | undefined;
  #considered: Standing | undefined;
  readonly #trouble: RadioTrouble;

  constructor(options: Options) {
    this.#options = options;
    this.#trouble = new RadioTrouble({ ...options, kind: options.radio.kind });
  }

  start(): Promise<void> {
    return this.converge();
  }

  take(grants: readonly Grant[]): void {
    this.reconsider();
    for (const grant of grants) {
      if (grant.state === 'active') {
        this.#active.set(grant.id, grant);
      } else {
        this.#active.delete(grant.id);
      }
    }
  }

  get activeCount(): number {
    return this.#active.size;
  }

  find(grantId: string): Grant | undefined {
    return this.#active.get(grantId);
  }

  /** The grant if the radio lets its subject in now. */
  onAir(grantId: string): Grant | undefined {
    const grant = this.#active.get(grantId);
    const now = this.#options.now();
    const isIn = this.#onAir.get(grantId)?.grant.subject.id === grant?.subject.id && !this.#offAir.has(grantId);
    return grant !== undefined && isIn && (now === undefined || isInForce(grant, now)) ? grant : undefined;
  }

  usage(grant: Grant): GrantUsage {
    return laterUsage(grant.usage, this.#options.meter.usage(grant.id));
  }

  isRestricted(grantId: string): boolean {
    return this.#onAir.get(grantId)?.restricted === true;
  }

  status(): RadioStatus {
    const { kind, enforcement } = this.#options.radio;
    return { kind, enforcement, ...this.#trouble.status };
  }

  due(): Due {
    const { wanted, over, nextAt } = this.#standing();
    return { over, nextAt, isBehind: this.#isBehind(wanted) };
  }

  /** Whether what is on the air is not what should be there. */
  #isBehind(wanted: readonly GrantOnAir[]): boolean {
    if (wanted === this.#converged) {
      return false;
    }
    return wanted.length !== this.#onAir.size || wanted.some((one) => !isSameOnAir(this.#onAir.get(one.grant.id), one));
  }

  /** Whether the traffic of one that is on the air is counted down. */
  hasQuota(grantId: string): boolean {
    return this.#onAir.has(grantId) && this.#active.get(grantId)?.quotaBytes !== undefined;
  }

  /** Something that the standing depends on has changed: a grant, what one with a quota has used, an address. */
  reconsider(): void {
    this.#considered = undefined;
  }

  #standing(): Standing {
    const now = this.#options.now();
    if (this.#considered === undefined || now === undefined || now.getTime() >= this.#considered.nextAt) {
      this.#considered = this.#consider(now);
    }
    return this.#considered;
  }

  #consider(now: Date | undefined): Standing {
    const wanted: GrantOnAir[] = [];
    const over: GrantEnd[] = [];
    let nextAt = Infinity;
    for (const grant of this.#active.values()) {
      const { startsAt, endsAt, vlan } = grant;
      const left = this.#trafficLeft(grant, now);
      if (now !== undefined && endsAt !== undefined && endsAt <= now) {
        over.push({ grant, reason: 'its time is over' });
      } else if (left === 'none') {
        over.push({ grant, reason: 'its traffic is used up' });
      } else if (now === undefined || startsAt <= now) {
        const upAt = timeUpAt(grant);
        const isUp = now !== undefined && upAt !== undefined && upAt <= now;
        wanted.push({ grant, restricted: left === 'restricted' || isUp, vlan: vlan ?? this.#options.vlanOf(grant), mac: this.#options.macOf(grant) });
        nextAt = Math.min(nextAt, (isUp ? endsAt : upAt)?.getTime() ?? Infinity, left === 'restricted' ? this.#graceEnd(grant) : Infinity);
      } else {
        nextAt = Math.min(nextAt, startsAt.getTime());
      }
    }
    return { wanted, over, nextAt };
  }

  #trafficLeft(grant: Grant, now: Date | undefined): TrafficLeft {
    if (grant.quotaBytes === undefined) {
      return 'some';
    }
    const { meter, graceMs } = this.#options;
    const { spentAt } = meter.usage(grant.id);
    const left = trafficLeft({ ...grant, usage: this.usage(grant), spentAt }, now, graceMs);
    if (left === 'some' && spentAt !== undefined) {
      meter.setSpent(grant.id, undefined);
    } else if (left === 'restricted' && spentAt === undefined && now !== undefined) {
      meter.setSpent(grant.id, now);
    }
    return left;
  }

  /** Until when a spent grant may still reach the agent; infinite while nobody knows since when it is spent. */
  #graceEnd({ id }: Grant): number {
    const { meter, graceMs } = this.#options;
    const { spentAt } = meter.usage(id);
    return spentAt === undefined ? Infinity : spentAt.getTime() + graceMs;
  }

  converge(): Promise<void> {
    this.#next ??= this.#running.then(async () => {
      // What else comes up in this turn of the event loop goes along.
      await new Promise(setImmediate);
      this.#next = undefined;
      return this.#converge();
    });
    this.#running = this.#next;
    return this.#running;
  }

  /** Whether somebody who is on the air is to be put off it, or to reach the agent alone. */
  #cuts(wanted: readonly GrantOnAir[]): boolean {
    const stay = new Map(wanted.map((one) => [one.grant.id, one]));
    return [...this.#onAir.values()].some((one) => !isSameOnAir(stay.get(one.grant.id), one));
  }

  async #converge(): Promise<void> {
    const { radio, count, onNew, onWaiting } = this.#options;
    if (this.#cuts(this.#standing().wanted)) {
      await count();
    }
    const { wanted } = this.#standing();
    let offAir = none;
    try {
      const shortfall = await radio.converge(wanted);
      if (shortfall === undefined) {
        this.#trouble.over();
      } else {
        const { detail, hint } = shortfall;
        this.#trouble.failed(new LatchkeyError('check_failed', detail, { hint }));
        offAir = shortfall.offAir ?? none;
      }
    } catch (error) {
      this.#trouble.failed(error);
      return;
    }
    const waiting = wanted.filter(({ grant }) => grant.waitingMs !== undefined && !offAir.has(grant.id));
    if (waiting.length > 0) {
      onWaiting(waiting.map(({ grant }) => grant));
    }
    if (wanted === this.#converged && offAir === this.#offAir) {
      return;
    }
    this.#converged = wanted;
    const before = { onAir: this.#onAir, offAir: this.#offAir };
    this.#onAir = new Map(wanted.map((one) => [one.grant.id, one]));
    this.#offAir = offAir;
    const isNew = ({ id, subject }: Grant) => !offAir.has(id) && (before.onAir.get(id)?.grant.subject.id !== subject.id || before.offAir.has(id));
    onNew(wanted.map(({ grant }) => grant).filter(isNew));
  }
}

function isSameOnAir(one: GrantOnAir | undefined, other: GrantOnAir): boolean {
  return one?.restricted === other.restricted && one.grant.subject.id === other.grant.subject.id;
}
