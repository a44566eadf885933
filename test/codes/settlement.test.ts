import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store } from '../../src/roles/store.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { issueCode, openCodeRegister } from '../contract/code-parties.ts';
import { rolesHere } from '../contract/roles-here.ts';
import type { RolesHarness } from '../contract/roles.harness.ts';
import { openShop } from '../contract/shop.ts';
import { testSealer } from '../storage/sealer.ts';

let store: Store;
let harness: RolesHarness;

beforeEach(async () => {
  store = await openMemoryStore(testSealer());
});

afterEach(() => harness.close());

test('a settlement that fails ends when nothing of it is written any more', async () => {
  const shop = await openShop(() => rolesHere(async () => ({ store, remove: async () => {} })));
  harness = shop.harness;
  const register = await openCodeRegister(harness, shop.cafe);
  const code = await issueCode(harness, shop.terminal, { uses: 200, maxEach: 10n });
  const accepted = Array.from({ length: 101 }, (_, index) => register.take(code, index + 1, '0.10EUR'));

  const ended: string[] = [];
  const known = store.codeReceipts.known.bind(store.codeReceipts);
  const transaction = store.transaction.bind(store);
  let failed!: () => void;
  const failure = new Promise<void>((resolve) => (failed = resolve));
  let parts = 0;
  store.codeReceipts.known = async (...of) => {
    parts += 1;
    if (parts === 2) {
      failed();
      throw new Error('the disk is gone');
    }
    return known(...of);
  };
  store.transaction = async <T>(work: (tx: Store) => Promise<T>): Promise<T> => {
    // The first part is written when the next has failed, and a while after it.
    await failure;
    for (let turns = 0; turns < 20; turns += 1) await new Promise(setImmediate);
    try {
      return await transaction(work);
    } finally {
      ended.push('written');
    }
  };
  await expect(register.settle(...accepted).finally(() => ended.push('settled'))).rejects.toThrow('the disk is gone');
  expect(ended).toEqual(['written', 'settled']);
  expect((await shop.admin.codes.code(code.id)).settledUses).toBe(100);
});
