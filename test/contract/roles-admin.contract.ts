import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAuditHeadSigned } from '../../src/roles/admin/audit-head.ts';
import { codeOf, register, type Holder, type MakeHarness, type RolesHarness } from './roles.harness.ts';

export function adminContract(name: string, make: MakeHarness): void {
  describe(`${name}: admin`, () => {
    let harness: RolesHarness;
    let admin: Holder;

    beforeAll(async () => {
      harness = await make();
      admin = await harness.hold('admin');
    });
    afterAll(() => harness.close());

    test('an enrolment code gives one token of its role and scope, once', async () => {
      const scope = { models: ['lamp'], batches: ['b1'] };
      const { code, enrollCode } = await admin.admin.createEnrollCode({ role: 'ap', scope, lifetimeMs: 1500 });
      expect(enrollCode).toMatchObject({ role: 'ap', scope });
      expect(enrollCode.expiresAt.getTime() - enrollCode.createdAt.getTime()).toBe(1500);
      const { secret, token } = await harness.nobody.enroll(code, 'Café №1');
      expect(secret).toMatch(/^lk_ap_[A-Za-z0-9_-]{22}$/);
      expect(token).toMatchObject({ role: 'ap', name: 'Café №1', scope, apId: expect.stringMatching(/^ap_/), revokedAt: undefined });
      expect(await codeOf(harness.nobody.enroll(code, 'again'))).toBe('enroll_code_invalid');
      expect(await codeOf(harness.nobody.enroll('lke_unknown', 'x'))).toBe('enroll_code_invalid');
    });

    test('an enrolment is on record with the code that it was by and where it came from', async () => {
      const { code, enrollCode } = await admin.admin.createEnrollCode({ role: 'ap', scope: {}, lifetimeMs: 1500 });
      const { token } = await harness.nobody.enroll(code, 'Hall');
      const entries = async (action: 'enroll_code.used' | 'token.created') =>
        (await admin.admin.auditEntries({ action }, { limit: 1000 })).items.filter(({ apId }) => apId === token.apId);
      const actor = `newcomer:${enrollCode.id}`;
      expect(await entries('enroll_code.used')).toMatchObject([{ actor, detail: { enroll_code_id: enrollCode.id, role: 'ap', from: '127.0.0.1' } }]);
      expect(await entries('token.created')).toMatchObject([{ actor, detail: { token_id: token.id } }]);
    });

    test('who has no token yet is nobody who may ask', async () => {
      expect(await codeOf(harness.nobody.whoami())).toBe('unauthorized');
    });

    test('a code is good until it expires', async () => {
      const { code } = await admin.admin.createEnrollCode({ role: 'factory', scope: {}, lifetimeMs: 1000 });
      harness.clock.pass(1000);
      expect(await codeOf(harness.nobody.enroll(code, 'late'))).toBe('enroll_code_invalid');
    });

    test('a code with a bad name is not used up', async () => {
      const { code } = await admin.admin.createEnrollCode({ role: 'factory', scope: {}, lifetimeMs: 10_000 });
      expect(await codeOf(harness.nobody.enroll(code, ''))).toBe('invalid_input');
      expect((await harness.nobody.enroll(code, 'line 4')).token.name).toBe('line 4');
    });

    test('the same key makes the same code', async () => {
      const input = { role: 'owner', scope: {}, lifetimeMs: 60_000 } as const;
      const first = await admin.admin.createEnrollCode(input, 'k1');
      expect(await admin.admin.createEnrollCode(input, 'k1')).toEqual(first);
      expect(await codeOf(admin.admin.createEnrollCode({ ...input, role: 'pos' }, 'k1'))).toBe('idempotency_mismatch');
    });

    test('what makes no sense is refused', async () => {
      const create = (more: object) => codeOf(admin.admin.createEnrollCode({ role: 'factory', scope: {}, lifetimeMs: 1000, ...more }));
      expect(await create({ lifetimeMs: 0 })).toBe('invalid_input');
      expect(await create({ lifetimeMs: 31 * 86_400_000 })).toBe('invalid_input');
      expect(await create({ scope: { aps: ['ap_1'] } })).toBe('invalid_input');
    });

    test('who holds a token can ask which', async () => {
      const technician = await harness.hold('technician', { aps: ['ap_1'] });
      expect(await technician.enrollment.whoami()).toMatchObject({
        kind: 'token', token: { id: technician.token.id, role: 'technician', name: technician.token.name, scope: { aps: ['ap_1'] } },
      });
    });

    test('lists tokens and revokes them, and revoking again keeps the first time', async () => {
      const { token } = await harness.hold('factory');
      const listed = async () => {
        const tokens = [];
        let after: string | undefined;
        do {
          const page = await admin.admin.tokens({ limit: 3, after });
          tokens.push(...page.items);
          after = page.next;
        } while (after !== undefined);
        return tokens.find(({ id }) => id === token.id);
      };
      expect(await listed()).toMatchObject({ id: token.id, revokedAt: undefined });
      const revoked = await admin.admin.revokeToken(token.id);
      expect(revoked.revokedAt).toBeInstanceOf(Date);
      expect((await admin.admin.revokeToken(token.id)).revokedAt).toEqual(revoked.revokedAt);
      expect((await listed())?.revokedAt).toEqual(revoked.revokedAt);
      expect(await codeOf(admin.admin.revokeToken('tok_none'))).toBe('token_not_found');
    });

    test('the audit log tells who did what, oldest first, and its chain holds', async () => {
      const factory = await harness.hold('factory');
      const { uuid } = await register(factory);
      const { items } = await admin.admin.auditEntries({ uuid }, { limit: 10 });
      expect(items.map(({ action, actor }) => [action, actor])).toEqual([
        ['device.reserved', `factory:${factory.token.id}:${factory.token.name}`],
        ['device.registered', `factory:${factory.token.id}:${factory.token.name}`],
      ]);
      const created = await admin.admin.auditEntries({ action: 'token.created' }, { limit: 1 });
      expect(created).toMatchObject({ items: [{ action: 'token.created', detail: { role: 'admin' } }], next: expect.any(String) });
      const verified = await admin.admin.verifyAudit();
      expect(verified).toMatchObject({ ok: true, broken: undefined, unsealed: 0n });
      expect(verified.head?.count).toBeGreaterThan(2n);
      const head = await admin.admin.auditHead();
      expect(isAuditHeadSigned(head)).toBe(true);
      expect(head.count).toBeGreaterThanOrEqual(verified.head!.count);
      expect(isAuditHeadSigned({ ...head, count: head.count + 1n })).toBe(false);
      await register(factory);
      expect(await admin.admin.verifyAudit(head)).toMatchObject({ ok: true });
      const forged = { ...head, hash: new Uint8Array(32) };
      expect(await admin.admin.verifyAudit(forged)).toMatchObject({ ok: false, broken: { id: head.id } });
    });
  });
}
