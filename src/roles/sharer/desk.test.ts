import { Buffer } from 'node:buffer';
import { randomBytes, sign, verify } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LatchkeyError } from '../../domain/errors.ts';
import { newGrant, noUsage, type Grant, type GrantUsage } from '../../domain/grant.ts';
import type { LiveEvent } from '../../domain/live-event.ts';
import { parseLeftThreshold, parseUsedThresholds } from '../../domain/low-threshold.ts';
import type { MeterReading } from '../../domain/meter.ts';
import type { ShareRequest } from '../../domain/share-request.ts';
import { parseTariff } from '../../domain/tariff-json.ts';
import { jwkThumbprint, newAccessKey, openAccessCode, publicJwkOf } from '../../protocol/access-code.ts';
import { ed25519Public, newEd25519 } from '../../protocol/ed25519.ts';
import type { Prompt } from '../agent/ports.ts';
import { aborted } from '../aborted.ts';
import type { EventsRole, LiveEvents } from '../events/ports.ts';
import type { NetworksRole } from '../networks/ports.ts';
import type { SharedAccessPoint, SharingRole } from '../sharing/ports.ts';
import { SharerDesk } from './desk.ts';
import type { SealedCode, SharerEvent } from './ports.ts';

const networkId = 'net_home';
const code = { ssid: 'Home', password: 'only-for-this-guest', security: 'wpa2-psk' as const };
const guestKey = newAccessKey();
const meterKey = newEd25519(randomBytes(32));

/** The end of a desk as if its process were killed. */
class Killed extends Error {}

/** A registry and an access point with one guest's request, as far as a sharer sees them. Each call may fail, before or after it has done its work. */
class StandIn {
  requests = new Map<string, ShareRequest>();
  sealed: string[] = [];
  readings: MeterReading[] = [];
  warnings: string[] = [];
  served: unknown[] = [];
  grant: Grant | undefined;
  used: GrantUsage = noUsage;
  /** Whether the access point lets the guest in. */
  isIn = false;
  /** Whether it does so by itself as soon as there is a grant. */
  isPrompt = true;
  /** Called before and after the work of each call. */
  fault: (call: string, when: 'before' | 'after') => void = () => {};
  #numbers = 0;
  #following = new Set<(events: LiveEvents) => void>();

  /** What a guest has paid for. */
  add(request: Partial<ShareRequest> = {}): string {
    const id = request.id ?? 'shr_1';
    this.requests.set(id, {
      id, kind: 'access', accessId: id, offerId: 'off_1', networkId, apId: 'ap_1', guest: { accountId: 'acc_guest', terminalId: 'tok_guest' },
      sharer: { accountId: 'acc_sharer', terminalId: 'tok_sharer' }, jwk: JSON.stringify(publicJwkOf(guestKey)), meterKey: new Uint8Array(32),
      tariff: parseTariff({ kind: 'steps', step: '1.00EUR=500MB', minimum: '1.00EUR' }), approval: 'automatic', answerMs: 120_000,
      quantity: { metric: 'traffic', size: 500_000_000n }, bought: { metric: 'traffic', size: 500_000_000n }, fee: { minor: 100n, currency: 'EUR' }, state: 'held',
      paymentId: 'pay_1', grantId: undefined, createdAt: new Date(), dueAt: new Date(Date.now() + 120_000), paidAt: undefined, endedAt: undefined, reason: undefined, returned: 0n, owed: 0n,
      ...request,
    });
    this.tell(id);
    return id;
  }

  set(id: string, change: Partial<ShareRequest>): ShareRequest {
    const changed = { ...this.requests.get(id)!, ...change };
    this.requests.set(id, changed);
    this.tell(id);
    return changed;
  }

  tell(id: string, isGap = false, kind: LiveEvent['kind'] = 'payment.held'): void {
    this.#numbers += 1;
    const event: LiveEvent = { number: this.#numbers, kind, at: new Date(), detail: { request_id: id } };
    this.#following.forEach((hear) => hear({ events: isGap ? [] : [event], last: this.#numbers, isGap }));
  }

  /** The grant is over. */
  end(id: string): void {
    this.isIn = false;
    this.set(id, { state: 'ending', dueAt: new Date(Date.now() + 120_000) });
  }

  state(id = 'shr_1'): string {
    return this.requests.get(id)!.state;
  }

  #call<Args extends readonly unknown[], T>(name: string, work: (...args: Args) => T): (...args: Args) => Promise<T> {
    return async (...args) => {
      this.fault(name, 'before');
      const result = work(...args);
      this.fault(name, 'after');
      return result;
    };
  }

