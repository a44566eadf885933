import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { serveControl } from '../../src/agent/control-socket.ts';
import { AgentControlClient } from '../../src/client/agent-control-client.ts';
import { LatchkeyError } from '../../src/domain/errors.ts';
import type { AgentControl, AgentStatus } from '../../src/roles/agent/ports.ts';
import { CommandLine, jsonWith } from '../cli/command-line.ts';
import { password, serveArgs } from '../cli/site.ts';

let folder: string;
let path: string;
let logged: unknown[];
let ends: (() => Promise<void>)[];
const sockets: Socket[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-control-'));
  path = join(folder, 'state', 'agent.sock');
  logged = [];
  ends = [];
});
afterEach(async () => {
  sockets.splice(0).forEach((socket) => socket.destroy());
  for (const end of ends) {
    await end();
  }
  rmSync(folder, { recursive: true });
});

const status: AgentStatus = {
  apId: 'ap_1', name: 'Hall', ssid: 'Home', onboardingSsid: 'iot-setup', radio: { kind: 'none', enforcement: 'none', trouble: undefined, failures: 0 }, pid: 1, startedAt: new Date(0), helloPort: 1, securePort: 2, relayPort: undefined,
  server: { url: undefined, reachable: true, lastContactAt: undefined, aheadMs: undefined }, allowPlain: false, dpp: false, pending: 0, activeGrants: 0, openHellos: 0,
};

/** An agent that knows its status and no request; `approve` is as told. */
async function serve(approve: AgentControl['approve'] = notFound): Promise<() => Promise<void>> {
  const control: AgentControl = {
    status: async () => status,
    requests: async () => [],
    approve,
    deny: notFound,
    attempts: async () => [],
    reveal: notFound,
    stations: async () => [],
    usage: notFound,
    claimNetwork: notFound,
  };
  const close = await serveControl(control, path, (...line) => logged.push(line));
  let ending: Promise<void> | undefined;
  const end = () => (ending ??= close());
  ends.push(end);
  return end;
}

async function notFound(): Promise<never> {
  throw new LatchkeyError('request_not_found');
}

const answers = async () => expect(await new AgentControlClient(path).status()).toMatchObject({ name: 'Hall' });

function open(text: string): Socket {
  const socket = connect(path, () => socket.write(text));
  socket.on('error', () => {});
  sockets.push(socket);
  return socket;
}

/** All that is answered to these bytes, until the agent closes. */
async function raw(text: string): Promise<string> {
  const socket = open(text);
  let answer = '';
  socket.setEncoding('utf8').on('data', (data: string) => (answer += data));
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

function call(method: string, route: string, { body = '', type = 'application/json' } = {}): Promise<{ status: number | undefined; code: unknown }> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: path, method, path: route, agent: false, headers: { 'content-type': type, 'content-length': Buffer.byteLength(body) } });
    sent.once('error', reject);
    sent.once('response', (response) => {
      void response.toArray().then((chunks) => resolve({ status: response.statusCode, code: (JSON.parse(Buffer.concat(chunks).toString()) as { code: unknown }).code }));
    });
    sent.end(body);
  });
}

test('an owner whose agent cannot reach its server hears that it is the server, and that nothing is decided', async () => {
  await serve(async () => {
    throw new LatchkeyError('remote_unreachable', 'connect ECONNREFUSED 192.0.2.1:8420');
  });
  await expect(new AgentControlClient(path).approve('req_1')).rejects.toMatchObject({
    code: 'remote_unreachable',
    message: 'The agent cannot reach its server; a request that nobody has decided stays pending.',
  });
});

