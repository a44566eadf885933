import type { Device } from './device.ts';

/** Why and since when no device of a batch verifies any more. */
export interface BatchRevocation {
  readonly at: Date;
  readonly reason: string | undefined;
}

/** Where the devices of one batch have come to. */
export interface Batch {
  readonly name: string;
  readonly devices: number;
  readonly reserved: number;
  readonly registered: number;
  readonly revoked: number;
  /** Of the registered ones: those whose identity was written and read back right. */
  readonly flashed: number;
  /** Of the registered ones: those whose pass_tmp is spent. */
  readonly used: number;
  /** When its first and its last device were made. */
  readonly firstAt: Date;
  readonly lastAt: Date;
  readonly revocation: BatchRevocation | undefined;
  /** Devices that its revocation has yet to reach: they do not verify, but their requests and grants are still open. */
  readonly unreached: number;
}

/** One try to flash a device, over. */
export interface FlashTry {
  readonly station: string;
  readonly operator: string;
  /** `ok`, or why not. */
  readonly result: string;
}

/** A device of a batch, and what the stations did with it, oldest first. */
export interface BatchDevice
  extends Pick<Device, 'uuid' | 'ssid' | 'model' | 'label' | 'mac' | 'state' | 'createdAt' | 'registeredAt' | 'flashedAt' | 'revokedAt'> {
  readonly used: boolean;
  readonly tries: readonly FlashTry[];
}

export interface Share {
  /** Undefined for the devices without one. */
  readonly name: string | undefined;
  readonly devices: number;
}

/** How well flashing went. A device counts at each station that tried it; its first try is that of one station. */
export interface Yield {
  readonly tries: number;
  readonly devices: number;
  readonly ok: number;
  /** Devices whose first try of all was here, and those of them with which it went well. */
  readonly first: number;
  readonly firstOk: number;
  /** The most frequent first. */
  readonly failures: readonly { readonly result: string; readonly tries: number }[];
}

export interface StationYield extends Yield {
  readonly station: string;
}

export interface Period {
  readonly first: Date;
  readonly last: Date;
}

/** How many devices were in which state from a moment on; `registered` are those that are not flashed. */
export interface BatchMoment {
  readonly at: Date;
  readonly reserved: number;
  readonly registered: number;
  readonly flashed: number;
  readonly revoked: number;
}

/** All that there is to say of a batch. */
export interface BatchDetails extends Omit<Batch, 'firstAt' | 'lastAt'> {
  /** The most frequent first, at most a hundred; `otherModels`: how many devices are of others. */
  readonly models: readonly Share[];
  readonly otherModels: number;
  readonly ssids: readonly Share[];
  readonly otherSsids: number;
  readonly created: Period;
  readonly registeredIn: Period | undefined;
  readonly flashedIn: Period | undefined;
  readonly revokedIn: Period | undefined;
  readonly yield: Yield;
  /** In the order of their names. */
  readonly stations: readonly StationYield[];
  /** Oldest first, at most a few hundred: what happened close together is one moment. */
  readonly timeline: readonly BatchMoment[];
}

const mostShares = 100;

/** Adds up the devices of a batch, one by one; what it keeps does not grow with their number. */
export class BatchTally {
  readonly #models = new Map<string | undefined, number>();
  readonly #ssids = new Map<string | undefined, number>();
  readonly #states = { reserved: 0, registered: 0, revoked: 0 };
  #flashed = 0;
  #used = 0;
  readonly #created = new PeriodTally();
  readonly #registeredIn = new PeriodTally();
  readonly #flashedIn = new PeriodTally();
  readonly #revokedIn = new PeriodTally();
  readonly #all = new YieldTally();
  readonly #stations = new Map<string, YieldTally>();
  readonly #timeline = new Timeline();

