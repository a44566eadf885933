import { expect, test } from 'vitest';
import type { SecretStore } from '../../roles/secret-store.ts';
import { checkName } from '../../secrets/entry.ts';
import { StoredCreditCodes } from './kept-codes.ts';

function memoryStore(secrets = new Map<string, string>()): SecretStore {
  return {
    kind: 'file',
    get: async (name) => secrets.get(checkName(name)),
    set: async (name, value) => void secrets.set(checkName(name), value),
    delete: async (name) => secrets.delete(name),
    names: async () => [...secrets.keys()].sort(),
  };
}

const seed = Buffer.alloc(32, 7);
const signed = Buffer.from('a signed token');

test('several codes of several accounts are kept, issued or not yet, beside other secrets', async () => {
  const store = memoryStore(new Map([['wallet/acc_1/temporary-code', 'x'], ['profile/phone/token', 'y']]));
  const kept = new StoredCreditCodes(store);
  const pending = { accountId: 'acc_1', key: '-_monday', seed, signed: undefined };
  const issued = { accountId: 'acc_2', key: 'tuesday', seed, signed };
  await kept.set(pending);
  await kept.set(issued);
  expect(await kept.list()).toEqual([pending, issued]);
  await kept.set({ ...pending, signed });
  expect(await kept.get('acc_1', '-_monday')).toEqual({ ...pending, signed });
  await kept.remove(issued);
  expect(await kept.list()).toEqual([{ ...pending, signed }]);
  expect(await kept.get('acc_2', 'tuesday')).toBeUndefined();
});

test('what is no code says so, and not what it is', async () => {
  const kept = new StoredCreditCodes(memoryStore(new Map([['wallet/acc_1/credit-code/key.monday', 'a secret']])));
  await expect(kept.list()).rejects.toMatchObject({ code: 'invalid_input', message: expect.not.stringContaining('a secret') });
});
