import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DeviceIdentity } from '../../src/roles/device/ports.ts';
import { answerIn, http, psk, sClient, sClientCommands } from './openssl.ts';
import { sayHello } from './raw-device.ts';
import { password, Site } from './site.ts';

let site: Site;
let identity: DeviceIdentity;
beforeAll(async () => {
  site = await Site.open();
  identity = await site.device();
});
afterAll(() => site.close());

const probe = http('GET', '/v1/access-requests/req_none');
/** Whether the handshake was good and the agent answered: it knows the hello, and no such request. */
const answered = /404 Not Found[^]*request_not_found/;
const refused = /SSL alert number \d+/;

describe.each([
  ['TLS 1.3', ['-tls1_3'], /TLSv1\.3, Cipher is TLS_AES_128_GCM_SHA256/],
  ['TLS 1.2', ['-tls1_2'], /Cipher is ECDHE-PSK-CHACHA20-POLY1305/],
])('openssl as the device, over %s', (_name, version, cipher) => {
  test('asks and is answered', async () => {
    const device = await site.device();
    const hello = await sayHello(site.agent, device);
    const key = psk(hello.helloId, hello.psk);
    const asked = await sClient(hello.securePort, [...version, ...key], http('POST', '/v1/access-requests', {
      uuid: device.uuid, device_proof: hello.proof, shows_code: false,
    }));
    expect(asked.text).toMatch(cipher);
    const { status, body } = answerIn(asked);
    expect({ status, body }).toEqual({ status: 201, body: { request_id: expect.any(String), status: 'pending' } });

    const path = `/v1/access-requests/${String(body.request_id)}`;
    const waiting = sClient(hello.securePort, [...version, ...key], http('GET', `${path}?wait=20`));
    await site.agent.service.approve(String(body.request_id));
    expect(answerIn(await waiting)).toMatchObject({ status: 200, body: { status: 'approved', uuid: device.uuid, password } });
    expect((await sClient(hello.securePort, [...version, ...key], http('POST', `${path}/joined`))).text).toContain('204 No Content');
  });

  test('a wrong key is refused, and recorded', async () => {
    const hello = await sayHello(site.agent, identity);
    const { text } = await sClient(hello.securePort, [...version, ...psk(hello.helloId, Buffer.alloc(32))], probe);
    expect(text).toMatch(refused);
    expect(text).not.toContain('HTTP/1.1');
    await site.event((event) => event.kind === 'attempt' && event.attempt.outcome === 'bad_proof' && event.attempt.uuid === identity.uuid);
  });

  test('an unknown hello_id is refused', async () => {
    const hello = await sayHello(site.agent, identity);
    const { text } = await sClient(hello.securePort, [...version, ...psk('hel_unknown', hello.psk)], probe);
    expect(text).toMatch(refused);
    expect(text).not.toContain('HTTP/1.1');
  });

  test('a replayed hello does not bring the earlier key to life', async () => {
    const earlier = await sayHello(site.agent, identity);
    const replay = await sayHello(site.agent, identity);
    const { text } = await sClient(earlier.securePort, [...version, ...psk(replay.helloId, earlier.psk)], probe);
    expect(text).toMatch(refused);
    expect(text).not.toContain('HTTP/1.1');
  });

  test('a session is never resumed, neither with the key at hand nor without', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-session-'));
    const session = join(folder, 'session.pem');
    try {
      const device = await site.device();
      const hello = await sayHello(site.agent, device);
      const key = psk(hello.helloId, hello.psk);
      const first = await sClient(hello.securePort, [...version, ...key, '-sess_out', session], probe);
      expect(first.text).toMatch(answered);
      expect(await readFile(session, 'utf8')).toContain('SSL SESSION');

      const { text } = await sClient(hello.securePort, [...version, '-sess_in', session], probe);
      expect(text).not.toContain('HTTP/1.1');
      site.pass(61_000);
      const late = await sClient(hello.securePort, [...version, ...key, '-sess_in', session], probe);
      expect(late.text).not.toContain('HTTP/1.1');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('every reconnection asks for the key', async () => {
    const hello = await sayHello(site.agent, identity);
    const { text } = await sClient(hello.securePort, [...version, ...psk(hello.helloId, hello.psk), '-reconnect'], probe);
    expect(text).toMatch(answered);
    // In TLS 1.3 openssl calls a handshake by an outside key "Reused" too; what must not be is a session id or ticket in use.
    expect(text.match(/drop connection and then reconnect/g)).toHaveLength(5);
    if (version[0] === '-tls1_2') {
      expect(text).not.toMatch(/^Reused/m);
    }
  });
});

describe('what has no forward secrecy, or shows no key', () => {
  test.each([
    ['PSK without (EC)DHE', ['-tls1_2', '-cipher', 'PSK-AES128-CBC-SHA256:PSK-AES128-GCM-SHA256:PSK-CHACHA20-POLY1305']],
    ['DHE-PSK', ['-tls1_2', '-cipher', 'DHE-PSK-AES128-GCM-SHA256:DHE-PSK-CHACHA20-POLY1305']],
    ['RSA-PSK', ['-tls1_2', '-cipher', 'RSA-PSK-AES128-GCM-SHA256']],
    ['ECDHE-PSK with SHA-1', ['-tls1_2', '-cipher', 'ECDHE-PSK-AES128-CBC-SHA:@SECLEVEL=0']],
    ['a certificate suite', ['-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256']],
    ['TLS 1.3 with SHA-384', ['-tls1_3', '-ciphersuites', 'TLS_AES_256_GCM_SHA384']],
    ['TLS 1.3 with no group in common, psk_ke offered', ['-tls1_3', '-allow_no_dhe_kex', '-groups', 'ffdhe8192']],
    ['TLS 1.1', ['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0']],
  ])('%s is refused', async (_name, args) => {
    const hello = await sayHello(site.agent, identity);
    const { text } = await sClient(hello.securePort, [...args, ...psk(hello.helloId, hello.psk)], probe);
    expect(text).toMatch(refused);
    expect(text).not.toContain('HTTP/1.1');
  });

  test.each([['TLS 1.3', '-tls1_3'], ['TLS 1.2', '-tls1_2']])('%s without a key is refused: there is no certificate', async (_name, version) => {
    const { text } = await sClient(site.agent.securePort, [version], probe);
    expect(text).toMatch(refused);
    expect(text).toContain('no peer certificate available');
    expect(text).not.toContain('HTTP/1.1');
  });
});

test.each([
  ['TLS_CHACHA20_POLY1305_SHA256', ['-tls1_3', '-ciphersuites', 'TLS_CHACHA20_POLY1305_SHA256']],
  ['ECDHE-PSK-CHACHA20-POLY1305', ['-tls1_2', '-cipher', 'ECDHE-PSK-CHACHA20-POLY1305']],
  ['ECDHE-PSK-AES128-CBC-SHA256', ['-tls1_2', '-cipher', 'ECDHE-PSK-AES128-CBC-SHA256']],
])('%s is spoken', async (cipher, args) => {
  const hello = await sayHello(site.agent, identity);
  const { text } = await sClient(hello.securePort, [...args, ...psk(hello.helloId, hello.psk)], probe);
  expect(text).toMatch(answered);
  expect(text).toContain(`Cipher is ${cipher}`);
});

test('a connection keeps the key that it began with: no renegotiation', async () => {
  const hello = await sayHello(site.agent, identity);
  const { text } = await sClientCommands(hello.securePort, ['-tls1_2', ...psk(hello.helloId, hello.psk)], 'R\n');
  expect(text).toContain('RENEGOTIATING');
  expect(text).toContain('no renegotiation');
});

test('early data is not taken', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-session-'));
  try {
    const hello = await sayHello(site.agent, identity);
    const key = psk(hello.helloId, hello.psk);
    const { text } = await sClient(hello.securePort, ['-tls1_3', ...key, '-sess_out', join(folder, 'session')], probe);
    expect(text).toMatch(/Max Early Data: 0|Early data was not sent/i);
  } finally {
    await rm(folder, { recursive: true });
  }
});
