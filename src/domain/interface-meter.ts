import type { GrantUsage } from './grant.ts';

/** What an interface of this machine has counted since it is there, as its machine counts: received and sent. */
export interface InterfaceCounters {
  readonly received: bigint;
  readonly sent: bigint;
}

/** What a guest has counted of its use: as the access point does, in is from the guest. */
export interface InterfaceMeter extends GrantUsage {
  readonly interface: string;
  /** As they were when it was read last. */
  readonly counters: InterfaceCounters;
  readonly at: Date;
}

/** Counts from here. */
export function newMeter(name: string, counters: InterfaceCounters, at: Date): InterfaceMeter {
  return { interface: name, counters, at, bytesIn: 0n, bytesOut: 0n, seconds: 0 };
}

/**
 * What is counted with what came since. Counters that went back began anew meanwhile: all that they have is news.
 * `isConnected`: the time since counts, too.
 */
export function countOn(meter: InterfaceMeter, counters: InterfaceCounters, at: Date, isConnected: boolean): InterfaceMeter {
  const isAnew = counters.received < meter.counters.received || counters.sent < meter.counters.sent;
  const before = isAnew ? { received: 0n, sent: 0n } : meter.counters;
  const seconds = Math.max(0, Math.round((at.getTime() - meter.at.getTime()) / 1000));
  return {
    ...meter,
    counters,
    at,
    bytesIn: meter.bytesIn + counters.sent - before.sent,
    bytesOut: meter.bytesOut + counters.received - before.received,
    seconds: meter.seconds + (isConnected ? seconds : 0),
  };
}
