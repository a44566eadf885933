import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GrantTerms } from '../../src/domain/grant.ts';
import { codeOf, register, request, trailOf, type Holder, type MakeHarness, type RolesHarness } from './roles.harness.ts';

export function grantsContract(name: string, make: MakeHarness): void {
  describe(`${name}: grants on the air`, () => {
    let harness: RolesHarness;
    let factory: Holder;
    let here: Holder;
    let there: Holder;
    let owner: Holder;

    beforeAll(async () => {
      harness = await make();
      factory = await harness.hold('factory');
      here = await harness.hold('ap');
      there = await harness.hold('ap');
      owner = await harness.hold('owner');
    });
    afterAll(() => harness.close());

    async function granted(terms?: GrantTerms) {
      const device = await register(factory);
      const { grantId } = await owner.owner.approve((await request(device, here)).id, terms);
      return { device, grant: await owner.owner.grant(grantId!) };
    }

    test('an approval says how long, how much, what then and which VLAN', async () => {
      const { grant } = await granted({ validMs: 7_200_000, quotaBytes: 500_000_000n, policy: 'restrict', vlan: 20 });
      expect(grant).toMatchObject({
        quotaBytes: 500_000_000n, policy: 'restrict', vlan: 20, usage: { bytesIn: 0n, bytesOut: 0n, seconds: 0 },
        endsAt: new Date(grant.startsAt.getTime() + 7_200_000),
      });
      expect((await granted()).grant).toMatchObject({ endsAt: undefined, quotaBytes: undefined, policy: 'cut', vlan: undefined });
    });

    test('the access point may set terms as well', async () => {
      const { id } = await request(await register(factory), here);
      const { grantId } = await here.ap.approve(id, 'local', { quotaBytes: 1000n });
      expect(await owner.owner.grant(grantId!)).toMatchObject({ quotaBytes: 1000n, policy: 'cut' });
    });

    test('time and traffic are added, the access point hears of it, and it is on record', async () => {
      const { device, grant } = await granted({ validMs: 60_000, quotaBytes: 1000n });
      const { revision } = await here.ap.changes(0, 0);
      const increased = await owner.owner.increaseGrant(grant.id, { validMs: 30_000, quotaBytes: 500n });
      expect(increased).toMatchObject({ quotaBytes: 1500n, endsAt: new Date(grant.startsAt.getTime() + 90_000), state: 'active' });
      expect((await here.ap.changes(revision, 0)).grants).toEqual([increased]);
      expect((await trailOf(factory.factory, device.uuid)).at(-1)).toMatchObject({
        action: 'grant.increased', detail: { grant_id: grant.id, valid_s: 30, quota_bytes: '500' },
      });
    });

    test('what is over, has no end or no quota is not increased, nor by nothing', async () => {
      const { grant } = await granted();
      expect(await codeOf(owner.owner.increaseGrant(grant.id, { validMs: 1000 }))).toBe('invalid_input');
      expect(await codeOf(owner.owner.increaseGrant(grant.id, { quotaBytes: 1n }))).toBe('invalid_input');
      expect(await codeOf(owner.owner.increaseGrant(grant.id, {}))).toBe('invalid_input');
      await owner.owner.revokeGrant(grant.id);
      expect(await codeOf(owner.owner.increaseGrant(grant.id, { quotaBytes: 1n }))).toBe('grant_over');
      expect(await codeOf(owner.owner.increaseGrant('grt_none', { quotaBytes: 1n }))).toBe('grant_not_found');
      const large = (await granted({ quotaBytes: 2n ** 53n - 1n })).grant;
      expect(await codeOf(owner.owner.increaseGrant(large.id, { quotaBytes: 1n }))).toBe('invalid_input');
      expect(await owner.owner.grant(large.id)).toEqual(large);
    });

    test('what is told of a grant’s use is raised and never lowered, and changes no revision', async () => {
      const { grant } = await granted();
      const usage = { bytesIn: 2n ** 40n, bytesOut: 7n, seconds: 60 };
      await here.ap.reportGrants([{ grantId: grant.id, usage, ended: undefined }]);
      await here.ap.reportGrants([{ grantId: grant.id, usage: { bytesIn: 1n, bytesOut: 9n, seconds: 59 }, ended: undefined }]);
      expect(await owner.owner.grant(grant.id)).toEqual({ ...grant, usage: { ...usage, bytesOut: 9n } });
    });

    test('a grant that ended at the access point has ended, once', async () => {
      const { device, grant } = await granted({ quotaBytes: 10n });
      const report = { grantId: grant.id, usage: { bytesIn: 10n, bytesOut: 1n, seconds: 3 }, ended: { at: new Date(), reason: 'its traffic is used up' } };
      await here.ap.reportGrants([report]);
      await here.ap.reportGrants([report]);
      expect(await owner.owner.grant(grant.id)).toMatchObject({
        state: 'ended', reason: 'its traffic is used up', closedBy: `ap:${here.token.id}:${here.token.name}`, usage: { bytesIn: 10n },
      });
      const ends = (await trailOf(factory.factory, device.uuid)).filter(({ action }) => action === 'grant.ended');
      expect(ends.map(({ detail }) => detail)).toEqual([{ grant_id: grant.id, reason: 'its traffic is used up' }]);
    });

    test('no access point speaks of another’s grants', async () => {
      const { grant } = await granted({ quotaBytes: 10n });
      const usage = { bytesIn: 99n, bytesOut: 0n, seconds: 1 };
      await there.ap.reportGrants([{ grantId: grant.id, usage, ended: { at: new Date(), reason: 'spite' } }]);
      expect(await owner.owner.grant(grant.id)).toEqual(grant);
    });
  });
}
