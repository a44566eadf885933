import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { openSecretStore } from './open-secret-store.ts';

const paths = { data: tmpdir() };

test.each([
  [undefined, 'keychain'],
  ['', 'keychain'],
  ['keychain', 'keychain'],
  ['file', 'file'],
  ['env', 'env'],
])('LATCHKEY_SECRET_STORE=%s opens %s', async (setting, kind) => {
  const env = setting === undefined ? {} : { LATCHKEY_SECRET_STORE: setting };

  expect((await openSecretStore(env, paths)).kind).toBe(kind);
});

test.each(['File', 'vault', 'keychain,file'])('LATCHKEY_SECRET_STORE=%s is refused', async (setting) => {
  await expect(openSecretStore({ LATCHKEY_SECRET_STORE: setting }, paths)).rejects.toMatchObject({
    code: 'invalid_input',
    message: `LATCHKEY_SECRET_STORE=${setting} is none of keychain, file and env.`,
  });
});