  #open(id: string, ...states: string[]): ShareRequest {
    const request = this.requests.get(id);
    if (request === undefined || !states.includes(request.state)) throw new LatchkeyError('share_request_over');
    return request;
  }

  sharing = {
    requests: this.#call('requests', ({ states }: { states?: readonly string[] }) => ({ items: [...this.requests.values()].filter(({ state }) => states?.includes(state)), next: undefined })),
    show: this.#call('show', (id: string) => this.requests.get(id)!),
    approve: this.#call('approve', (id: string) => {
      const request = this.#open(id, 'held', 'approved', 'active');
      if (request.state !== 'held') return request;
      if (request.kind === 'increase') {
        this.grant = { ...this.grant!, quotaBytes: this.grant!.quotaBytes! + 500_000_000n };
        return this.set(id, { state: 'active' });
      }
      this.grant = newGrant({
        id: 'grt_1', subject: { kind: 'terminal', id: 'tok_guest' }, network: { apId: 'ap_1', ssid: 'Home' }, source: 'share', startsAt: new Date(), quotaBytes: 500_000_000n, policy: 'restrict', revision: 1,
      });
      this.isIn = this.isPrompt;
      return this.set(id, { state: 'approved', grantId: 'grt_1' });
    }),
    refuse: this.#call('refuse', (id: string, reason?: string) => {
      this.#open(id, 'held', 'approved', 'ready');
      return this.set(id, { state: 'refused', reason });
    }),
    respond: this.#call('respond', (id: string, sealed: string) => {
      this.#open(id, 'approved');
      this.sealed.push(sealed);
      return this.set(id, { state: 'ready' });
    }),
    read: this.#call('read', (id: string, reading: Omit<MeterReading, 'side' | 'grantId'>) => {
      const { state } = this.#open(id, 'ready', 'active', 'ending');
      this.readings.push({ ...reading, side: 'sharer', grantId: 'grt_1' });
      if (state === 'ending' && reading.isFinal) this.set(id, { state: 'ended' });
    }),
    warn: this.#call('warn', (id: string, { threshold }: { threshold: string }) => {
      this.#open(id, 'active');
      this.warnings.push(threshold);
    }),
    usage: this.#call('usage', (id: string) => ({ request: this.requests.get(id)!, grant: this.grant!, guest: undefined, sharer: undefined, used: noUsage })),
  } as unknown as SharingRole;

  networks = { serve: this.#call('serve', (id: string, serving: object) => void this.served.push([id, serving])) } as unknown as NetworksRole;

  accessPoint: SharedAccessPoint = {
    apId: 'ap_1',
    claim: this.#call('claim', () => {}),
    credential: this.#call('credential', () => (this.isIn ? code : undefined)),
    usage: this.#call('count', () => this.used),
  };

  events: Pick<EventsRole, 'follow'> = {
    follow: (after, signal) => this.#follow(after, signal),
  };

  async *#follow(_after: number | undefined, signal: AbortSignal): AsyncGenerator<LiveEvents> {
    const heard: LiveEvents[] = [{ events: [], last: this.#numbers, isGap: false }];
    let wake = () => {};
    const hear = (events: LiveEvents) => {
      heard.push(events);
      wake();
    };
    this.#following.add(hear);
    try {
      while (!signal.aborted) {
        yield* heard.splice(0);
        await Promise.race([aborted(signal), new Promise<void>((resolve) => (heard.length > 0 ? resolve() : (wake = resolve)))]);
      }
    } finally {
      this.#following.delete(hear);
    }
  }
}

let world: StandIn;
let kept: Map<string, SealedCode>;
let events: SharerEvent[];
let stops: (() => Promise<void>)[];

beforeEach(() => {
  world = new StandIn();
  kept = new Map();
  events = [];
  stops = [];
});
afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()));
});

type Options = ConstructorParameters<typeof SharerDesk>[0];

