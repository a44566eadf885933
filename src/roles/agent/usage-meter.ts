import { noUsage, type GrantUsage } from '../../domain/grant.ts';
import { mostTraffic } from '../../domain/traffic.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Log } from './log.ts';
import type { Station } from './radio.ts';
import type { AgentStore, MeteredUsage, MeterReading } from './store.ts';

interface Options {
  readonly store: AgentStore;
  readonly commit: GroupCommit;
  /** Seconds since the machine started: the same clock before and after a restart of the agent. */
  readonly uptime: () => number;
  readonly log: Log;
}

/** Counters are in whole seconds and read a moment later: two associations that begin further apart are two. */
const sameBeginS = 3;
const forgetAfterS = 86_400;

const unused: MeteredUsage = { ...noUsage, spentAt: undefined };

/**
 * Adds up what grants use from the radio's counters, which start anew with every association and know nothing of the
 * agent. What was read of each is kept with the sum, in one transaction: after a restart counting goes on from there,
 * and nothing is counted twice.
 */
export class UsageMeter {
  readonly #options: Options;
  readonly #usages: Map<string, MeteredUsage>;
  readonly #readings = new Map<string, MeterReading>();

  constructor(options: Options) {
    this.#options = options;
    this.#usages = options.store.meters.usages();
    for (const reading of options.store.meters.meterReadings()) {
      this.#readings.set(keyOf(reading), reading);
    }
  }

  usage(grantId: string): MeteredUsage {
    return this.#usages.get(grantId) ?? unused;
  }

  /** Takes what the radio's counters say of all stations now. */
  read(stations: readonly Station[]): void {
    const { store, commit, uptime, log } = this.#options;
    const now = uptime();
    const readings: MeterReading[] = [];
    const used = new Set<string>();
    const present = new Set<string>();
    for (const station of stations) {
      const { grantId } = station;
      if (grantId === undefined) {
        continue;
      }
      const reading: MeterReading = { ...counters(station), grantId, began: Math.round(now - station.seconds) };
      const before = this.#readings.get(keyOf(station));
      present.add(keyOf(station));
      if (before !== undefined && hasSameCounters(before, reading) && before.grantId === grantId) {
        continue;
      }
      const since = before !== undefined && isSameAssociation(before, reading) ? before : noUsage;
      // Where a session began is known best at first: rounding does not carry it away.
      const kept = since === before ? { ...reading, began: before.began } : reading;
      this.#usages.set(grantId, added(this.usage(grantId), reading, since));
      this.#readings.set(keyOf(station), kept);
      readings.push(kept);
      used.add(grantId);
    }
    // Not seen does not mean gone: a BSS may be out of reach for a while, its counters going on.
    const gone = [...this.#readings.values()].filter((reading) =>
      !present.has(keyOf(reading)) && reading.began + reading.seconds < now - forgetAfterS);
    gone.forEach((reading) => this.#readings.delete(keyOf(reading)));
    if (readings.length > 0 || gone.length > 0) {
      const usages = [...used].map((grantId) => [grantId, this.usage(grantId)] as const);
      void commit.writeLater(() => {
        readings.forEach((reading) => store.meters.saveMeterReading(reading));
        gone.forEach(({ bss, mac }) => store.meters.removeMeterReading(bss, mac));
        usages.forEach(([grantId, usage]) => store.meters.saveUsage(grantId, usage));
      }).catch((error: unknown) => log('error', 'What was used could not be kept; it is with the next count.', { error }));
    }
  }

  /** Since when the quota of a grant is spent; undefined: it is not, or no more. */
  setSpent(grantId: string, spentAt: Date | undefined): void {
    const usage = { ...this.usage(grantId), spentAt };
    this.#usages.set(grantId, usage);
    const { store, commit, log } = this.#options;
    void commit.write(() => store.meters.saveUsage(grantId, usage)).catch((error: unknown) => log('error', 'That a quota is spent could not be kept.', { grantId, error }));
  }
}

function keyOf({ bss, mac }: { readonly bss: string; readonly mac: string }): string {
  return `${bss} ${mac}`;
}

/** A counter beyond what is counted exactly is some driver's mistake, and must not keep others' from being kept. */
function counters({ bss, mac, bytesIn, bytesOut, seconds }: Station) {
  return { bss, mac, bytesIn: countable(bytesIn), bytesOut: countable(bytesOut), seconds };
}

function countable(bytes: bigint): bigint {
  return bytes > mostTraffic ? mostTraffic : bytes;
}

function hasSameCounters(one: GrantUsage, other: GrantUsage): boolean {
  return one.bytesIn === other.bytesIn && one.bytesOut === other.bytesOut && one.seconds === other.seconds;
}

/** A counter that goes back, or an association that began at another time, is a new one. */
function isSameAssociation(before: MeterReading, now: MeterReading): boolean {
  return (
    before.grantId === now.grantId &&
    Math.abs(before.began - now.began) <= sameBeginS &&
    before.bytesIn <= now.bytesIn &&
    before.bytesOut <= now.bytesOut &&
    before.seconds <= now.seconds
  );
}

function added(usage: MeteredUsage, reading: GrantUsage, since: GrantUsage): MeteredUsage {
  return {
    ...usage,
    bytesIn: countable(usage.bytesIn + reading.bytesIn - since.bytesIn),
    bytesOut: countable(usage.bytesOut + reading.bytesOut - since.bytesOut),
    seconds: usage.seconds + reading.seconds - since.seconds,
  };
}
