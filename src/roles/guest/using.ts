import { setTimeout as delay } from 'node:timers/promises';
import { LatchkeyError } from '../../domain/errors.ts';
import { countOn, newMeter, type InterfaceCounters, type InterfaceMeter } from '../../domain/interface-meter.ts';
import { isServerAway } from '../../domain/server-away.ts';
import { newEd25519 } from '../../protocol/ed25519.ts';
import { signReading } from '../../protocol/meter-reading.ts';
import type { EventsRole, LiveEvents } from '../events/ports.ts';
import type { SharingRole, Usage } from '../sharing/ports.ts';
import { awaited, patiently, type AwaitingContext } from './awaiting.ts';

/** What this terminal keeps of a use, so that it goes on after a restart. */
export interface KeptUse {
  readonly meter: InterfaceMeter | undefined;
  /** The event that it has seen last. */
  readonly lastEvent: number | undefined;
}

export interface UsingContext extends Omit<AwaitingContext, 'sharing'> {
  readonly sharing: SharingRole;
  readonly events: EventsRole;
  /** Undefined where nothing is counted here. */
  readonly meter: { readonly interface: string; readonly seed: Uint8Array; counters(): Promise<InterfaceCounters> } | undefined;
  readonly kept: { get(): Promise<KeptUse>; set(use: KeptUse): Promise<void> };
  /** How often it reads, in milliseconds. */
  readonly everyMs: number;
}

/** For longer than this nobody counted: the interface may have been on other networks meanwhile. */
const longestGapMs = 600_000;

/** What is told of a use as it goes on. */
export type UseNews =
  | { readonly kind: 'usage'; readonly usage: Usage }
  | { readonly kind: 'low'; readonly threshold: string; readonly remaining: string; readonly usage: Usage }
  | { readonly kind: 'increased'; readonly requestId: string; readonly quantity: string; readonly usage: Usage }
  | { readonly kind: 'over'; readonly usage: Usage }
  | { readonly kind: 'ended'; readonly usage: Usage };

/**
 * Follows the use of what an access request bought until all is settled: tells what both sides have counted and what is
 * left, warnings as they come, and sends this side's signed readings, also the last. While the server is away it counts on.
 * Errors: those of `SharingRole.usage`, the signal's reason.
 */
export async function* use(context: UsingContext, requestId: string): AsyncGenerator<UseNews, void> {
  const { sharing, events, kept, signal, everyMs } = context;
  let { meter, lastEvent } = await kept.get();
  let seen: LiveEvents = { events: [], last: lastEvent ?? (await patiently(context, () => events.events(undefined, 0, signal))).last, isGap: false };
  let told = '';
  for (let isFirst = true; ; isFirst = false) {
    meter = await readOn(context, meter, isFirst);
    const usage = await orAway(context, async () => {
      const found = await sharing.usage(requestId);
      await sendReading(context, found, meter);
      return found;
    });
    if (usage !== undefined) {
      yield* newsOf(seen, requestId, usage);
      ({ last: lastEvent } = seen);
      seen = { events: [], last: lastEvent, isGap: false };
    }
    await kept.set({ meter, lastEvent });
    if (usage !== undefined && usage.request.state !== 'active' && usage.request.state !== 'ready') {
      yield* ending(context, requestId, usage);
      return;
    }
    if (usage !== undefined && textOf(usage) !== told) {
      told = textOf(usage);
      yield { kind: 'usage', usage };
    }
    const next = await orAway(context, () => events.events(seen.last, everyMs, signal));
    if (next === undefined) {
      await delay(everyMs, undefined, { signal });
    } else {
      seen = { ...next, events: [...seen.events, ...next.events] };
    }
    signal.throwIfAborted();
  }
}

async function* ending(context: UsingContext, requestId: string, usage: Usage): AsyncGenerator<UseNews, void> {
  const { sharing } = context;
  if (usage.request.state === 'ending') {
    yield { kind: 'over', usage };
    await awaited(context, requestId, ({ state }) => state !== 'ending');
  }
  yield { kind: 'ended', usage: await patiently(context, () => sharing.usage(requestId)) };
}

