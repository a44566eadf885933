import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeOf, errorOf, register, trailOf, type Holder, type MakeHarness, type RolesHarness } from './roles.harness.ts';

const bench1 = { station: 'bench-1', operator: 'mia' };
const bench2 = { station: 'bench-2', operator: 'noor' };

export function flashingContract(name: string, make: MakeHarness): void {
  describe(`${name}: flashing`, () => {
    let harness: RolesHarness;
    let factory: Holder;

    beforeAll(async () => {
      harness = await make();
      factory = await harness.hold('factory');
    });
    afterAll(() => harness.close());

    test('a device is flashed once it ended well, and its history says where and by whom', async () => {
      const { uuid } = await register(factory, { batch: 'b7' });
      const { flash, resumed } = await factory.flashing.begin(uuid.toUpperCase(), bench1);
      expect(resumed).toBe(false);
      expect(flash).toEqual({
        ...bench1, id: expect.stringMatching(/^fls_/), uuid, batch: 'b7', startedAt: expect.any(Date), endedAt: undefined, result: undefined, detail: undefined,
      });
      expect((await factory.factory.show(uuid)).flashedAt).toBeUndefined();
      const ended = await factory.flashing.end(uuid, flash.id, { result: 'ok' });
      expect(ended).toEqual({ ...flash, endedAt: expect.any(Date), result: 'ok' });
      expect((await factory.factory.show(uuid)).flashedAt).toEqual(ended.endedAt);
      expect(await factory.flashing.end(uuid, flash.id, { result: 'ok' })).toEqual(ended);
      const trail = await trailOf(factory.factory, uuid);
      expect(trail.map(({ action }) => action)).toEqual(['device.reserved', 'device.registered', 'device.flashed']);
      expect(trail[2]!.detail).toEqual({ ...bench1, flash_id: flash.id });
    });

    test('one that failed is not flashed, and may be tried again anywhere at once', async () => {
      const { uuid } = await register(factory);
      const first = await factory.flashing.begin(uuid, bench1);
      await factory.flashing.end(uuid, first.flash.id, { result: 'short_read', detail: '12 of 16 bytes were read back.' });
      expect((await factory.factory.show(uuid)).flashedAt).toBeUndefined();
      const second = await factory.flashing.begin(uuid, bench2);
      expect(second.resumed).toBe(false);
      await factory.flashing.end(uuid, second.flash.id, { result: 'ok' });
      const trail = await trailOf(factory.factory, uuid);
      expect(trail.slice(2).map(({ action, detail }) => [action, detail])).toEqual([
        ['device.flash_failed', { ...bench1, flash_id: first.flash.id, result: 'short_read', reason: '12 of 16 bytes were read back.' }],
        ['device.flashed', { ...bench2, flash_id: second.flash.id }],
      ]);
    });

    test('a flashed device is flashed again only on purpose', async () => {
      const { uuid } = await register(factory);
      const { flash } = await factory.flashing.begin(uuid, bench1);
      await factory.flashing.end(uuid, flash.id, { result: 'ok' });
      expect(await codeOf(factory.flashing.begin(uuid, bench1))).toBe('device_flashed');
      const again = await factory.flashing.begin(uuid, { ...bench1, again: true });
      expect(again.resumed).toBe(false);
      await factory.flashing.end(uuid, again.flash.id, { result: 'mismatch' });
      expect((await factory.factory.show(uuid)).flashedAt).toBeDefined();
    });

    test('only one station has a device, until its time is over; the same one takes its own over at once', async () => {
      const { uuid } = await register(factory);
      const first = await factory.flashing.begin(uuid, bench1);
      const refused = await errorOf(factory.flashing.begin(uuid, bench2));
      expect(refused?.code).toBe('device_being_flashed');
      expect(refused?.message).toContain('at station bench-1 by mia');
      const second = await factory.flashing.begin(uuid, bench1);
      expect(second.resumed).toBe(true);
      harness.clock.pass(16 * 60_000);
      const third = await factory.flashing.begin(uuid, bench2);
      expect(third.resumed).toBe(false);
      for (const { flash } of [first, second]) {
        expect(await codeOf(factory.flashing.end(uuid, flash.id, { result: 'ok' }))).toBe('device_being_flashed');
      }
      expect((await factory.factory.show(uuid)).flashedAt).toBeUndefined();
      await factory.flashing.end(uuid, third.flash.id, { result: 'ok' });
      expect((await trailOf(factory.factory, uuid)).slice(2).map(({ detail }) => detail['result'] ?? 'ok')).toEqual(['abandoned', 'abandoned', 'ok']);
    });

    test('sixteen stations at once for one device: one gets it', async () => {
      const { uuid } = await register(factory);
      const outcomes = await Promise.all(
        Array.from({ length: 16 }, (_, index) => codeOf(factory.flashing.begin(uuid, { station: `race-${index}`, operator: 'mia' }))),
      );
      expect(outcomes.filter((code) => code === undefined)).toHaveLength(1);
      expect(outcomes.filter((code) => code === 'device_being_flashed')).toHaveLength(15);
    });

    test('while sixteen claim it, one that is flashed at that moment is claimed by none after', async () => {
      const { uuid } = await register(factory);
      const { flash } = await factory.flashing.begin(uuid, bench1);
      const [ended, ...begun] = await Promise.all([
        codeOf(factory.flashing.end(uuid, flash.id, { result: 'ok' })),
        ...Array.from({ length: 15 }, (_, index) => codeOf(factory.flashing.begin(uuid, { station: `late-${index}`, operator: 'mia' }))),
      ]);
      expect(ended).toBeUndefined();
      expect(begun.every((code) => code === 'device_being_flashed' || code === 'device_flashed')).toBe(true);
    });

    test('a station finds what it left open', async () => {
      const station = `bench-${randomUUID()}`;
      const [one, two, three] = [await register(factory), await register(factory), await register(factory)];
      for (const { uuid } of [one, two, three]) {
        await factory.flashing.begin(uuid, { station, operator: 'mia' });
      }
      const [, second] = await factory.flashing.open(station);
      await factory.flashing.end(two.uuid, second!.id, { result: 'interrupted' });
      expect((await factory.flashing.open(station)).map(({ uuid }) => uuid)).toEqual([one.uuid, three.uuid]);
      expect(await factory.flashing.open('nowhere')).toEqual([]);
    });

    test('only a registered device is flashed', async () => {
      const { device } = await factory.factory.reserve({ ssid: 'setup' });
      expect(await codeOf(factory.flashing.begin(device.uuid, bench1))).toBe('device_not_registered');
      await factory.factory.confirm(device.uuid);
      await factory.factory.revoke(device.uuid);
      expect(await codeOf(factory.flashing.begin(device.uuid, bench1))).toBe('device_revoked');
      expect(await factory.flashing.open(bench1.station)).toEqual([]);
    });

    test('what is not there, or of another scope, is not found', async () => {
      const lamps = await harness.hold('factory', { models: ['lamp'] });
      const { uuid } = await register(factory, { model: 'camera' });
      expect(await codeOf(lamps.flashing.begin(uuid, bench1))).toBe('device_not_found');
      expect(await codeOf(factory.flashing.begin(randomUUID(), bench1))).toBe('device_not_found');
      const { flash } = await factory.flashing.begin(uuid, bench1);
      expect(await codeOf(lamps.flashing.end(uuid, flash.id, { result: 'ok' }))).toBe('device_not_found');
      expect(await lamps.flashing.open(bench1.station)).toEqual([]);
      expect(await codeOf(factory.flashing.end(uuid, 'fls_none', { result: 'ok' }))).toBe('flash_not_found');
      await factory.flashing.end(uuid, flash.id, { result: 'interrupted' });
    });

    test('names that are none are refused', async () => {
      const { uuid } = await register(factory);
      expect(await codeOf(factory.flashing.begin(uuid, { station: '', operator: 'mia' }))).toBe('invalid_input');
      expect(await codeOf(factory.flashing.begin(uuid, { station: 'bench', operator: 'm\u0007' }))).toBe('invalid_input');
      const { flash } = await factory.flashing.begin(uuid, bench1);
      expect(await codeOf(factory.flashing.end(uuid, flash.id, { result: 'tool_failed', detail: 'x'.repeat(257) }))).toBe('invalid_input');
    });
  });
}
