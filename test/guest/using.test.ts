import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { LatchkeyError } from '../../src/domain/errors.ts';
import type { InterfaceCounters } from '../../src/domain/interface-meter.ts';
import { parseQuantity } from '../../src/domain/quantity.ts';
import type { ShareRequest } from '../../src/domain/share-request.ts';
import { readFinally, use, type UseNews } from '../../src/roles/guest/using.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { rolesHere } from '../contract/roles-here.ts';
import type { RolesHarness } from '../contract/roles.harness.ts';
import { openSite, type Guest, type Site } from '../contract/share-parties.ts';
import { testSealer } from '../storage/sealer.ts';
import { Disk } from './disk.ts';

const seed = new Uint8Array(32).fill(7);

let harness: RolesHarness;
let site: Site;
let guest: Guest;
let access: ShareRequest;
let disk: Disk;
/** As the kernel has them. */
let counters: InterfaceCounters;
beforeAll(async () => {
  harness = await rolesHere(async () => ({ store: await openMemoryStore(testSealer()), remove: async () => {} }));
  site = await openSite(harness);
});
afterAll(() => harness.close());
beforeEach(async () => {
  guest = await site.newGuest();
  guest.signsBy(seed);
  const { offer } = await site.newNetwork({}, { isEnforced: false });
  access = await site.sell(guest, offer, '100MB');
  disk = new Disk();
  counters = { received: 5_000n, sent: 1_000n };
});

/** A process that follows it, step by step: `tick` is done where it waits for what comes. */
async function following(tick: (round: number) => Promise<void> | void, more: { readonly sharing?: Guest['sharing']; readonly name?: string } = {}): Promise<{ readonly news: readonly UseNews[]; readonly away: readonly string[] }> {
  const ending = new AbortController();
  const news: UseNews[] = [];
  const away: string[] = [];
  let round = 0;
  const { events } = guest.holder;
  const context = {
    sharing: more.sharing ?? guest.sharing,
    events: {
      follow: events.follow.bind(events),
      events: async (after: number | undefined, waitMs: number) => {
        if (waitMs > 0) {
          round += 1;
          await tick(round);
        }
        return events.events(after, 0);
      },
    },
    clock: harness.clock,
    signal: ending.signal,
    onAway: (error: Error) => void away.push(error.message),
    meter: { interface: more.name ?? 'wlan0', seed, counters: async () => counters },
    kept: disk.kept,
    everyMs: 5,
  };
  try {
    for await (const each of use(context, access.id)) news.push(each);
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
  return { news, away };
}

class Killed extends Error {}
const kill = () => {
  throw new Killed();
};
const passed = (received: bigint, sent: bigint) => {
  counters = { received: counters.received + received, sent: counters.sent + sent };
};
const counted = async () => {
  const { guest: reading } = await guest.sharing.usage(access.id);
  return reading && [reading.bytesIn, reading.bytesOut, reading.isFinal];
};

test('counts what goes over its interface since it began, signed, also after a restart, and what began anew', async () => {
  await following((round) => (round === 1 ? passed(2_000_000n, 300_000n) : kill()));
  expect(await counted()).toEqual([300_000n, 2_000_000n, false]);
  // While the process was away it went on.
  passed(1_000_000n, 0n);
  await following(() => kill());
  expect(await counted()).toEqual([300_000n, 3_000_000n, false]);
  // The machine has started anew.
  counters = { received: 40_000n, sent: 2n };
  await following(() => kill());
  expect(await counted()).toEqual([300_002n, 3_040_000n, false]);
  // Another interface counts from where it is.
  counters = { received: 77_000_000n, sent: 88_000_000n };
  await following((round) => (round === 1 ? passed(5n, 5n) : kill()), { name: 'wlan1' });
  expect(await counted()).toEqual([300_007n, 3_040_005n, false]);
});

test('what passed while nobody counted for long may have been on other networks', async () => {
  await following((round) => {
    harness.clock.pass(10_000);
    return round === 1 ? passed(1_000n, 0n) : kill();
  });
  passed(50_000_000n, 0n);
  harness.clock.pass(3_600_000);
  await following((round) => (round === 1 ? passed(1n, 0n) : kill()));
  expect(await counted()).toEqual([0n, 1_001n, false]);
});

test('is told of warnings once, of more, and of the end, and brings the last it counted', async () => {
  const { news } = await following(async (round) => {
    switch (round) {
      case 1:
        passed(20_000_000n, 0n);
        return site.sharer.sharing.warn(access.id, { threshold: '80%', left: parseQuantity('20MB') });
      case 2:
        await site.sharer.sharing.approve((await guest.pay(await guest.sharing.increase(access.id, parseQuantity('100MB')))).id);
        return;
      case 3:
        passed(10_000_000n, 0n);
        await site.sharer.sharing.end(access.id);
        return site.sharer.read(access, { bytesOut: 30_000_000n }, { isFinal: true });
      default:
    }
  });
  expect(news.map(({ kind }) => kind).filter((kind) => kind !== 'usage')).toEqual(['low', 'increased', 'over', 'ended']);
  expect(news.find(({ kind }) => kind === 'low')).toMatchObject({ threshold: '80%', remaining: '20MB' });
  expect(news.at(-1)!.usage).toMatchObject({ request: { state: 'ended' }, used: { bytesOut: 30_000_000n } });
  expect(await counted()).toEqual([0n, 30_000_000n, true]);
  expect(await site.money(guest)).toEqual({ balance: 5000n - 30n, held: 0n });
});

test('counts on while the server is away, and tells so', async () => {
  let isAway = false;
  const sharing = new Proxy(guest.sharing, {
    get(target, name) {
      const member = Reflect.get(target, name) as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => (isAway ? Promise.reject(new LatchkeyError('remote_unreachable', 'It is away.')) : member.apply(target, args));
    },
  });
  const { away } = await following((round) => {
    isAway = round === 1 || round === 2;
    if (round === 4) kill();
    passed(1_000n, 100n);
  }, { sharing });
  expect(away).toEqual(['It is away.', 'It is away.']);
  expect(await counted()).toEqual([300n, 3_000n, false]);
});

test('a warning that came while the process was away is told when it is back', async () => {
  await following(() => kill());
  await site.sharer.sharing.warn(access.id, { threshold: '95%', left: parseQuantity('5MB') });
  const { news } = await following((round) => (round === 1 ? undefined : kill()));
  expect(news.map(({ kind }) => kind)).toContain('low');
});

test('the last reading is brought by who ends it, where nobody follows', async () => {
  await following((round) => (round === 1 ? passed(1_000n, 0n) : kill()));
  passed(500n, 0n);
  await guest.sharing.end(access.id);
  await readFinally({ sharing: guest.sharing, kept: disk.kept, clock: harness.clock, meter: { interface: 'wlan0', seed, counters: async () => counters } }, access.id);
  expect(await counted()).toEqual([0n, 1_500n, true]);
});