async function readOn({ meter: counted, clock }: Pick<UsingContext, 'meter' | 'clock'>, meter: InterfaceMeter | undefined, isFirst: boolean): Promise<InterfaceMeter | undefined> {
  if (counted === undefined) {
    return meter;
  }
  const counters = await counted.counters();
  const at = clock.now();
  const isAnother = meter !== undefined && meter.interface !== counted.interface;
  const isLongAgo = meter !== undefined && isFirst && meter.seconds > 0 && at.getTime() - meter.at.getTime() > longestGapMs;
  // What was counted before stays counted.
  const before = meter !== undefined && (isAnother || isLongAgo) ? { ...meter, interface: counted.interface, counters, at } : meter;
  return before === undefined ? newMeter(counted.interface, counters, at) : countOn(before, counters, at, !isFirst);
}

/**
 * The last reading of this side, where nobody follows the use who sends it. Errors: those of `SharingRole.usage`, what keeps
 * the counters from being read.
 */
export async function readFinally(context: Pick<UsingContext, 'sharing' | 'kept' | 'meter' | 'clock'>, requestId: string): Promise<void> {
  const { sharing, kept } = context;
  const { meter, lastEvent } = await kept.get();
  if (meter === undefined) {
    return;
  }
  const last = await readOn(context, meter, true);
  await kept.set({ meter: last, lastEvent });
  await sendReading(context, await sharing.usage(requestId), last);
}

/** Signs what was counted and brings it. What comes too late does no harm: what was bought counts then. */
async function sendReading({ sharing, meter: counted, clock, onAway }: Pick<UsingContext, 'sharing' | 'meter' | 'clock' | 'onAway'>, { request, grant }: Usage, meter: InterfaceMeter | undefined): Promise<void> {
  if (counted === undefined || meter === undefined || (request.state !== 'active' && request.state !== 'ending')) {
    return;
  }
  const isFinal = request.state === 'ending';
  const { bytesIn, bytesOut, seconds } = meter;
  const reading = { grantId: grant.id, side: 'guest' as const, bytesIn, bytesOut, seconds, at: clock.now(), isFinal };
  try {
    await sharing.read(request.id, { bytesIn, bytesOut, seconds, at: reading.at, isFinal, signature: signReading(reading, newEd25519(counted.seed).privateKey) });
  } catch (error) {
    if (!(error instanceof LatchkeyError) || !(error.code === 'share_request_over' || (error.code === 'clock_wrong' && onAway !== undefined))) {
      throw error;
    }
    if (error.code === 'clock_wrong') onAway!(error);
  }
}

function* newsOf(seen: LiveEvents, requestId: string, usage: Usage): Generator<UseNews, void> {
  for (const { kind, detail } of seen.events) {
    const word = (name: string) => String(detail[name] ?? '');
    if (kind === 'quota.low' && detail['request_id'] === requestId) {
      yield { kind: 'low', threshold: word('threshold'), remaining: word('remaining'), usage };
    }
    if (kind === 'increase.granted' && detail['grant_id'] === usage.grant.id) {
      yield { kind: 'increased', requestId: word('request_id'), quantity: word('quantity'), usage };
    }
  }
}

/** Undefined while the server is away. */
async function orAway<T>({ onAway }: UsingContext, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!isServerAway(error)) {
      throw error;
    }
    onAway?.(error);
    return undefined;
  }
}

function textOf({ request, grant, guest, sharer, used }: Usage): string {
  const bytes = (of: { readonly bytesIn: bigint; readonly bytesOut: bigint } | undefined) => `${of?.bytesIn}/${of?.bytesOut}`;
  return [request.state, grant.quotaBytes, grant.endsAt?.getTime(), bytes(guest), bytes(sharer), bytes(used)].join();
}
