import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codeOf, errorOf, register, request, type Holder, type MakeHarness, type RolesHarness } from './roles.harness.ts';

export function ownerContract(name: string, make: MakeHarness): void {
  describe(`${name}: owner`, () => {
    let harness: RolesHarness;
    let factory: Holder;
    let here: Holder;
    let there: Holder;
    let owner: Holder;
    let everywhere: Holder;

    beforeAll(async () => {
      harness = await make();
      factory = await harness.hold('factory');
      here = await harness.hold('ap');
      there = await harness.hold('ap');
      owner = await harness.hold('owner', { aps: [here.token.apId!] });
      everywhere = await harness.hold('admin');
    });
    afterAll(() => harness.close());

    test('decides at the named access points and nowhere else', async () => {
      const mine = await request(await register(factory), here);
      const foreign = await request(await register(factory), there);
      expect(await owner.owner.approve(mine.id)).toMatchObject({ status: 'approved', decidedBy: `owner:${owner.token.id}:${owner.token.name}` });
      const works = [owner.owner.approve(foreign.id), owner.owner.deny(foreign.id), owner.owner.request(foreign.id)];
      for (const error of await Promise.all(works.map(errorOf))) {
        expect([error?.code, error?.message]).toEqual(['request_not_found', `There is no request ${foreign.id}.`]);
      }
      expect(await everywhere.owner.deny(foreign.id, 'closed')).toMatchObject({ status: 'denied', reason: 'closed' });
      const again = await errorOf(everywhere.owner.approve(foreign.id));
      expect([again?.code, again?.message]).toEqual([
        'already_decided', `Request ${foreign.id} is denied, decided by admin:${everywhere.token.name}.`,
      ]);
    });

    test('sixteen decide at once: one wins', async () => {
      const { id } = await request(await register(factory), here);
      const outcomes = await Promise.all(
        Array.from({ length: 16 }, (_, index) => codeOf(index % 2 === 0 ? owner.owner.approve(id) : owner.owner.deny(id))),
      );
      expect(outcomes.filter((code) => code === undefined)).toHaveLength(1);
      expect(outcomes.filter((code) => code === 'already_decided')).toHaveLength(15);
    });

    test('lists requests by uuid, status and access point, newest first', async () => {
      const device = await register(factory);
      const first = await request(device, here);
      const second = await request(device, here);
      const ids = async (filter: Parameters<Holder['owner']['requests']>[0], who = owner) =>
        (await who.owner.requests(filter, { limit: 100 })).items.map(({ id }) => id);
      expect(await ids({ uuid: device.uuid })).toEqual([second.id, first.id]);
      expect(await ids({ uuid: device.uuid, statuses: ['pending', 'denied'] })).toEqual([second.id]);
      expect(await ids({ uuid: device.uuid, apIds: [there.token.apId!] })).toEqual([]);
      expect(await ids({ uuid: device.uuid, apIds: [here.token.apId!, there.token.apId!] }, everywhere)).toEqual([second.id, first.id]);
      expect(await ids({ apIds: [there.token.apId!] })).toEqual([]);
    });

    test('pages do not overlap', async () => {
      const ids: string[] = [];
      let after: string | undefined;
      do {
        const page = await everywhere.owner.requests({}, { limit: 2, after });
        ids.push(...page.items.map(({ id }) => id));
        after = page.next;
      } while (after !== undefined);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.length).toBeGreaterThan(4);
    });

    test('lists, shows and revokes grants of the named access points', async () => {
      const device = await register(factory);
      const { grantId } = await owner.owner.approve((await request(device, here)).id);
      const foreign = await everywhere.owner.approve((await request(await register(factory), there)).id);
      const listed = await owner.owner.grants({ subjectId: device.uuid, state: 'active', source: 'device' }, { limit: 10 });
      expect(listed.items.map(({ id }) => id)).toEqual([grantId]);
      expect(await codeOf(owner.owner.grant(foreign.grantId!))).toBe('grant_not_found');
      expect(await codeOf(owner.owner.revokeGrant(foreign.grantId!))).toBe('grant_not_found');
      expect(await codeOf(owner.owner.grant('no such'))).toBe('grant_not_found');
      const revoked = await owner.owner.revokeGrant(grantId!, 'moved out');
      expect(revoked).toMatchObject({ state: 'revoked', reason: 'moved out', closedBy: `owner:${owner.token.id}:${owner.token.name}`, closedAt: expect.any(Date) });
      expect(await owner.owner.revokeGrant(grantId!)).toEqual(revoked);
      expect((await owner.owner.grants({ subjectId: device.uuid, state: 'active' }, { limit: 10 })).items).toEqual([]);
    });

    test('sees the named access points and what was tried there', async () => {
      const seen = async (who: Holder) => (await who.owner.accessPoints({ limit: 100 })).items.map(({ id }) => id);
      expect(await seen(owner)).toEqual([here.token.apId]);
      expect(await seen(everywhere)).toEqual(expect.arrayContaining([here.token.apId, there.token.apId]));
      const attempt = { at: harness.clock.now(), uuid: undefined, from: '192.0.2.8', outcome: 'wrong_ssid', detail: undefined } as const;
      await here.ap.reportAttempts([{ ...attempt, id: 'att_here' }]);
      await there.ap.reportAttempts([{ ...attempt, id: 'att_there' }]);
      const tried = async (who: Holder) => (await who.owner.attempts({}, { limit: 100 })).items.map(({ id }) => id);
      expect(await tried(owner)).toEqual(['att_here']);
      expect((await tried(everywhere)).sort()).toEqual(['att_here', 'att_there']);
    });

    test('resets a device at its own access point and at no other', async () => {
      const device = await register(factory);
      await everywhere.owner.approve((await request(device, there)).id);
      expect(await codeOf(owner.factory.reset(device.uuid))).toBe('forbidden');
      const mine = await register(factory);
      const { grantId } = await owner.owner.approve((await request(mine, here)).id);
      expect((await owner.factory.reset(mine.uuid)).spentBy).toBeUndefined();
      expect((await owner.owner.grant(grantId!)).state).toBe('revoked');
      expect((await everywhere.owner.grants({ subjectId: device.uuid, state: 'active' }, { limit: 10 })).items).toHaveLength(1);
    });
  });
}
