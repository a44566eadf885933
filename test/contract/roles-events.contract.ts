import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LiveEvents } from '../../src/roles/events/ports.ts';
import { newEvent } from '../storage/samples.ts';
import { codeOf, type Holder, type MakeHarness, type RolesHarness } from './roles.harness.ts';

export function eventsContract(name: string, make: MakeHarness): void {
  describe(`${name}: what terminals are told`, () => {
    let harness: RolesHarness;
    let terminal: Holder;
    const tell = (count: number, to = terminal) =>
      harness.store.events.append(Array.from({ length: count }, (_, index) => newEvent(to.token.id, { at: harness.clock.now(), detail: { index } })));
    const numbers = ({ events }: LiveEvents) => events.map(({ number }) => number);

    beforeAll(async () => {
      harness = await make();
    });
    afterAll(() => harness.close());

    const begin = async () => {
      terminal = await harness.hold('terminal');
    };

    /** Listens until so many events came; what each step brought. */
    async function listen(from: number | undefined, count: number, begun: () => Promise<void> = async () => {}): Promise<LiveEvents[]> {
      const leaving = new AbortController();
      const steps: LiveEvents[] = [];
      let heard = 0;
      for await (const found of terminal.events.follow(from, leaving.signal)) {
        steps.push(found);
        heard += found.events.length;
        if (steps.length === 1) await begun();
        if (heard >= count) leaving.abort();
      }
      return steps;
    }

    test('comes whole and in order', async () => {
      await begin();
      const told = [
        newEvent(terminal.token.id, { kind: 'request.received', at: harness.clock.now(), detail: { request_id: 'sreq_1', offer_id: 'off_1' } }),
        newEvent(terminal.token.id, { kind: 'quota.low', at: harness.clock.now(), detail: { left_bytes: 2 ** 50, share: 0.8 } }),
      ];
      await harness.store.events.append(told);
      const expected = told.map(({ terminalId: _, ...event }, index) => ({ number: index + 1, ...event }));
      const heard = await listen(0, 2);
      expect(heard.flatMap(({ events }) => events)).toEqual(expected);
      expect(await terminal.events.events(1, 0)).toMatchObject({ last: 2, isGap: false });
    });

    test('is what comes from now on, for who says no number', async () => {
      await begin();
      await tell(3);
      expect(await terminal.events.events(undefined, 0)).toEqual({ events: [], last: 3, isGap: false });
      const steps = await listen(undefined, 2, () => tell(2));
      expect(steps[0]).toEqual({ events: [], last: 3, isGap: false });
      expect(steps.slice(1).flatMap(numbers)).toEqual([4, 5]);
    });

    test('is its own', async () => {
      await begin();
      const other = await harness.hold('terminal');
      await tell(2, other);
      await tell(1);
      expect((await listen(0, 1)).flatMap(numbers)).toEqual([1]);
      expect((await terminal.events.events(undefined, 0)).last).toBe(1);
    });

    test('is waited for, as long as was said', async () => {
      await begin();
      await tell(1);
      expect(await terminal.events.events(1, 1)).toEqual({ events: [], last: 1, isGap: false });
      const waiting = terminal.events.events(1, 60_000);
      await tell(1);
      expect(numbers(await waiting)).toEqual([2]);
      const leaving = new AbortController();
      const left = terminal.events.events(2, 60_000, leaving.signal).catch(() => undefined);
      leaving.abort();
      await left;
    });

    test('of many nothing is left out, and nothing comes twice', async () => {
      await begin();
      await tell(250);
      const steps = await listen(0, 900, async () => {
        for (let round = 0; round < 65; round++) await tell(10);
      });
      expect(steps.flatMap(numbers)).toEqual(Array.from({ length: 900 }, (_, index) => index + 1));
      expect(steps.every(({ events }) => events.length <= 100)).toBe(true);
    });

    test.each([
      ['a number that its events have not reached', 7],
      ['one of those that are not kept any more', 1],
      ['none, though some were told and are not kept', 0],
    ])('after %s there is a gap, and it goes on from the last', async (_what, from) => {
      await begin();
      await harness.store.events.append(Array.from({ length: 3 }, () => newEvent(terminal.token.id, { at: new Date(0) })));
      await tell(2);
      await harness.store.events.forget(new Date(1), 1_000);
      expect(await terminal.events.events(from, 60_000)).toEqual({ events: [], last: 5, isGap: true });
      const steps = await listen(from, 1, () => tell(1));
      expect(steps[0]).toEqual({ events: [], last: 5, isGap: true });
      expect(steps.slice(1).map(({ events, isGap }) => [events.length, isGap])).toEqual([[1, false]]);
      expect(numbers(steps.at(-1)!)).toEqual([6]);
    });

    test('after the last of those that are not kept there is no gap', async () => {
      await begin();
      await harness.store.events.append([newEvent(terminal.token.id, { at: new Date(0) })]);
      await tell(1);
      await harness.store.events.forget(new Date(1), 1_000);
      expect((await listen(1, 1)).flatMap(numbers)).toEqual([2]);
    });

    test('is told nobody else', async () => {
      for (const role of ['owner', 'admin', 'pos', 'witness'] as const) {
        const { events } = await harness.hold(role);
        expect(await codeOf(events.events(undefined, 0))).toBe('forbidden');
        expect(await codeOf(events.follow(undefined, new AbortController().signal)[Symbol.asyncIterator]().next())).toBe('forbidden');
      }
    });

    test('is over for a token that was revoked', async () => {
      if (!harness.isRemote) return;
      await begin();
      const heard = listen(undefined, 1, async () => void (await harness.store.tokens.revoke(terminal.token.id, harness.clock.now())));
      expect(await codeOf(heard)).toBe('unauthorized');
    });
  });
}
