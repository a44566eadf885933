import { expect, test } from 'vitest';
import type { ServiceContext } from '../service-context.ts';
import type { KeptTap, Tap } from './store.ts';
import { refusalOfTap } from './taps.ts';

const tap: Tap = { registerId: 'pos_1', key: 'key-1', subjectId: 'sub_1', fingerprint: new Uint8Array(32).fill(1) };

/** What a tap came to of which this is on record. */
const refusal = (kept: Partial<KeptTap> | undefined) =>
  refusalOfTap({ store: { taps: { find: async () => kept && { fingerprint: tap.fingerprint, cameTo: 'charged', ...kept } } } } as unknown as ServiceContext, tap);

test('a tap came to a charge or to a final refusal', async () => {
  expect([await refusal(undefined), await refusal({}), await refusal({ cameTo: 'mandate_exceeded' })]).toEqual([undefined, undefined, 'mandate_exceeded']);
});

test('another one under the same key is refused', async () => {
  await expect(refusal({ fingerprint: new Uint8Array(32) })).rejects.toMatchObject({ code: 'idempotency_mismatch' });
});

test.each(['', 'storage_full', 'nonsense'])('a record that says %j is no charge', async (cameTo) => {
  await expect(refusal({ cameTo })).rejects.toMatchObject({ code: 'internal' });
});
