import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chirpHash } from '../../src/protocol/bootstrap-key.ts';
import { codeOf, register, request, trailOf, type Holder, type MakeHarness, type RolesHarness } from './roles.harness.ts';

const hourMs = 3_600_000;

export function dppContract(name: string, make: MakeHarness): void {
  describe(`${name}: devices that announce themselves by DPP`, () => {
    let harness: RolesHarness;
    let factory: Holder;
    let owner: Holder;
    let ap: Holder;

    beforeAll(async () => {
      harness = await make();
      factory = await harness.hold('factory');
      owner = await harness.hold('owner');
      ap = await harness.hold('ap');
      await ap.ap.announce({ ssid: 'home', onboardingSsid: 'setup', enforcement: 'per-grant' });
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
      const trail = await trailOf(factory.factory, device.uuid);
      expect(trail.map(({ action }) => action)).toEqual([
        'device.reserved', 'device.registered', 'device.key_made', 'device.asked', 'request.created', 'request.approved', 'grant.created', 'request.delivered', 'request.joined',
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

    test('one that was approved and never proved itself leaves the device free, also for another announcement', async () => {
      const device = await labelled();
      const elsewhere = await harness.hold('ap');
      const first = await announce(device, elsewhere);
      await elsewhere.ap.approve(first.id, 'local');
      const second = await announce(device);
      await ap.ap.approve(second.id, 'local');
      expect(await stateOf(first.id)).toBe('expired');
      expect(await codeOf(elsewhere.ap.report(first.id, 'delivered'))).toBe('already_decided');
      await ap.ap.report(second.id, 'delivered');
      expect((await elsewhere.ap.requestByDpp(device.hash)).status).toBe('spent');
    });
  });
}
