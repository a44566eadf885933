import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Attempt } from '../../src/domain/audit.ts';
import { devicePsk, deviceProof, matchCode } from '../../src/protocol/device-key.ts';
import { codeOf, errorOf, newHello, onboardingSite, proofOf, register, request, trailOf, type Holder, type MakeHarness, type RolesHarness } from './roles.harness.ts';

const hourMs = 3_600_000;

export function apContract(name: string, make: MakeHarness): void {
  describe(`${name}: access point`, () => {
    let harness: RolesHarness;
    let factory: Holder;
    let owner: Holder;
    let ap: Holder;

    beforeAll(async () => {
      ({ harness, factory, owner, ap } = await onboardingSite(make));
    });
    afterAll(() => harness.close());

    test('knows itself and says what it serves', async () => {
      expect(await ap.ap.self()).toEqual({ apId: ap.token.apId, name: ap.token.name });
      const { items } = await owner.owner.accessPoints({ limit: 1000 });
      expect(items.find(({ id }) => id === ap.token.apId)).toMatchObject({
        name: ap.token.name, ssid: 'home', onboardingSsid: 'setup', lastSeenAt: expect.any(Date),
      });
      expect(await codeOf(ap.ap.announce({ ssid: '', onboardingSsid: 'setup', enforcement: 'per-grant' }))).toBe('invalid_input');
    });

    test('gets the key of a hello, and never for another access point', async () => {
      const { uuid, passTmp } = await register(factory);
      const hello = newHello(uuid);
      const keyOf = (apId: string, apNonce: Uint8Array) => devicePsk(passTmp, { ...hello, apId, apNonce });
      const { status, psk, apNonce } = await ap.ap.verify(hello);
      expect([status, psk]).toEqual(['known', keyOf(ap.token.apId!, apNonce)]);
      const elsewhere = await harness.hold('ap');
      const other = await elsewhere.ap.verify(hello);
      expect(other.psk).toEqual(keyOf(elsewhere.token.apId!, other.apNonce));
      expect((await ap.ap.verify(hello)).apNonce).not.toEqual(apNonce);
    });

    test('hears why a device does not get on, and nothing of one outside its scope', async () => {
      const { device } = await factory.factory.reserve({ ssid: 'setup' });
      const revoked = await register(factory);
      await factory.factory.revoke(revoked.uuid);
      const spent = await register(factory);
      await ap.ap.approve((await request(spent, ap)).id, 'local');
      harness.clock.pass(hourMs);
      const cameras = await harness.hold('ap', { models: ['camera'] });
      const lamp = await register(factory, { model: 'lamp' });
      const status = async (who: Holder, uuid: string) => who.ap.verify(newHello(uuid));
      const keyless = { psk: undefined, apNonce: expect.any(Buffer) };
      expect(await status(ap, device.uuid)).toEqual({ status: 'unknown', ...keyless });
      expect(await status(ap, randomUUID())).toEqual({ status: 'unknown', ...keyless });
      expect(await status(ap, revoked.uuid)).toEqual({ status: 'revoked', ...keyless });
      expect(await status(ap, spent.uuid)).toEqual({ status: 'spent', ...keyless });
      expect(await status(cameras, lamp.uuid)).toEqual({ status: 'unknown', ...keyless });
      expect(await codeOf(request(lamp, cameras))).toBe('proof_rejected');
      expect(await codeOf(request(spent, ap))).toBe('device_spent');
      expect(await codeOf(request(revoked, ap))).toBe('device_revoked');
      expect(await codeOf(status(ap, 'nonsense'))).toBe('invalid_input');
    });

    test('a proven device gets a request with the registry’s word and the match code', async () => {
      const device = await register(factory, { model: 'lamp', batch: 'b1', label: 'hall', passTmp: 'short', allowWeak: true });
      const proven = { ...(await proofOf(device, ap)), deviceLabel: '<b>Lampe</b>', showsCode: true, plain: true };
      const made = await ap.ap.request(proven);
      expect(made).toMatchObject({
        uuid: device.uuid, apId: ap.token.apId, status: 'pending', deviceLabel: '<b>Lampe</b>', model: 'lamp', batch: 'b1',
        label: 'hall', weak: true, plain: true, grantId: undefined,
        matchCode: matchCode(devicePsk(device.passTmp, { ...proven, apId: ap.token.apId! }), made.id),
      });
      expect(made.expiresAt.getTime() - made.createdAt.getTime()).toBe(hourMs);
      expect(await ap.ap.request(proven)).toEqual(made);
      harness.clock.pass(3 * 60_000);
      expect(await ap.ap.request(proven)).toEqual(made);
      const error = await errorOf(ap.ap.approve(made.id, 'auto'));
      expect([error?.code, error?.message]).toEqual(['forbidden', 'A device with a weak pass_tmp is never approved automatically.']);
    });

    test('a device cannot tell the id of its request, nor so its match code, before it makes it', async () => {
      const device = await register(factory);
      const proven = await proofOf(device, ap);
      const ofTheProof = createHash('sha256').update('latchkey/1 request\0').update(proven.deviceProof).digest();
      const { id } = await ap.ap.request(proven);
      expect(id).not.toBe(`req_${ofTheProof.subarray(0, 16).toString('base64url')}`);
    });

    test('without the right proof nothing is made', async () => {
      const device = await register(factory);
      const wrong = { ...(await proofOf(device, ap)), deviceProof: randomBytes(32) };
      expect(await codeOf(ap.ap.request(wrong))).toBe('proof_rejected');
      const elsewhere = await proofOf(device, await harness.hold('ap'));
      expect(await codeOf(ap.ap.request(elsewhere))).toBe('proof_rejected');
      expect((await owner.owner.requests({ uuid: device.uuid }, { limit: 10 })).items).toEqual([]);
    });

    test('a proof that was kept back is worth nothing later, nor of a nonce of its own', async () => {
      const device = await register(factory);
      const hoarded = await proofOf(device, ap);
      harness.clock.pass(2 * 60_000);
      expect(await codeOf(ap.ap.request(hoarded))).toBe('hello_expired');
      // Asking again about the same hello gives another nonce, and the proof is not under that.
      const { apNonce } = await ap.ap.verify(hoarded);
      expect(await codeOf(ap.ap.request({ ...hoarded, apNonce }))).toBe('proof_rejected');
      const own = { ...newHello(device.uuid), apNonce: randomBytes(32) };
      const ownProof = deviceProof(device.passTmp, { ...own, apId: ap.token.apId! });
      expect(await codeOf(ap.ap.request({ ...hoarded, ...own, deviceProof: ownProof }))).toBe('hello_expired');
      expect((await owner.owner.requests({ uuid: device.uuid }, { limit: 10 })).items).toEqual([]);
    });

    test('a proof that was withheld over a reset makes one request, in plain sight, which the next reset ends', async () => {
      const device = await register(factory);
      const withheld = await proofOf(device, ap);
      const elsewhere = await harness.hold('ap');
      await elsewhere.ap.approve((await request(device, elsewhere)).id, 'local');
      expect(await codeOf(ap.ap.request(withheld))).toBe('device_spent');
      await factory.factory.reset(device.uuid);
      const made = await ap.ap.request(withheld);
      expect(made.status).toBe('pending');
      const trail = (await trailOf(factory.factory, device.uuid)).map(({ action }) => action);
      expect(trail.slice(-2)).toEqual(['device.reset', 'request.created']);
      await factory.factory.reset(device.uuid);
      expect(await ap.ap.request(withheld)).toMatchObject({ id: made.id, status: 'denied' });
    });

    test('a newer request takes the older one’s place', async () => {
      const device = await register(factory);
      const older = await request(device, ap);
      const newer = await request(device, ap);
      expect((await owner.owner.request(older.id)).status).toBe('expired');
      expect((await owner.owner.request(newer.id)).status).toBe('pending');
      expect(await codeOf(ap.ap.approve(older.id, 'local'))).toBe('request_expired');
    });

    test('approval spends the pass_tmp and grants; then delivered, then joined, each once', async () => {
      const device = await register(factory);
      const { id } = await request(device, ap);
      const approved = await ap.ap.approve(id, 'local');
      expect(approved).toMatchObject({ status: 'approved', decidedBy: 'local', grantId: expect.any(String) });
      expect((await factory.factory.show(device.uuid)).spentBy).toBe(id);
      expect(await owner.owner.grant(approved.grantId!)).toMatchObject({
        subject: { kind: 'device', id: device.uuid }, network: { apId: ap.token.apId, ssid: 'home' }, source: 'device',
        requestId: id, state: 'active', endsAt: undefined, quotaBytes: undefined,
      });
      const delivered = await ap.ap.report(id, 'delivered');
      expect(delivered).toMatchObject({ status: 'delivered', deliveredAt: expect.any(Date) });
      expect(await ap.ap.report(id, 'delivered')).toEqual(delivered);
      expect((await ap.ap.report(id, 'joined')).status).toBe('joined');
      expect(await codeOf(ap.ap.report(id, 'declined'))).toBe('already_decided');
      const again = await errorOf(ap.ap.deny(id, 'local'));
      expect([again?.code, again?.message]).toEqual(['already_decided', `Request ${id} is joined, decided by local.`]);
    });

    test('a grant that is revoked before the device joined does not come back as a retry', async () => {
      const device = await register(factory);
      const { id } = await request(device, ap);
      const { grantId } = await ap.ap.approve(id, 'local');
      await owner.owner.revokeGrant(grantId!);
      expect(await owner.owner.request(id)).toMatchObject({ status: 'expired', reason: 'grant revoked' });
      expect((await ap.ap.verify(newHello(device.uuid))).status).toBe('spent');
      expect(await codeOf(request(device, ap))).toBe('device_spent');
    });

    test('what its user declines can be asked for again', async () => {
      const device = await register(factory);
      const { id } = await request(device, ap);
      const { grantId } = await ap.ap.approve(id, 'local');
      expect((await ap.ap.report(id, 'declined')).status).toBe('declined');
      expect((await owner.owner.grant(grantId!)).state).toBe('revoked');
      expect((await factory.factory.show(device.uuid)).spentBy).toBeUndefined();
      expect((await request(device, ap)).status).toBe('pending');
    });

    test('denied is denied, with a reason', async () => {
      const device = await register(factory);
      const { id } = await request(device, ap);
      expect(await ap.ap.deny(id, 'local', 'not mine')).toMatchObject({ status: 'denied', reason: 'not mine', decidedBy: 'local' });
      expect(await codeOf(ap.ap.approve(id, 'local'))).toBe('already_decided');
      expect(await codeOf(ap.ap.deny(id, 'local', 'a\u0000b'))).not.toBeUndefined();
    });

    test('of two access points one gets the device, the other’s request is denied', async () => {
      const device = await register(factory);
      const rival = await harness.hold('ap');
      const [mine, theirs] = [await request(device, ap), await request(device, rival)];
      const outcomes = await Promise.all([codeOf(ap.ap.approve(mine.id, 'local')), codeOf(rival.ap.approve(theirs.id, 'local'))]);
      expect(outcomes.filter((code) => code === undefined)).toHaveLength(1);
      expect(['already_decided', 'device_spent']).toContain(outcomes.find((code) => code !== undefined));
      const states = [await owner.owner.request(mine.id), await owner.owner.request(theirs.id)].map(({ status }) => status);
      expect(states.sort()).toEqual(['approved', 'denied']);
    });

    test('an approval of a spent device denies the request, also when the refusal is repeated', async () => {
      const device = await register(factory);
      const rival = await harness.hold('ap');
      const { id } = await request(device, rival);
      await ap.ap.approve((await request(device, ap)).id, 'local');
      expect((await owner.owner.request(id)).status).toBe('denied');
      expect(await codeOf(rival.ap.approve(id, 'local'))).toBe('already_decided');
    });

    test('nobody decides in time: it expires', async () => {
      const { id } = await request(await register(factory), ap);
      harness.clock.pass(hourMs);
      expect(await codeOf(owner.owner.approve(id))).toBe('request_expired');
      expect((await owner.owner.request(id)).status).toBe('expired');
    });

    test('what expires at another access point does not expire in its name', async () => {
      const device = await register(factory);
      const { id } = await request(device, ap);
      harness.clock.pass(hourMs);
      await (await harness.hold('ap')).ap.changes(0, 0);
      expect((await owner.owner.request(id)).status).toBe('expired');
      expect((await trailOf(factory.factory, device.uuid)).at(-1)).toMatchObject({ action: 'request.expired', actor: 'local', apId: ap.token.apId });
    });

    test('sees nothing of another access point', async () => {
      const { id } = await request(await register(factory, { passTmp: 'weak', allowWeak: true }), ap);
      const other = await harness.hold('ap');
      const works = [other.ap.approve(id, 'local'), other.ap.approve(id, 'auto'), other.ap.deny(id, 'local'), other.ap.report(id, 'joined')];
      expect(await Promise.all(works.map(codeOf))).toEqual(works.map(() => 'request_not_found'));
      expect(await codeOf(ap.ap.approve('no such id', 'local'))).toBe('request_not_found');
    });

    test('hears of changes at once, and of nothing that it knows', async () => {
      const quiet = await harness.hold('ap');
      const { revision } = await quiet.ap.changes(0, 0);
      expect(await quiet.ap.changes(revision, 0)).toEqual({ revision, now: expect.any(Date), requests: [], grants: [], accessCodes: [] });
      const { id } = await request(await register(factory), quiet);
      const heard = await quiet.ap.changes(revision, 0);
      expect(heard.requests.map((each) => each.id)).toEqual([id]);
      const waiting = quiet.ap.changes(heard.revision, 20_000);
      await owner.owner.approve(id);
      const changed = await waiting;
      expect(changed.revision).toBeGreaterThan(heard.revision);
      expect(changed.requests).toMatchObject([{ id, status: 'approved' }]);
      expect(changed.grants).toMatchObject([{ requestId: id, state: 'active' }]);
    });

    test('brings attempts, each once', async () => {
      const { uuid } = await register(factory);
      const attempt = (outcome: Attempt['outcome'], more: Partial<Attempt> = {}): Attempt => ({
        id: `att_${randomBytes(8).toString('hex')}`, at: harness.clock.now(), uuid, from: '192.0.2.7', outcome, detail: undefined, ...more,
      });
      const tried = [attempt('bad_proof', { detail: 'no handshake' }), attempt('wrong_ssid', { uuid: undefined }), attempt('asked')];
      await ap.ap.reportAttempts(tried);
      await ap.ap.reportAttempts([...tried.slice(1), attempt('bad_proof')]);
      await ap.ap.reportAttempts([]);
      const { items } = await owner.owner.attempts({ uuid }, { limit: 10 });
      expect(items.map(({ outcome }) => outcome)).toEqual(['bad_proof', 'asked', 'bad_proof']);
      expect(items.at(-1)).toEqual({ ...tried[0], apId: ap.token.apId });
      const refusals = (await trailOf(factory.factory, uuid)).filter(({ action }) => action === 'device.refused');
      expect(refusals.map(({ detail }) => detail['from'])).toEqual(['192.0.2.7', '192.0.2.7']);
    });

    test('brings no attempt from the future', async () => {
      const { uuid } = await register(factory);
      const at = new Date('9999-12-31T23:59:59.999Z');
      await ap.ap.reportAttempts([{ id: 'att_early', at, uuid, from: '192.0.2.7', outcome: 'asked', detail: undefined }]);
      const [attempt] = (await owner.owner.attempts({ uuid }, { limit: 10 })).items;
      expect(attempt?.id).toBe('att_early');
      expect(attempt!.at < harness.clock.now()).toBe(true);
    });
  });
}