/** Runs a desk on what is kept, until it is stopped or ends by itself. */
function start(options: Partial<Options> = {}): { ended: Promise<void>; stop: () => Promise<void> } {
  const end = new AbortController();
  const desk = new SharerDesk({
    networkId,
    ...world,
    sealed: { find: (id) => kept.get(id), keep: (id, sealed) => void (kept.has(id) || kept.set(id, sealed)) },
    signer: {
      publicKey: meterKey.publicKey,
      sign: (reading) => sign(null, signedText(reading), meterKey.privateKey),
    },
    approveAll: false,
    prompt: undefined,
    thresholds: [...parseUsedThresholds('80%,95%'), parseLeftThreshold('10MB')],
    clock: { now: () => new Date() },
    onEvent: (event) => events.push(event),
    log: () => {},
    times: { meter: 10, look: 10_000, held: 20, again: 5, cut: 200 },
    ...options,
  });
  const ended = desk.run(end.signal);
  const stop = async () => {
    end.abort();
    await ended.catch(() => {});
  };
  stops.push(stop);
  return { ended, stop };
}

function signedText({ grantId, side, bytesIn, bytesOut, seconds, isFinal }: Omit<MeterReading, 'signature'>): Buffer {
  return Buffer.from([grantId, side, bytesIn, bytesOut, seconds, isFinal].join(' '));
}

const openSealed = (sealed: string, id = 'shr_1') => openAccessCode(sealed, guestKey, id);
const statesSeen = () => events.flatMap((event) => (event.kind === 'request' ? [event.request.state] : []));

test('what is paid for is approved, and the guest alone can open what it gets for that', async () => {
  start();
  world.add();
  await expect.poll(() => world.state()).toBe('ready');
  expect(await openSealed(world.sealed[0]!)).toEqual(code);
  expect(kept.get('shr_1')).toEqual({ grantId: 'grt_1', thumbprint: await jwkThumbprint(guestKey) });
  expect(statesSeen()).toEqual(['held', 'approved', 'ready']);
  expect(world.served).toEqual([[networkId, { meterKey: meterKey.publicKey, apId: 'ap_1' }]]);
});

test('what came before it began is gone on with, and so is what an event was missed of', async () => {
  world.add();
  start();
  await expect.poll(() => world.state()).toBe('ready');
  const missed = world.add({ id: 'shr_2', state: 'priced' });
  world.requests.set(missed, { ...world.requests.get(missed)!, state: 'held' });
  world.tell('', true);
  await expect.poll(() => world.state(missed)).toBe('ready');
});

test('whoever asks again and again and pays nothing keeps it from nobody: it asks nothing about that', async () => {
  const asked: string[] = [];
  const show = world.sharing.show.bind(world.sharing);
  start({ sharing: { ...world.sharing, show: (id) => (asked.push(id), show(id)) } });
  const paying = world.add();
  await expect.poll(() => world.state()).toBe('ready');
  for (const kind of ['request.received', 'increase.received', 'request.cancelled', 'request.expired'] as const) world.tell('shr_unpaid', false, kind);
  world.requests.set(paying, { ...world.requests.get(paying)!, state: 'cancelled' });
  world.tell(paying, false, 'request.cancelled');
  await expect.poll(() => statesSeen().at(-1)).toBe('cancelled');
  expect(new Set(asked)).toEqual(new Set([paying]));
});

test('a guest gets its code once the access point lets it in, and not before', async () => {
  world.isPrompt = false;
  start();
  world.add();
  await expect.poll(() => world.state()).toBe('approved');
  expect(world.sealed).toEqual([]);
  world.isIn = true;
  await expect.poll(() => world.sealed.length).toBe(1);
});

test('a guest that gives up while its code is awaited gets none', async () => {
  world.isPrompt = false;
  start();
  world.add();
  await expect.poll(() => world.state()).toBe('approved');
  world.set('shr_1', { state: 'cancelled' });
  await expect.poll(() => statesSeen().at(-1)).toBe('cancelled');
  world.isPrompt = true;
  world.add({ id: 'shr_2' });
  await expect.poll(() => world.state('shr_2')).toBe('ready');
  expect(world.sealed).toHaveLength(1);
});

