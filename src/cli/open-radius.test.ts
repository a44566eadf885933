import { beforeEach, expect, test, vi } from 'vitest';
import type { GrantKeyStore } from '../roles/agent/store.ts';
import { prepareRadius } from './open-radius.ts';

const keys = {} as GrantKeyStore;
const listen = { host: '127.0.0.1', port: 0 };

beforeEach(() => {
  vi.stubEnv('LATCHKEY_SECRET_STORE', 'env');
  vi.stubEnv('LATCHKEY_RADIUS_SECRET_HALL', 'of the hall');
  vi.stubEnv('LATCHKEY_SECRET_RADIUS_CAMPUS', 'of the campus');
  return () => vi.unstubAllEnvs();
});

function prepare(...nas: string[]) {
  return prepareRadius({ ssid: 'Home', security: 'wpa2-psk', listen, 'accounting-listen': listen, nas, dialect: 'standard' }, {});
}

test('an access point’s secret comes from its variable or the secret store', async () => {
  const radio = await (await prepare('hall=10.0.0.5', 'campus=2001:db8::/32,cisco,orders=1700'))(keys, () => {});
  expect(radio).toMatchObject({ kind: 'radius', enforcement: 'per-grant', restrictedVlan: undefined });
});

test('one whose secret is nowhere says where it is looked for', async () => {
  await expect(prepare('tower-2=10.0.0.9')).rejects.toMatchObject({
    code: 'missing_input',
    hint: 'Store it with `latchkey secret set radius/tower-2`, or set LATCHKEY_RADIUS_SECRET_TOWER_2.',
  });
});

test.each([
  ['hall', 'not like'],
  ['hall=', 'not like'],
  ['=10.0.0.5', 'name'],
  ['a b=10.0.0.5', 'name'],
  ['hall=10.0.0.5,juniper', '"juniper" is none of'],
  ['hall=10.0.0.5,orders=0', '"orders=0" is none of'],
  ['hall=10.0.0.5,orders=65536', '"orders=65536" is none of'],
])('--nas %s is none', async (nas, message) => {
  await expect(prepare(nas)).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining(message) });
});

test('a name is taken once', async () => {
  await expect(prepare('hall=10.0.0.5', 'hall=10.0.0.6')).rejects.toMatchObject({ code: 'invalid_input', message: '--nas names hall twice.' });
});
