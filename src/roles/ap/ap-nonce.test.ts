import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Store } from '../store.ts';
import { ApNonces } from './ap-nonce.ts';

const random = { bytes: (length: number) => randomBytes(length) };
const context = { uuid: '9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d', apId: 'ap_1', deviceNonce: randomBytes(32) };

/** A registry's settings and nothing else. */
function registry(): Store {
  const settings = new Map<string, string>();
  return {
    settings: {
      get: async (name: string) => settings.get(name),
      insert: async (name: string, value: string) => !settings.has(name) && Boolean(settings.set(name, value)),
    },
  } as unknown as Store;
}

test('a proof makes one request at every server of a registry, and another at another registry', async () => {
  const [ours, theirs, proof] = [registry(), registry(), randomBytes(32)];
  const idAt = async (store: Store) => {
    const server = new ApNonces(random);
    await server.issue(store, context, new Date());
    return server.requestId(store, proof);
  };
  const id = await idAt(ours);
  expect(id).toMatch(/^req_[A-Za-z0-9_-]{22}$/);
  expect(await idAt(ours)).toBe(id);
  // Whoever knows the proof alone, as its device does, cannot tell the id, nor then the match code.
  expect(await idAt(theirs)).not.toBe(id);
});

test('without a nonce ever made there is no proof under one', async () => {
  expect(await new ApNonces(random).requestId(registry(), randomBytes(32))).toBeUndefined();
});