test('readings are signed, of what changed alone, and the last is of after the cut', async () => {
  start();
  world.add();
  await expect.poll(() => world.state()).toBe('ready');
  world.used = { bytesIn: 5n, bytesOut: 7n, seconds: 1 };
  await expect.poll(() => world.readings.length).toBe(1);
  world.set('shr_1', { state: 'active' });
  world.used = { bytesIn: 50n, bytesOut: 70n, seconds: 9 };
  await expect.poll(() => world.readings.length).toBe(2);
  world.set('shr_1', { state: 'ending' });
  world.used = { bytesIn: 51n, bytesOut: 70n, seconds: 10 };
  world.end('shr_1');
  await expect.poll(() => world.state()).toBe('ended');
  expect(world.readings.map(({ bytesIn, isFinal }) => [bytesIn, isFinal])).toEqual([[5n, false], [50n, false], [51n, true]]);
  for (const reading of world.readings) {
    expect(verify(null, signedText(reading), ed25519Public(meterKey.publicKey), reading.signature)).toBe(true);
  }
  await expect.poll(() => statesSeen().at(-1)).toBe('ended');
});

test('a guest is warned at each threshold once, by the tightest, and once more when it has bought more', async () => {
  const desk = start();
  world.add();
  await expect.poll(() => world.state()).toBe('ready');
  world.set('shr_1', { state: 'active' });
  const use = (megabytes: bigint) => (world.used = { bytesIn: megabytes * 1_000_000n, bytesOut: 0n, seconds: Number(megabytes) });
  use(399n);
  await expect.poll(() => world.readings.length).toBe(1);
  use(400n);
  await expect.poll(() => world.warnings).toEqual(['80%']);
  use(495n);
  await expect.poll(() => world.warnings).toEqual(['80%', '10MB']);
  world.add({ id: 'shr_2', kind: 'increase', accessId: 'shr_1', jwk: undefined, approval: 'manual' });
  await expect.poll(() => world.state('shr_2')).toBe('active');
  use(800n);
  await expect.poll(() => world.warnings).toEqual(['80%', '10MB', '80%']);
  // Another that goes on from there says it once more, which the registry knows of.
  await desk.stop();
  start();
  await expect.poll(() => world.warnings.length).toBe(4);
  expect(events.flatMap((event) => (event.kind === 'low' ? [[event.threshold, event.left.size]] : []))).toEqual([
    ['80%', 100_000_000n], ['10MB', 5_000_000n], ['80%', 200_000_000n], ['80%', 200_000_000n],
  ]);
});

describe('who asks for the sharer’s word', () => {
  function prompting() {
    const asked: { title: string; lines: readonly string[]; answer: (yes: boolean | undefined) => void; signal: AbortSignal }[] = [];
    const prompt: Prompt = {
      ask: (question, signal) => {
        const { promise, resolve } = Promise.withResolvers<boolean | undefined>();
        asked.push({ ...question, answer: resolve, signal });
        signal.addEventListener('abort', () => resolve(undefined));
        return promise;
      },
      close: async () => {},
    };
    return { asked, prompt };
  }

  test('is let in by a yes, and gets its money back by a no', async () => {
    const { asked, prompt } = prompting();
    start({ prompt });
    world.add({ approval: 'manual' });
    world.add({ id: 'shr_2', approval: 'manual' });
    await expect.poll(() => asked.length).toBe(1);
    expect(asked[0]).toMatchObject({ title: 'Let this guest in?', lines: expect.arrayContaining(['Buys: 500MB', 'Pays: 1.00EUR']) });
    asked[0]!.answer(true);
    await expect.poll(() => world.state()).toBe('ready');
    await expect.poll(() => asked.length).toBe(2);
    asked[1]!.answer(false);
    await expect.poll(() => world.state('shr_2')).toBe('refused');
  });

  test('is asked about no longer once it is decided elsewhere, or has given up', async () => {
    const { asked, prompt } = prompting();
    start({ prompt });
    world.add({ approval: 'manual' });
    await expect.poll(() => asked.length).toBe(1);
    await world.sharing.approve('shr_1');
    await expect.poll(() => world.state()).toBe('ready');
    expect(asked[0]!.signal.aborted).toBe(true);
  });

  test('waits for another way where nobody is asked, which is said once', async () => {
    start();
    world.add({ approval: 'manual' });
    await expect.poll(() => events.some(({ kind }) => kind === 'undecided')).toBe(true);
    world.tell('', true);
    world.add({ id: 'shr_2' });
    await expect.poll(() => world.state('shr_2')).toBe('ready');
    expect(events.filter(({ kind }) => kind === 'undecided')).toHaveLength(1);
    expect(world.state()).toBe('held');
    await world.sharing.approve('shr_1');
    await expect.poll(() => world.state()).toBe('ready');
  });

  test('is gone on with when somebody else has decided, of which no event tells', async () => {
    const { asked, prompt } = prompting();
    start({ prompt });
    world.add({ approval: 'manual' });
    await expect.poll(() => asked.length).toBe(1);
    world.tell = () => {};
    await world.sharing.approve('shr_1');
    await expect.poll(() => world.state()).toBe('ready');
    expect(asked[0]!.signal.aborted).toBe(true);
  });

  test('is let in without, where all are', async () => {
    start({ approveAll: true });
    world.add({ approval: 'manual' });
    await expect.poll(() => world.state()).toBe('ready');
  });
});

