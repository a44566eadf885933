import { expect, test } from 'vitest';
import { EnvStore } from './env-store.ts';

const uuid = '9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d';
const env = {
  LATCHKEY_SECRET_STORE: 'env',
  LATCHKEY_SECRET_KEY_FILE: '/etc/key',
  LATCHKEY_SECRET_PROFILE_AP_TOKEN: 'lk_ap_token',
  LATCHKEY_SECRET_DEVICE_9F1C7A52_6F0B_4F43_9D0E_1D2F8A0B1C2D_PASS_TMP: 'abcd',
  LATCHKEY_SECRET_AP_PASSWORD: '',
  LATCHKEY_PASSPHRASE: 'not a secret of this store',
};

test.each([
  ['profile/ap/token', 'lk_ap_token'],
  [`device/${uuid}/pass_tmp`, 'abcd'],
  ['ap/password', undefined],
  ['storage-key', undefined],
])('%s comes from its variable', async (name, value) => {
  expect(await new EnvStore(env).get(name)).toBe(value);
});

test('names are the variables in its own spelling, which it also takes', async () => {
  const store = new EnvStore(env);
  const names = await store.names();

  expect(names).toEqual([`device_${uuid.replaceAll('-', '_')}_pass_tmp`, 'profile_ap_token']);
  expect(await Promise.all(names.map((name) => store.get(name)))).toEqual(['abcd', 'lk_ap_token']);
});

test('writing fails and says which variable to set, but not to what', async () => {
  const failure = await new EnvStore(env).set('ap/password', 'open sesame').catch((error: unknown) => error);

  expect(failure).toMatchObject({
    code: 'secret_store_unavailable',
    exit: 7,
    hint: expect.stringContaining('LATCHKEY_SECRET_AP_PASSWORD'),
  });
  expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('sesame');
});

test('deleting what is not there is nothing to do; what is there stays', async () => {
  const store = new EnvStore(env);

  expect(await store.delete('storage-key')).toBe(false);
  await expect(store.delete('profile/ap/token')).rejects.toMatchObject({
    code: 'secret_store_unavailable',
    hint: 'Unset LATCHKEY_SECRET_PROFILE_AP_TOKEN yourself.',
  });
});

test.each(['store', 'key-file', 'key_file'])('the settings of the stores are no secrets (%s)', async (name) => {
  await expect(new EnvStore(env).get(name)).rejects.toMatchObject({ code: 'invalid_input' });
});
