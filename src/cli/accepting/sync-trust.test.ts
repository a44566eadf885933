import { expect, test } from 'vitest';
import { systemClock } from '../local-registry.ts';
import type { TrustList } from '../../roles/codes/ports.ts';
import { openAcceptanceStore } from '../../storage/acceptance-store.ts';
import { clockTrouble } from '../clock-trouble.ts';
import { fetchTrust } from './sync-trust.ts';

async function aheadOf(serverAheadMs: number): Promise<{ readonly ahead: number; readonly kept: Date | undefined }> {
  const store = await openAcceptanceStore({ path: ':memory:' });
  const trust = async (): Promise<TrustList> => ({ issuer: 'issuer_1', asOf: new Date(systemClock.now().getTime() + serverAheadMs), keys: [], revoked: [] });
  const ahead = await fetchTrust({ store }, { trust });
  const kept = store.trust()?.asOf;
  store.close();
  return { ahead, kept };
}

test('a clock that is in step is not blamed for the way there and back', async () => {
  const { ahead, kept } = await aheadOf(0);
  expect(ahead).toBe(0);
  expect(kept).toBeInstanceOf(Date);
});

test.each([[600_000, 'behind'], [-600_000, 'ahead of']])('one that is %i ms off is told by how much', async (serverAheadMs, word) => {
  const { ahead } = await aheadOf(serverAheadMs);
  expect(Math.abs(ahead + serverAheadMs)).toBeLessThan(5_000);
  expect(clockTrouble(ahead, 'pos')).toMatch(new RegExp(`^This machine’s clock is (10min|9min5\\ds) ${word} the server’s`));
});

test('up to what codes bear nothing is said', () => {
  expect([clockTrouble(0, 'pos'), clockTrouble(30_000, 'pos'), clockTrouble(-30_000, 'terminal')]).toEqual([undefined, undefined, undefined]);
  expect(clockTrouble(30_001, 'terminal')).toBeTypeOf('string');
});