test('a server that names another key than before gets no code for it, and is told of', async () => {
  kept.set('shr_1', { grantId: 'grt_1', thumbprint: await jwkThumbprint(newAccessKey()) });
  start();
  world.add();
  await expect.poll(() => world.state()).toBe('refused');
  expect(world.sealed).toEqual([]);
  expect(events.filter(({ kind }) => kind === 'key_changed')).toHaveLength(1);
});

test('what somebody is away for is done when they are back, and told of twice', async () => {
  let isAway = false;
  world.fault = () => {
    if (isAway) throw new LatchkeyError('remote_unreachable');
  };
  start();
  world.add();
  await expect.poll(() => world.state()).toBe('ready');
  isAway = true;
  world.add({ id: 'shr_2' });
  await expect.poll(() => events.some((event) => event.kind === 'reach' && event.error !== undefined)).toBe(true);
  isAway = false;
  await expect.poll(() => world.state('shr_2')).toBe('ready');
  expect(events.flatMap((event) => (event.kind === 'reach' ? [event.error?.code] : []))).toEqual(['remote_unreachable', undefined]);
});

test('what does not pass ends it', async () => {
  world.fault = (call) => {
    if (call === 'requests') throw new LatchkeyError('unauthorized');
  };
  await expect(start().ended).rejects.toMatchObject({ code: 'unauthorized' });
});

/** A guest that collects its code, uses a little and ends; so that each step of the sharer's comes once. */
async function guestDoesItsPart(): Promise<void> {
  await expect.poll(() => world.state(), { timeout: 5_000 }).toBe('ready');
  expect(await openSealed(world.sealed.at(-1)!)).toEqual(code);
  world.set('shr_1', { state: 'active' });
  world.used = { bytesIn: 450_000_000n, bytesOut: 0n, seconds: 5 };
  await expect.poll(() => world.warnings.length, { timeout: 5_000 }).toBeGreaterThan(0);
  world.end('shr_1');
  await expect.poll(() => world.state(), { timeout: 5_000 }).toBe('ended');
}

test('killed at every call, before or after it had its effect, another goes on from there to the same end', { timeout: 60_000 }, async () => {
  let kills = 0;
  for (let nth = 1; ; nth += 1) {
    world = new StandIn();
    kept = new Map();
    let count = 0;
    let isKilled = false;
    world.fault = () => {
      count += 1;
      if (count === nth) {
        isKilled = true;
        void first.stop();
      }
      // One that is killed does nothing any more.
      if (isKilled) throw new Killed();
    };
    const first = start();
    world.add();
    const guest = guestDoesItsPart();
    const over = guest.then(() => 'over');
    if ((await Promise.race([over, expect.poll(() => isKilled, { timeout: 10_000, interval: 2 }).toBe(true)])) === 'over' && !isKilled) {
      await first.stop();
      break;
    }
    await first.stop();
    isKilled = false;
    kills += 1;
    const second = start();
    await guest;
    await second.stop();
    expect(world.readings.at(-1)).toMatchObject({ bytesIn: 450_000_000n, isFinal: true });
    expect(new Set(world.warnings)).toEqual(new Set(['80%']));
  }
  expect(kills).toBeGreaterThan(20);
});

test('every other call fails, and it comes to the same end', async () => {
  let count = 0;
  world.fault = (_call, when) => {
    count += 1;
    if (count % 2 === 1 && when === 'before') throw new LatchkeyError(count % 3 === 0 ? 'agent_unreachable' : 'remote_unreachable');
  };
  start();
  world.add();
  await guestDoesItsPart();
});
