import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chirpHash } from '../../src/protocol/bootstrap-key.ts';
import { codeOf, onboardingSite, register, request, trailOf, type Holder, type MakeHarness, type RolesHarness } from './roles.harness.ts';

const hourMs = 3_600_000;

export function dppContract(name: string, make: MakeHarness): void {
  describe(`${name}: devices that announce themselves by DPP`, () => {
    let harness: RolesHarness;
    let factory: Holder;
    let owner: Holder;
    let ap: Holder;

    beforeAll(async () => {
      ({ harness, factory, owner, ap } = await onboardingSite(make));
    });
    afterAll(() => harness.close());

    /** A registered device with a DPP key. */
    async function labelled(registration: { model?: string } = {}) {
      const device = await register(factory, registration);
      const [key] = await factory.factory.bootstrapKeys([device.uuid]);
      return { ...device, publicKey: key!.publicKey, hash: chirpHash(key!.publicKey) };
    }

    /** The request that it has at this access point. */
    async function announce({ hash }: { readonly hash: Uint8Array }, at = ap) {
      const { status, asked } = await at.ap.requestByDpp(hash);
      expect(status).toBe('known');
      return asked!.request;
    }

    const spentBy = async ({ uuid }: { readonly uuid: string }) => (await factory.factory.show(uuid)).spentBy;
    const stateOf = async (id: string) => (await owner.owner.request(id)).status;

    test('a device is found by the hash of its key, and asks once however often it announces itself', async () => {
      const device = await labelled({ model: 'lamp' });
      const { status, asked } = await ap.ap.requestByDpp(device.hash);
      expect([status, Buffer.from(asked!.publicKey)]).toEqual(['known', Buffer.from(device.publicKey)]);
      expect(asked!.request).toMatchObject({ uuid: device.uuid, apId: ap.token.apId, status: 'pending', model: 'lamp', plain: false, dpp: true, matchCode: undefined });
      expect((await announce(device)).id).toBe(asked!.request.id);
      expect((await owner.owner.requests({ uuid: device.uuid }, { limit: 10 })).items).toHaveLength(1);
    });

    test('hears why one does not get on, and nothing of one outside its scope', async () => {
      const revoked = await labelled();
      await factory.factory.revoke(revoked.uuid);
      const lamp = await labelled({ model: 'lamp' });
      const cameras = await harness.hold('ap', { models: ['camera'] });
      expect(await ap.ap.requestByDpp(randomBytes(32))).toEqual({ status: 'unknown', asked: undefined });
      expect(await ap.ap.requestByDpp(revoked.hash)).toEqual({ status: 'revoked', asked: undefined });
      expect(await cameras.ap.requestByDpp(lamp.hash)).toEqual({ status: 'unknown', asked: undefined });
    });

    test('registry, grant and record are those of any other request', async () => {
      const device = await labelled();
      const { id } = await announce(device);
      const { grantId } = await owner.owner.approve(id, { quotaBytes: 1000n });
      await ap.ap.report(id, 'delivered');
      await ap.ap.report(id, 'joined');
      expect(await owner.owner.grant(grantId!)).toMatchObject({ requestId: id, subject: { kind: 'device', id: device.uuid }, quotaBytes: 1000n, state: 'active' });
      expect((await factory.factory.show(device.uuid)).spentBy).toBe(id);
      const trail = async () => (await trailOf(factory.factory, device.uuid)).map(({ action }) => action);
      // What was asked may be written later.
      await expect.poll(trail).toContain('device.asked');
      expect((await trail()).filter((action) => action !== 'device.asked')).toEqual([
        'device.reserved', 'device.registered', 'device.key_made', 'request.created', 'request.approved', 'grant.created', 'request.delivered', 'request.joined',
      ]);
      expect(await ap.ap.requestByDpp(device.hash)).toEqual({ status: 'spent', asked: undefined });
    });

    test('what was approved is found again until it has joined', async () => {
      const device = await labelled();
      const { id } = await announce(device);
      await ap.ap.approve(id, 'local');
      expect(await announce(device)).toMatchObject({ id, status: 'approved' });
      await ap.ap.report(id, 'delivered');
      expect(await announce(device)).toMatchObject({ id, status: 'delivered' });
      harness.clock.pass(hourMs);
      expect((await ap.ap.requestByDpp(device.hash)).status).toBe('spent');
    });

    test('a label that somebody else has read closes no request, denies none and spends nothing', async () => {
      const device = await labelled();
      const elsewhere = await harness.hold('ap');
      const proven = await request(device, ap);
      expect((await announce(device)).id).toBe(proven.id);
      const false1 = await announce(device, elsewhere);
      await elsewhere.ap.approve(false1.id, 'local');
      expect(await stateOf(proven.id)).toBe('pending');
      const { grantId } = await ap.ap.approve(proven.id, 'local');
      expect([await stateOf(proven.id), await stateOf(false1.id)]).toEqual(['approved', 'expired']);
      expect((await owner.owner.grants({ subjectId: device.uuid, state: 'active' }, { limit: 10 })).items.map(({ id }) => id)).toEqual([grantId]);
      expect((await elsewhere.ap.requestByDpp(device.hash)).status).toBe('spent');
    });

    test('of several access points that approved it, that one has it which it took its password from', async () => {
      const device = await labelled();
      const elsewhere = await harness.hold('ap');
      const first = await announce(device, elsewhere);
      await elsewhere.ap.approve(first.id, 'auto');
      const second = await announce(device);
      const { grantId } = await ap.ap.approve(second.id, 'auto');
      // However often either hears it, nothing is taken back.
      expect([await announce(device, elsewhere), await announce(device)].map(({ id }) => id)).toEqual([first.id, second.id]);
      expect([await stateOf(first.id), await stateOf(second.id), await spentBy(device)]).toEqual(['approved', 'approved', undefined]);
      await ap.ap.report(second.id, 'delivered');
      expect([await stateOf(first.id), await spentBy(device)]).toEqual(['expired', second.id]);
      expect((await owner.owner.grants({ subjectId: device.uuid, state: 'active' }, { limit: 10 })).items.map(({ id }) => id)).toEqual([grantId]);
      expect(await codeOf(elsewhere.ap.report(first.id, 'delivered'))).toBe('already_decided');
      expect((await elsewhere.ap.requestByDpp(device.hash)).status).toBe('spent');
    });

    test('one that has shown its pass_tmp elsewhere meanwhile is announced in vain', async () => {
      const device = await labelled();
      const elsewhere = await harness.hold('ap');
      const announced = await announce(device);
      await elsewhere.ap.approve((await request(device, elsewhere)).id, 'local');
      expect(await codeOf(ap.ap.approve(announced.id, 'local'))).toBe('already_decided');
      expect(await stateOf(announced.id)).toBe('denied');
    });

    test('an announcement takes no retry from a device whose grant is over', async () => {
      const device = await labelled();
      const proven = await request(device, ap);
      const { grantId } = await ap.ap.approve(proven.id, 'local');
      await ap.ap.report(proven.id, 'delivered');
      await ap.ap.reportGrants([{ grantId: grantId!, usage: { bytesIn: 0n, bytesOut: 0n, seconds: 0 }, ended: { at: harness.clock.now(), reason: 'its time is over' } }]);
      expect((await ap.ap.requestByDpp(device.hash)).status).toBe('spent');
      expect([await stateOf(proven.id), await spentBy(device)]).toEqual(['delivered', proven.id]);
    });
  });
}
