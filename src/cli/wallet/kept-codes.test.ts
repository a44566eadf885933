import { expect, test } from 'vitest';
import { signToken } from '../../protocol/credit-code.ts';
import { newEd25519 } from '../../protocol/ed25519.ts';
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
const signed = signToken(
  {
    id: 'code_nN4i0m0pR8mM9m6lq2c6Dw', issuer: 'here', holderKey: newEd25519(seed).publicKey, currency: 'EUR', maxEach: 500n, maxTotal: 2000n, uses: 5, payees: undefined,
    issuedAt: new Date('2026-11-30T10:00:00.000Z'), expiresAt: new Date('2026-12-01T10:00:00.000Z'),
  },
  newEd25519(seed),
);

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

test('what is no code is none, and says so, and not what it is; others beside it are as before', async () => {
  const name = (key: string) => `wallet/acc_1/credit-code/key.${key}`;
  const kept = new StoredCreditCodes(memoryStore(new Map([[name('monday'), 'a secret'], [name('tuesday'), `${seed.toString('base64url')} ${Buffer.from('torn').toString('base64url')}`]])));
  const whole = { accountId: 'acc_1', key: 'wednesday', seed, signed };
  await kept.set(whole);
  expect(await kept.list()).toEqual([whole]);
  expect(await kept.unreadable()).toMatchObject(['monday', 'tuesday'].map((key) => ({ code: 'invalid_input', message: `What the secret store has as ${name(key)} is no credit payment code.` })));
  await expect(kept.get('acc_1', 'monday')).rejects.toMatchObject({ code: 'invalid_input', message: expect.not.stringContaining('a secret') });
});
