import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { requires } from '../requirements.ts';
import { buildFromDeviceSources, buildPackages, buildReferenceDevice, sanitizers } from './build-reference-device.ts';
import { runDevice } from './run-device.ts';
import { cutIn, StandInAccessPoint, type StandInOptions } from './stand-in-access-point.ts';

const uuid = '9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d';
const passTmp = '4t8n2k6c0w9r3x7m1q5v8b2h6j';
const here = fileURLToPath(new URL('.', import.meta.url));
const pending = { status: 'pending' };
const approved = {
  status: 'approved',
  uuid,
  ssid: 'Home',
  password: 'correct horse battery',
  security: 'wpa2-psk',
  grant_id: 'grt_1',
  joined_url: '/v1/access-requests/req_stand-in/joined',
};
const printed = '{"ssid":"Home","password":"correct horse battery","security":"wpa2-psk","grant_id":"grt_1"}\n';

requires(...buildPackages)('the reference device in C', () => {
  let folder: string;
  let device: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'latchkey-device-'));
    device = await buildReferenceDevice(folder, sanitizers);
  }, 60_000);
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function standIn(options: Partial<StandInOptions> = {}): Promise<StandInAccessPoint> {
    const accessPoint = await StandInAccessPoint.start({ passTmp, answers: [pending, approved], ...options });
    onTestFinished(() => accessPoint.stop());
    return accessPoint;
  }

  function join(accessPoint: StandInAccessPoint, flags: readonly string[] = [], stdin = `${passTmp}\n`) {
    return runDevice(device, [...flags, '-p', String(accessPoint.port), '127.0.0.1', uuid, 'setup-net'], stdin);
  }

  test('computes the key, proof and match code of every vector', { timeout: 60_000 }, async () => {
    const program = await buildFromDeviceSources(folder, 'check-vectors', sanitizers);
    const vectors = path.join(here, '../vectors/device-psk.json');
    const { stdout } = await promisify(execFile)(program, [vectors]);
    expect(stdout).toBe('4 vectors equal, 0 not\n');
  });

  describe('is let in', () => {
    test('with the identifier of an SAE password', async () => {
      const accessPoint = await standIn({ answers: [{ ...approved, security: 'wpa3-sae', password_id: 'grt_1' }] });
      const run = await join(accessPoint);
      expect(run).toMatchObject({ exit: 0, stdout: printed.replace('wpa2-psk', 'wpa3-sae').replace('}', ',"password_id":"grt_1"}') });
    });

    test.for(['ECDHE-PSK-CHACHA20-POLY1305', 'ECDHE-PSK-AES128-CBC-SHA256'])('under %s', async (ciphers) => {
      const accessPoint = await standIn({ ciphers });
      const run = await join(accessPoint, ['-c', '-l', 'Lamp "no. 1"']);
      expect(run).toMatchObject({ exit: 0, stdout: printed });
      expect(run.stderr).toContain(`match code ${accessPoint.matchCode}\n`);
      expect(accessPoint.asked).toEqual([
        {
          secure: false,
          method: 'POST',
          path: '/v1/hello',
          body: { uuid, onboarding_ssid: 'setup-net', device_nonce: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) },
        },
        {
          secure: true,
          method: 'POST',
          path: '/v1/access-requests',
          body: {
            uuid,
            device_proof: accessPoint.deviceProof.toString('base64url'),
            label: 'Lamp "no. 1"',
            shows_code: true,
          },
        },
        { secure: true, method: 'GET', path: '/v1/access-requests/req_stand-in?wait=25', body: {} },
        { secure: true, method: 'GET', path: '/v1/access-requests/req_stand-in?wait=25', body: {} },
        { secure: true, method: 'POST', path: '/v1/access-requests/req_stand-in/joined', body: {} },
      ]);
      // One for each request, all under the same hello.
      const [first] = accessPoint.handshakes;
      expect(first).toEqual({ identity: expect.stringMatching(/^hel_/), cipher: ciphers, protocol: 'TLSv1.2' });
      expect(accessPoint.handshakes).toEqual(Array.from({ length: 4 }, () => first));
    });

    test('with pass_tmp from a file, without label and match code', async () => {
      const file = path.join(folder, 'pass-tmp');
      await writeFile(file, passTmp, { mode: 0o600 });
      const accessPoint = await standIn();
      const run = await join(accessPoint, ['-f', file], '');
      expect(run).toMatchObject({ exit: 0, stdout: printed });
      expect(run.stderr).not.toContain('match code');
      expect(accessPoint.asked[1]?.body).toEqual({
        uuid,
        device_proof: accessPoint.deviceProof.toString('base64url'),
        shows_code: false,
      });
    });

    test('makes fresh nonces for every hello', async () => {
      const accessPoint = await standIn();
      await join(accessPoint);
      await join(accessPoint);
      const nonces = accessPoint.asked.map((asked) => asked.body['device_nonce']).filter((nonce) => nonce !== undefined);
      expect(nonces).toHaveLength(2);
      expect(new Set(nonces).size).toBe(2);
    });

    test('goes on waiting while the access point restarts', { timeout: 15_000 }, async () => {
      let polls = 0;
      const accessPoint = await standIn({
        answers: [approved],
        interpose: ({ method }) => {
          if (method !== 'GET' || ++polls > 1) return false;
          void accessPoint.goAway().then((comeBack) => comeBack());
          return true;
        },
      });
      expect(await join(accessPoint)).toMatchObject({ exit: 0, stdout: printed });
      expect(polls).toBe(2);
    });

    test('waits as long as a busy access point tells it to', async () => {
      let busy = true;
      const accessPoint = await standIn({
        interpose: ({ path }, response) => {
          if (path !== '/v1/hello' || !busy) return false;
          busy = false;
          response.writeHead(503, { 'retry-after': '1' }).end('{"code":"agent_busy"}');
          return true;
        },
      });
      const started = performance.now();
      expect(await join(accessPoint)).toMatchObject({ exit: 0, stdout: printed });
      expect(performance.now() - started).toBeGreaterThanOrEqual(1000);
    });

    test('says that it joined at the address on the main network', async () => {
      let joinedUrl = '';
      const accessPoint = await standIn({
        interpose: ({ method }, response) => {
          if (method !== 'GET') return false;
          response.end(JSON.stringify({ request_id: 'req_stand-in', ...approved, joined_url: joinedUrl }));
          return true;
        },
      });
      let connections = 0;
      const mainNetwork = createServer((socket) => {
        connections++;
        const onward = connect(accessPoint.securePort, '127.0.0.1');
        for (const end of [socket, onward]) end.on('error', () => {});
        socket.pipe(onward).pipe(socket);
      });
      mainNetwork.listen(0, '127.0.0.1');
      await once(mainNetwork, 'listening');
      onTestFinished(() => void mainNetwork.close());
      joinedUrl = `https://localhost:${(mainNetwork.address() as { port: number }).port}/v1/access-requests/req_stand-in/joined`;
      expect(await join(accessPoint)).toMatchObject({ exit: 0, stdout: printed });
      expect(accessPoint.paths().at(-1)).toBe('POST /v1/access-requests/req_stand-in/joined');
      expect(connections).toBe(1);
    });

    test.for([
      ['escapes', String.raw`"K\u00fcche \"2\" \ud83d\ude00\/"`, 'Küche "2" 😀/'],
      ['raw UTF-8', '"日本語"', '日本語'],
    ] as const)('reads SSIDs with %s', async ([, json, ssid]) => {
      const accessPoint = await standIn({
        interpose: ({ method }, response) => {
          if (method !== 'GET') return false;
          const body = JSON.stringify({ request_id: 'req_stand-in', ...approved, ssid: 0 });
          response.end(body.replace('"ssid":0', `"unknown" : [ {"ssid":[1.5e3,null]} ],\n "ssid" : ${json}`));
          return true;
        },
      });
      const run = await join(accessPoint);
      expect(run.exit).toBe(0);
      expect(JSON.parse(run.stdout)).toMatchObject({ ssid });
    });

    test.for([
      ['with a Content-Length', (body: string) => `Content-Length: ${body.length}\r\n\r\n${body}`],
      ['that end with the connection', (body: string) => `\r\n${body}`],
    ] as const)('reads replies %s, byte by byte', async ([, frame]) => {
      const accessPoint = await standIn({
        interpose: ({ method }, response) => {
          if (method !== 'GET') return false;
          const socket = response.socket!;
          const bytes = `HTTP/1.1 200 OK\r\n${frame(JSON.stringify({ request_id: 'req_stand-in', ...approved }))}`;
          for (const byte of bytes) socket.write(byte); // each in a TLS record of its own
          socket.end();
          return true;
        },
      });
      expect(await join(accessPoint)).toMatchObject({ exit: 0, stdout: printed });
    });
  });

  describe('is not let in', () => {
    test('with another pass_tmp: the handshake fails and nothing is asked', async () => {
      const accessPoint = await standIn();
      const run = await join(accessPoint, [], 'another pass_tmp\n');
      expect(run).toMatchObject({ exit: 4, stdout: '' });
      expect(run.stderr).toContain('handshake refused');
      expect(accessPoint.paths()).toEqual(['POST /v1/hello']);
    });

    test('under a hello_id that has expired', async () => {
      const accessPoint = await standIn({ hello: { hello_id: 'hel_long_gone' } });
      expect(await join(accessPoint)).toMatchObject({ exit: 4, stdout: '' });
      expect(accessPoint.paths()).toEqual(['POST /v1/hello']);
    });

    test.for([
      ['denied', 4],
      ['expired', 8],
    ] as const)('when the request is %s', async ([status, exit]) => {
      const accessPoint = await standIn({ answers: [pending, { status, reason: 'not ours' }] });
      expect(await join(accessPoint)).toMatchObject({ exit, stdout: '' });
    });

    test('when nobody decides before its time is over', async () => {
      const accessPoint = await standIn({
        answers: [pending],
        interpose: ({ method }) => method === 'GET', // held back, as with wait=
      });
      expect(await join(accessPoint, ['-t', '1'])).toMatchObject({ exit: 8, stdout: '' });
      expect(accessPoint.paths().at(-1)).toBe('GET /v1/access-requests/req_stand-in?wait=1');
    });

    test('when its own user says no, and says so', async () => {
      const accessPoint = await standIn();
      expect(await join(accessPoint, ['-n'])).toMatchObject({ exit: 4, stdout: '' });
      expect(accessPoint.paths().at(-1)).toBe('POST /v1/access-requests/req_stand-in/declined');
    });

    test.for([
      [403, 'wrong_ssid', 4],
      [429, 'rate_limited', 8],
      [503, 'agent_busy', 8],
      [410, 'request_expired', 8],
      [500, 'internal', 6],
    ] as const)('after %i %s', async ([status, code, exit]) => {
      const accessPoint = await standIn({
        interpose: (_, response) => {
          response.writeHead(status, { 'content-type': 'application/problem+json', 'retry-after': '60' });
          response.end(JSON.stringify({ type: `urn:latchkey:error:${code}`, status, code }));
          return true;
        },
      });
      const run = await join(accessPoint, ['-t', '5']);
      expect(run).toMatchObject({ exit, stdout: '' });
      if (exit !== 8 || status === 410) expect(run.stderr).toContain(code);
    });

    test('where the secure listener takes connections and says nothing or hangs up', { timeout: 15_000 }, async () => {
      const silent = createServer((socket) => void socket.on('error', () => {}).end());
      silent.listen(0, '127.0.0.1');
      await once(silent, 'listening');
      onTestFinished(() => void silent.close());
      const accessPoint = await standIn({ hello: { secure_port: (silent.address() as { port: number }).port } });
      expect(await join(accessPoint)).toMatchObject({ exit: 6, stdout: '' });
      silent.removeAllListeners('connection');
      silent.on('connection', (socket) => onTestFinished(() => void socket.destroy()));
      expect(await join(accessPoint, ['-t', '1'])).toMatchObject({ exit: 6, stdout: '' });
    });

    test('where nobody listens', async () => {
      const accessPoint = await standIn();
      await accessPoint.stop();
      const taken = createServer().listen(0, '127.0.0.1');
      await once(taken, 'listening');
      const { port } = taken.address() as { port: number };
      taken.close();
      await once(taken, 'close');
      const run = await runDevice(device, ['-p', String(port), '127.0.0.1', uuid, 'setup-net'], passTmp);
      expect(run).toMatchObject({ exit: 6, stdout: '' });
    });
  });

  describe('trusts no reply', () => {
    test.for([
      ['for another uuid', { ...approved, uuid: '00000000-0000-4000-8000-000000000001' }],
      ['without a uuid', { ...approved, uuid: undefined }],
      ['for another request', { ...approved, request_id: 'req_other' }],
      ['of an unknown status', { ...approved, status: 'maybe', password: undefined }],
      ['without a password', { ...approved, password: undefined }],
      ['with a password that is no text', { ...approved, password: 12345678 }],
      ['with an SSID of 33 bytes', { ...approved, ssid: 'x'.repeat(33) }],
    ] as const)('%s', async ([, answer]) => {
      const accessPoint = await standIn({ answers: [answer] });
      expect(await join(accessPoint)).toMatchObject({ exit: 6, stdout: '' });
      expect(accessPoint.paths().at(-1)).toMatch(/^GET /);
    });

    test.for([
      'http://127.0.0.1:1/joined', 'https://127.0.0.1/joined', 'https://127.0.0.1:1', '', 'joined',
      '/joined HTTP/1.1\r\nX: y', `https://${'a'.repeat(200)}:1/joined`,
    ])('with joined_url %j', async (joined_url) => {
      const accessPoint = await standIn({ answers: [{ ...approved, joined_url }] });
      expect(await join(accessPoint)).toMatchObject({ exit: 6, stdout: printed });
      expect(accessPoint.paths().at(-1)).toMatch(/^GET /);
    });

    const nonce = 'A'.repeat(43);
    const good = { hello_id: 'hel_1', ap_id: 'ap_1', ap_name: 'x', ap_nonce: nonce, secure_port: 8431, expires_in: 60 };
    const json = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    const changed = (change: object) => json(JSON.stringify({ ...good, ...change }));
    test.for([
      ['nothing at all', ''],
      ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
      ['half a head', 'HTTP/1.1 200 OK\r\nContent-Le'],
      ['half a body', changed({}).slice(0, -10)],
      ['more than its length', `${changed({})}}`],
      ['more bytes than its length', `HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n${JSON.stringify(good)}`],
      ['a length that is none', `HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n${JSON.stringify(good)}`],
      ['a length beyond all bounds', `HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n${JSON.stringify(good)}`],
      ['a chunk beyond all bounds', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}'],
      ['chunks, which it did not ask for', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${JSON.stringify(good)}`],
      ['a chunk of negative size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n'],
      ['another coding', `HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n${JSON.stringify(good)}`],
      ['a head of 1 MiB', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(1 << 20)}`],
      ['a body of 1 MiB', `HTTP/1.1 200 OK\r\n\r\n${' '.repeat(1 << 20)}{}`],
      ['a NUL in the head', 'HTTP/1.1 200 OK\r\nX: \0\r\n\r\n{}'],
      ['a NUL in the body', json(`${JSON.stringify(good)}\0`)],
      ['no JSON', json('<html>')],
      ['JSON that is no object', json('[]')],
      ['two objects', json('{}{}')],
      ['an object that does not end', json('{"hello_id":"hel_1"')],
      ['a string that does not end', json('{"hello_id":"hel_1')],
      ['half an escape', json('{"hello_id":"\\u00')],
      ['a lone surrogate', json('{"ap_name":"\\ud83d"}')],
      ['nesting without end', json(`{"x":${'['.repeat(2000)}`)],
      ['a member given twice', json(`${JSON.stringify(good).slice(0, -1)},"ap_id":"ap_2"}`)],
      ['no hello_id', changed({ hello_id: undefined })],
      ['a hello_id that is a number', changed({ hello_id: 7 })],
      ['a hello_id that is too long', changed({ hello_id: 'x'.repeat(65) })],
      ['an ap_id with a NUL', changed({ ap_id: 'ap\0' })],
      ['an ap_id with other characters', changed({ ap_id: '../ap' })],
      ['a nonce that is too short', changed({ ap_nonce: nonce.slice(1) })],
      ['a nonce in other base64', changed({ ap_nonce: `${nonce.slice(1)}/` })],
      ['a nonce with stray bits', changed({ ap_nonce: `${nonce.slice(1)}B` })],
      ['a port that is a text', changed({ secure_port: '8431' })],
      ['port 0', changed({ secure_port: 0 })],
      ['port 65536', changed({ secure_port: 65536 })],
      ['port 8431.5', changed({ secure_port: 8431.5 })],
    ] as const)('to hello with %s', async ([, bytes]) => {
      const accessPoint = await standIn({ interpose: (_, response) => cutIn(response, bytes) });
      const run = await join(accessPoint, ['-t', '20']);
      expect(run).toMatchObject({ exit: 6, stdout: '' });
      // Nor is it believed and the secure port tried, where nobody is.
      expect(run.stderr).not.toContain('calls itself');
      expect(accessPoint.paths()).toEqual(['POST /v1/hello']);
    });

    test('changed at random in 30,000 ways', { timeout: 60_000 }, async () => {
      const program = path.join(folder, 'hostile-replies');
      const flags = ['-std=c99', '-D_POSIX_C_SOURCE=200809L', '-Wall', '-Wextra', '-Werror', ...sanitizers.split(' ')];
      const source = path.join(here, 'hostile-replies.c');
      await promisify(execFile)('gcc', [...flags, source, '-o', program, '-lmbedtls', '-lmbedx509', '-lmbedcrypto']);
      const { stdout } = await promisify(execFile)(program, ['20261125', '30000']);
      expect(stdout).toMatch(/^\d+ of 30000 read\n$/);
    });

    test('and shows what the access point calls itself without its control characters', async () => {
      const accessPoint = await standIn({ hello: { ap_name: 'x\u001b[2J\u0007' } });
      const run = await join(accessPoint);
      expect(run.exit).toBe(0);
      expect(run.stderr).toContain('"x\\u001b[2J\\u0007"');
    });
  });

  test('tells nobody its secrets', async () => {
    const accessPoint = await standIn();
    const run = await join(accessPoint, ['-c']);
    expect(run.exit).toBe(0);
    for (const secret of [passTmp, approved.password, accessPoint.psk.toString('hex')]) {
      expect(run.stderr).not.toContain(secret);
      expect(JSON.stringify(accessPoint.asked)).not.toContain(secret);
    }
  });

  test.for([
    ['no arguments', []],
    ['an argument missing', ['127.0.0.1', uuid]],
    ['a uuid in upper case', ['127.0.0.1', uuid.toUpperCase(), 'setup-net']],
    ['a uuid that is too long', ['127.0.0.1', `${uuid}0`, 'setup-net']],
    ['no time', ['-t', '0', '127.0.0.1', uuid, 'setup-net']],
    ['an unknown flag', ['-x', '127.0.0.1', uuid, 'setup-net']],
    ['a file that is not there', ['-f', '/nonexistent', '127.0.0.1', uuid, 'setup-net']],
    ['an SSID that is too long', ['127.0.0.1', uuid, 'x'.repeat(33)]],
    ['a host that is too long', ['x'.repeat(128), uuid, 'setup-net']],
    ['a label that is too long', ['-l', 'x'.repeat(65), '127.0.0.1', uuid, 'setup-net']],
  ] as const)('refuses %s', async ([, args]) => {
    expect(await runDevice(device, args, passTmp)).toMatchObject({ exit: 2, stdout: '' });
  });

  test.for([['nothing', ''], ['an empty line', '\n'], ['more than 64 bytes', 'x'.repeat(65)]] as const)(
    'refuses a pass_tmp that is %s',
    async ([, stdin]) => {
      expect(await runDevice(device, ['127.0.0.1', uuid, 'setup-net'], stdin)).toMatchObject({ exit: 2, stdout: '' });
    },
  );
});