describe('whose it is', () => {
  test('its user’s alone: socket and lock of mode 0600 in a folder of mode 0700, whatever the mask', async () => {
    const mask = process.umask(0);
    try {
      await serve();
    } finally {
      process.umask(mask);
    }
    expect([path, `${path}.lock`, join(folder, 'state')].map((each) => statSync(each).mode & 0o777)).toEqual([0o600, 0o600, 0o700]);
    await answers();
  });

  test('it is gone when the agent ends, and another may begin', async () => {
    await (await serve())();
    expect(existsSync(path)).toBe(false);
    await serve();
    await answers();
  });

  test('while one agent runs another is refused, and the first goes on', async () => {
    await serve();
    await expect(serve()).rejects.toMatchObject({ code: 'already_running' });
    await answers();
  });

  test('what a killed agent left behind is replaced', async () => {
    mkdirSync(join(folder, 'state'), { mode: 0o700 });
    const killed = spawn(process.execPath, ['-e', `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('listens'))`], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(killed.stdout, 'data');
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    expect(lstatSync(path).isSocket()).toBe(true);
    await serve();
    await answers();
  });

  const inTheWay: Record<string, (at: string) => void> = {
    'a file': (at) => writeFileSync(at, 'kept'),
    'a folder': (at) => mkdirSync(at),
    'a link': (at) => symlinkSync(join(folder, 'elsewhere'), at),
  };
  test.each(Object.entries(inTheWay))('%s in its place is left alone', async (_, put) => {
    mkdirSync(join(folder, 'state'), { mode: 0o700 });
    put(path);
    const before = lstatSync(path);
    await expect(serve()).rejects.toMatchObject({ code: 'file_exists' });
    expect(lstatSync(path).ino).toBe(before.ino);
    rmSync(path, { recursive: true });
    await serve();
    await answers();
  });

  // Only root can give a file away; and root could remove it.
  test.runIf(process.getuid?.() === 0)('another user’s socket is left alone', async () => {
    mkdirSync(join(folder, 'state'), { mode: 0o700 });
    const others = createServer();
    await new Promise<void>((resolve) => others.listen(path, resolve));
    try {
      chownSync(path, 65534, 65534);
      await expect(serve()).rejects.toMatchObject({ code: 'forbidden' });
      expect(lstatSync(path).uid).toBe(65534);
    } finally {
      await new Promise((resolve) => others.close(resolve));
    }
  });
});

describe('what it is asked', () => {
  test.each<[method: string, route: string, options: { body?: string; type?: string }, status: number, code: string]>([
    ['GET', '/', {}, 404, 'route_not_found'],
    ['GET', '/v1/status/../status', {}, 404, 'route_not_found'],
    ['DELETE', '/v1/status', {}, 405, 'method_not_allowed'],
    ['GET', '/v1/access-requests/req_1/approve', {}, 405, 'method_not_allowed'],
    ['POST', '/v1/access-requests/req_1/approve', { body: '{}' }, 404, 'request_not_found'],
    ['POST', '/v1/access-requests/req_1/approve', { body: '{"vlan": 4095}' }, 400, 'invalid_input'],
    ['POST', '/v1/access-requests/req_1/approve', { body: '{"quota_bytes": "0"}' }, 400, 'invalid_input'],
    ['POST', `/v1/access-requests/${'x'.repeat(65)}/approve`, {}, 404, 'route_not_found'],
    ['POST', '/v1/access-requests/req%2F1/approve', {}, 404, 'route_not_found'],
    ['GET', '/v1/attempts?limit=0', {}, 400, 'invalid_input'],
    ['GET', '/v1/attempts?limit=many', {}, 400, 'invalid_input'],
    ['POST', '/v1/access-requests/req_1/deny', { body: '{"reason": ' }, 400, 'invalid_input'],
    ['POST', '/v1/access-requests/req_1/deny', { body: '[]' }, 400, 'invalid_input'],
    ['POST', '/v1/access-requests/req_1/deny', { body: '{"reason": 7}' }, 400, 'invalid_input'],
    ['POST', '/v1/access-requests/req_1/deny', { body: '{"reason": "two\\nlines"}' }, 400, 'invalid_input'],
    ['POST', '/v1/access-requests/req_1/deny', { body: '{"reason": "no", "admin": true}' }, 400, 'invalid_input'],
    ['POST', '/v1/access-requests/req_1/deny', { body: '['.repeat(4000) }, 400, 'invalid_input'],
    ['POST', '/v1/access-requests/req_1/deny', { body: ' '.repeat(5000) }, 413, 'payload_too_large'],
    ['POST', '/v1/access-requests/req_1/deny', { body: '{}', type: 'text/plain' }, 415, 'unsupported_media_type'],
    ['POST', '/v1/access-requests/req_1/deny', { body: '{}' }, 404, 'request_not_found'],
  ])('%s %s is answered by what is wrong with it', async (method, route, options, expectedStatus, code) => {
    await serve();
    expect(await call(method, route, options)).toEqual({ status: expectedStatus, code });
    expect(logged).toEqual([]);
  });

  test.each([
    ['no HTTP', 'open sesame\r\n\r\n'],
    ['bytes', '\u0000\u0001\u0002\u0003\r\n\r\n'],
    ['a huge line', `GET /${'x'.repeat(2 ** 20)} HTTP/1.1\r\n\r\n`],
    ['a line that never ends', 'x'.repeat(2 ** 20)],
    ['huge headers', `GET /v1/status HTTP/1.1\r\nhost: x\r\n${'a: b\r\n'.repeat(100_000)}\r\n`],
    ['two lengths', 'POST /v1/access-requests/req_1/deny HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}'],
  ])('%s is refused and closed', async (_, bytes) => {
    await serve();
    expect(await raw(bytes)).toMatch(/^(HTTP\/1\.1 400 [^]*"invalid_input"[^]*)?$/);
    await answers();
  });
});

describe('who asks', () => {
  test('clients that hang or go away amid a request are in nobody’s way, nor in that of the end', async () => {
    const asked = Promise.withResolvers<void>();
    const end = await serve(() => {
      asked.resolve();
      return new Promise(() => {});
    });
    const head = 'POST /v1/access-requests/req_1/deny HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"reas';
    ['', 'GET /v1/sta', head].map(open);
    const leaving = open(head);
    await once(leaving, 'connect');
    leaving.destroy();
    const impatient = open('POST /v1/access-requests/req_1/approve HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}');
    await asked.promise;
    impatient.destroy();
    await answers();
    await end();
    expect(existsSync(path)).toBe(false);
    expect(logged).toEqual([]);
  });

  test('hundreds at once are all answered', async () => {
    await serve();
    Array.from({ length: 200 }, () => open(''));
    const client = new AgentControlClient(path);
    const names = await Promise.all(Array.from({ length: 300 }, async () => (await client.status()).name));
    expect(new Set(names)).toEqual(new Set(['Hall']));
  });
});

test('of several agents that start at once where one was killed, one runs and the others say so', { timeout: 60_000 }, async () => {
  const cli = await CommandLine.make();
  try {
    const start = () => cli.start([...serveArgs, '--json'], { input: password });
    const killed = start();
    await killed.line(jsonWith('event', 'listening'));
    killed.kill('SIGKILL');
    await killed.ended;

    const agents = Array.from({ length: 4 }, start);
    const outcomes = agents.map((agent) => Promise.race([agent.line(jsonWith('event', 'listening')).then(() => 'runs', () => 'ended'), agent.ended.then(({ code }) => code)]));
    const settled = await Promise.all(outcomes.map(async (outcome, index) => ((await outcome) === 'runs' ? 'runs' : (await agents[index]!.ended).stderr)));
    expect(settled.filter((each) => each === 'runs')).toHaveLength(1);
    expect(settled.filter((each) => each.includes('"already_running"'))).toHaveLength(3);
    const { agent } = (await cli.json<{ items: { agent: { pid: number } }[] }>(['ap', 'status'])).items[0]!;
    expect(agent.pid).toBe(agents[settled.indexOf('runs')]!.pid);
  } finally {
    await cli.close();
  }
});