  add(device: BatchDevice): void {
    count(this.#models, device.model);
    count(this.#ssids, device.ssid);
    this.#states[device.state] += 1;
    if (device.state === 'registered') {
      this.#flashed += device.flashedAt === undefined ? 0 : 1;
      this.#used += device.used ? 1 : 0;
    }
    this.#created.add(device.createdAt);
    this.#registeredIn.add(device.registeredAt);
    this.#flashedIn.add(device.flashedAt);
    this.#revokedIn.add(device.revokedAt);
    this.#addTries(device.tries);
    this.#timeline.add(device);
  }

  #addTries(tries: readonly FlashTry[]): void {
    if (tries.length === 0) {
      return;
    }
    this.#all.add(tries, tries[0]);
    for (const station of new Set(tries.map((each) => each.station))) {
      const tally = this.#stations.get(station) ?? new YieldTally();
      this.#stations.set(station, tally);
      const here = tries.filter((each) => each.station === station);
      tally.add(here, tries[0] === here[0] ? tries[0] : undefined);
    }
  }

  /** Undefined without a single device. */
  details(batch: Pick<Batch, 'name' | 'revocation' | 'unreached'>): BatchDetails | undefined {
    const created = this.#created.period;
    if (created === undefined) {
      return undefined;
    }
    const [models, otherModels] = mostFrequent(this.#models);
    const [ssids, otherSsids] = mostFrequent(this.#ssids);
    const stations = [...this.#stations].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      ...batch,
      ...this.#states,
      devices: this.#states.reserved + this.#states.registered + this.#states.revoked,
      flashed: this.#flashed,
      used: this.#used,
      models,
      otherModels,
      ssids,
      otherSsids,
      created,
      registeredIn: this.#registeredIn.period,
      flashedIn: this.#flashedIn.period,
      revokedIn: this.#revokedIn.period,
      yield: this.#all.yield,
      stations: stations.map(([station, tally]) => ({ station, ...tally.yield })),
      timeline: this.#timeline.moments(),
    };
  }
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function mostFrequent(counts: ReadonlyMap<string | undefined, number>): [shares: Share[], others: number] {
  const sorted = [...counts].map(([name, devices]) => ({ name, devices })).sort((a, b) => b.devices - a.devices || ((a.name ?? '') < (b.name ?? '') ? -1 : 1));
  return [sorted.slice(0, mostShares), sorted.slice(mostShares).reduce((sum, { devices }) => sum + devices, 0)];
}

class PeriodTally {
  #first: Date | undefined;
  #last: Date | undefined;

  add(at: Date | undefined): void {
    if (at === undefined) return;
    if (this.#first === undefined || at < this.#first) this.#first = at;
    if (this.#last === undefined || at > this.#last) this.#last = at;
  }

  get period(): Period | undefined {
    return this.#first === undefined || this.#last === undefined ? undefined : { first: this.#first, last: this.#last };
  }
}

class YieldTally {
  #tries = 0;
  #devices = 0;
  #ok = 0;
  #first = 0;
  #firstOk = 0;
  readonly #failures = new Map<string, number>();

  /** One device's tries here; `first`: its first of all, if that was here. */
  add(tries: readonly FlashTry[], first: FlashTry | undefined): void {
    this.#tries += tries.length;
    this.#devices += 1;
    this.#ok += tries.some(isOk) ? 1 : 0;
    this.#first += first === undefined ? 0 : 1;
    this.#firstOk += first !== undefined && isOk(first) ? 1 : 0;
    for (const each of tries) {
      if (!isOk(each)) count(this.#failures, each.result);
    }
  }

  get yield(): Yield {
    const failures = [...this.#failures].map(([result, tries]) => ({ result, tries })).sort((a, b) => b.tries - a.tries || (a.result < b.result ? -1 : 1));
    return { tries: this.#tries, devices: this.#devices, ok: this.#ok, first: this.#first, firstOk: this.#firstOk, failures };
  }
}

function isOk({ result }: FlashTry): boolean {
  return result === 'ok';
}

const levels = ['reserved', 'registered', 'flashed', 'revoked'] as const;
type Changes = [reserved: number, registered: number, flashed: number, revoked: number];
const mostMoments = 240;

/** Who came into which state and left which other, by steps of time, which double as often as there are too many. */
class Timeline {
  #stepMs = 1000;
  #changes = new Map<number, Changes>();

  add({ createdAt, registeredAt, flashedAt, revokedAt }: Pick<BatchDevice, 'createdAt' | 'registeredAt' | 'flashedAt' | 'revokedAt'>): void {
    this.#change(createdAt, undefined, 0);
    // A later state holds from when it came, whenever the ones before it did: who flashes first registers afterwards.
    const times = [registeredAt, flashedAt, revokedAt];
    let from = 0;
    for (const [at, level] of times.map((time, index) => [time, index + 1] as const).sort(([a], [b]) => (a?.getTime() ?? 0) - (b?.getTime() ?? 0))) {
      if (at !== undefined && level > from) {
        this.#change(at, from, level);
        from = level;
      }
    }
  }

  #change(at: Date, from: number | undefined, to: number): void {
    const step = Math.floor(at.getTime() / this.#stepMs);
    let changes = this.#changes.get(step);
    if (changes === undefined) {
      changes = [0, 0, 0, 0];
      this.#changes.set(step, changes);
    }
    changes[to]! += 1;
    if (from !== undefined) changes[from]! -= 1;
    while (this.#changes.size > mostMoments) {
      this.#coarsen();
    }
  }

  #coarsen(): void {
    this.#stepMs *= 2;
    const finer = this.#changes;
    this.#changes = new Map();
    for (const [step, changes] of finer) {
      const wider = Math.floor(step / 2);
      const sum = this.#changes.get(wider) ?? [0, 0, 0, 0];
      this.#changes.set(wider, sum.map((each, index) => each + changes[index]!) as Changes);
    }
  }

  moments(): BatchMoment[] {
    const now: Record<(typeof levels)[number], number> = { reserved: 0, registered: 0, flashed: 0, revoked: 0 };
    return [...this.#changes].sort(([a], [b]) => a - b).map(([step, changes]) => {
      levels.forEach((level, index) => (now[level] += changes[index]!));
      return { at: new Date(step * this.#stepMs), ...now };
    });
  }
}
