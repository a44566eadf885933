import { randomBytes } from 'node:crypto';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { deviceProof } from '../../src/protocol/device-key.ts';
import { makeLog } from '../../src/server/log.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { testSealer } from '../storage/sealer.ts';
import { withFault } from './faulty-store.ts';
import { expectProblem } from './problem-document.ts';
import { ask } from './raw-http.ts';
import { enrollIn, startServer } from './running-server.ts';

/** Log lines as they are written. */
class Lines extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
  get entries(): Record<string, unknown>[] {
    return this.text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

test('no secret gets into the log, at the most talkative level', async () => {
  const stream = new Lines();
  const running = await startServer({ log: { level: 'trace', stream } });
  const { port } = running;
  try {
    const admin = (await running.enroll('admin')).secret;
    const post = async (path: string, token: string | undefined, body: object = {}) =>
      JSON.parse((await ask(port, 'POST', path, { token, body: JSON.stringify(body) })).body) as Record<string, string>;
    const { code } = await post('/v1/enroll-codes', admin, { role: 'ap', expires_in: 60 });
    const { token, ap_id: apId } = await post('/v1/enrollments', undefined, { code, name: 'hall' });
    const { uuid, pass_tmp: passTmp } = await post('/v1/devices', admin, { ssid: 'setup' });
    await post(`/v1/devices/${uuid}/confirm`, admin);
    const deviceNonce = randomBytes(32);
    const device_nonce = deviceNonce.toString('base64url');
    const { psk, ap_nonce } = await post('/v1/verifications', token, { uuid, device_nonce });
    const nonces = { deviceNonce, apNonce: Buffer.from(ap_nonce!, 'base64url') };
    const proof = deviceProof(passTmp!, { uuid: uuid!, apId: apId!, ...nonces }).toString('base64url');
    await post('/v1/access-requests', token, { uuid, device_nonce, ap_nonce, device_proof: proof, shows_code: true, plain: false });
    await post('/v1/devices', admin, { ssid: 'setup', uuid, pass_tmp: 'x'.repeat(20) });
    await ask(port, 'GET', `/v1/devices?after=${passTmp}`, { token: admin });
    await ask(port, 'GET', '/v1/whoami', { token: `${token}x` });

    const secrets = { admin, code, token, passTmp, psk, proof };
    for (const [name, secret] of Object.entries(secrets)) {
      expect(secret, name).toMatch(/^.{20,}$/);
      expect(stream.text, name).not.toContain(secret);
    }
    expect(stream.entries.map(({ path }) => path)).toContain('/v1/access-requests');
  } finally {
    await running.stop();
  }
});

test('what breaks inside is in the log with the request’s id, and not in the reply', async () => {
  const stream = new Lines();
  const store = await openMemoryStore(testSealer());
  const faults: Error[] = [
    new Error('SELECT * FROM devices WHERE secret_table'),
    new LatchkeyError('storage_unavailable', 'connect ECONNREFUSED 10.1.2.3:5432', { cause: new Error('no socket /var/run/secret_table') }),
  ];
  const running = await startServer({
    store: withFault(store, 'devices', 'list', () => Promise.reject(faults.shift()!)),
    log: { level: 'info', stream },
  });
  try {
    const { secret } = await enrollIn(store, 'factory');
    for (const code of ['internal', 'storage_unavailable'] as const) {
      const reply = await ask(running.port, 'GET', '/v1/devices', { token: secret });
      const problem = expectProblem(reply, code);
      expect(problem.detail).toBeUndefined();
      expect(reply.body).not.toMatch(/SELECT|secret_table|10\.1\.2\.3|\.ts|node_modules/);
      expect(stream.entries.at(-1)).toMatchObject({
        level: 'error', error_code: code, request_id: reply.headers.get('x-request-id'), path: '/v1/devices',
        err: { message: expect.stringContaining('secret_table'), stack: expect.any(String) },
      });
    }
  } finally {
    await running.stop();
  }
});

test('members that hold secrets are blotted out wherever somebody puts them', () => {
  const stream = new Lines();
  const secret = 'hunter2hunter2';
  const log = makeLog({ level: 'info', stream });
  log.info({ token: secret, psk: secret, code: secret, request: { headers: { authorization: secret }, body: { code: secret, pass_tmp: secret } } });
  expect(stream.text).not.toContain(secret);
  expect(stream.text.match(/\[redacted\]/g)).toHaveLength(6);
});
