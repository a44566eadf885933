import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TerminatedService } from '../../src/roles/card/ports.ts';
import { codeOf, type MakeHarness, type RolesHarness } from './roles.harness.ts';

const terminated: TerminatedService = {
  application: 'spending',
  version: 3,
  policyHash: 'hdixa4dDaLNcl2MZhT2fb1TWoBYxjxg9vIfzNdw70WA',
  kind: 'payment',
  failed: [{ id: 'daily', reason: 'Ten a day.' }, { id: 'large' }],
  at: new Date('2026-11-30T12:00:00.000Z'),
  key: 'order-4711',
};

export function terminationsContract(name: string, make: MakeHarness): void {
  describe(`${name}: what security checks terminate`, () => {
    let harness: RolesHarness;
    beforeAll(async () => {
      harness = await make();
    });
    afterAll(() => harness.close());

    test('is told by wallets and cash registers, and in the audit log then', async () => {
      const [terminal, pos, admin] = [await harness.hold('terminal'), await harness.hold('pos'), await harness.hold('admin')];
      await terminal.wallet.terminated(terminated);
      await pos.pos.terminated({ ...terminated, failed: [{ id: 'large' }], key: 'order-4712' });
      const { items } = await admin.admin.auditEntries({ action: 'service.terminated' }, { limit: 10 });
      expect(items.filter(({ detail }) => detail?.['key'] !== 'order-4713').map(({ actor, detail }) => [actor.split(':')[0], detail])).toEqual([
        ['terminal', { application: 'spending', version: 3, policy_hash: terminated.policyHash, kind: 'payment', failed: 'daily, large', reason: 'Ten a day.', service_at: '2026-11-30T12:00:00.000Z', key: 'order-4711' }],
        ['pos', { application: 'spending', version: 3, policy_hash: terminated.policyHash, kind: 'payment', failed: 'large', service_at: '2026-11-30T12:00:00.000Z', key: 'order-4712' }],
      ]);
    });

    test('is told once, whatever else is said of it, and no more of it than somebody reads', async () => {
      const [terminal, admin] = [await harness.hold('terminal'), await harness.hold('admin')];
      const failed = Array.from({ length: 400 }, (_, at) => ({ id: `rule-${at}`, reason: 'r'.repeat(250) }));
      await terminal.wallet.terminated({ ...terminated, failed: failed.slice(0, 150), key: 'order-4713' });
      await terminal.wallet.terminated({ ...terminated, at: new Date(0), key: 'order-4713' });
      const { items } = await admin.admin.auditEntries({ action: 'service.terminated' }, { limit: 10 });
      const told = items.filter(({ detail }) => detail?.['key'] === 'order-4713');
      expect(told).toHaveLength(1);
      expect(String(told[0]!.detail!['failed']).split(', ')).toHaveLength(20);
      expect(String(told[0]!.detail!['reason']).length).toBeLessThan(1_100);
    });

    test('is told by nobody else', async () => {
      for (const role of ['factory', 'technician', 'owner'] as const) {
        expect(await codeOf((await harness.hold(role)).wallet.terminated(terminated))).toBe('forbidden');
      }
    });
  });
}
