import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Authority, type Certificate } from '../server/certificates.ts';
import { CommandLine, jsonWith, type Running } from './command-line.ts';
import { password, serveArgs } from './site.ts';

let cli: CommandLine;
let hooks: Server[] = [];

beforeEach(async () => (cli = await CommandLine.make()));
afterEach(async () => {
  await cli.close();
  for (const hook of hooks.splice(0)) {
    hook.closeAllConnections();
    hook.close();
  }
});

interface Hook {
  readonly url: string;
  readonly received: { readonly method: string | undefined; readonly path: string | undefined; readonly type: string | undefined; readonly body: Record<string, unknown> }[];
}

/** Somebody who is told by HTTPS; `answer` says what he does once he has heard all. */
async function hook(certificate: Certificate, answer: (response: ServerResponse) => void = (response) => void response.writeHead(204).end()): Promise<Hook> {
  const received: Hook['received'] = [];
  const server = createServer(certificate, (request: IncomingMessage, response) => {
    void request.toArray().then((chunks) => {
      const { method, url: path, headers } = request;
      received.push({ method, path, type: headers['content-type'], body: JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown> });
      answer(response);
    });
  });
  server.on('tlsClientError', () => {});
  hooks.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/told?by=agent`, received };
}

async function serve(args: readonly string[], env: Record<string, string> = {}): Promise<{ agent: Running; address: string }> {
  const agent = cli.start([...serveArgs, ...args, '--json'], { input: password, env });
  const { status } = (await agent.line(jsonWith('event', 'listening'))) as { status: { hello_port: number } };
  return { agent, address: `127.0.0.1:${status.hello_port}` };
}

/** A device that asks, and is let in by `ap approve`; what is secret about it. */
async function letIn(agent: Running, address: string): Promise<{ uuid: string; secrets: string[] }> {
  const { uuid, pass_tmp: input } = await cli.json(['device', 'register', '--ssid', 'iot-setup', '--model', 'lamp', '--label', 'Lamp']);
  const join = ['device', 'join', '--uuid', uuid, '--ssid', 'iot-setup', '--ap', address, '--pass-tmp-file', '-', '--yes', '--label', '\u202eme'];
  const joining = cli.start(join, { input });
  const request = await agent.line((line) => {
    const event = JSON.parse(line) as Record<string, any>;
    return event['event'] === 'request' && event['request'].uuid === uuid ? (event['request'] as Record<string, any>) : undefined;
  });
  await cli.json(['ap', 'approve', request['request_id']]);
  expect((await joining.ended).code).toBe(0);
  return { uuid, secrets: [input, password] };
}

test.each(['--ca-file', 'NODE_EXTRA_CA_CERTS'])('tells an https address, trusted by %s, of each request and its decision, and nothing secret', async (trusted) => {
  const authority = new Authority();
  const ca = cli.file('ca.pem', authority.cert);
  const { url, received } = await hook(authority.server());
  const { agent, address } = trusted === '--ca-file' ? await serve(['--notify', url, '--ca-file', ca]) : await serve(['--notify', url], { NODE_EXTRA_CA_CERTS: ca });
  const { uuid, secrets } = await letIn(agent, address);
  await expect.poll(() => received.length).toBe(2);
  const common = {
    request_id: expect.stringMatching(/^req_/), uuid, ap_id: 'ap_local', label: 'Lamp', model: 'lamp', batch: null, device_label: '\\u202eme',
    weak: false, plain: false, dpp: false, created_at: expect.any(String), expires_at: expect.any(String), reason: null,
  };
  const post = { method: 'POST', path: '/told?by=agent', type: 'application/json' };
  expect(received).toEqual([
    { ...post, body: { event: 'request.pending', status: 'pending', decided_by: null, ...common } },
    { ...post, body: { event: 'request.decided', status: 'approved', decided_by: 'local', ...common } },
  ]);
  const texts = received.flatMap(({ body }) => Object.values(body).filter((value) => typeof value === 'string'));
  for (const secret of secrets) {
    expect(texts.join('\n').includes(secret)).toBe(false);
  }
});

const authority = new Authority();
const other = new Authority('Somebody else');
const failures: Record<string, [certificate: Certificate, status: number, log: RegExp]> = {
  'a certificate of another authority': [other.server(), 204, /certificate_invalid: The certificate of 127\.0\.0\.1:\d+ is not trusted \(/],
  'a certificate that is over': [authority.server({ from: -3, until: -1 }), 204, /certificate_invalid: .*\(CERT_HAS_EXPIRED\)/],
  'a certificate for another name': [authority.server({ names: ['elsewhere.example'] }), 204, /certificate_invalid: .*\(ERR_TLS_CERT_ALTNAME_INVALID\)/],
  'an answer that is a refusal': [authority.server(), 404, /remote_unreachable: 127\.0\.0\.1:\d+ answers a notification with 404\./],
  'an answer that points elsewhere': [authority.server(), 302, /remote_unreachable: 127\.0\.0\.1:\d+ answers a notification with 302\./],
};

test('an address that is a secret comes from LATCHKEY_NOTIFY', async () => {
  const { url, received } = await hook(authority.server());
  const { agent, address } = await serve(['--ca-file', cli.file('ca.pem', authority.cert)], { LATCHKEY_NOTIFY: url });
  await letIn(agent, address);
  await expect.poll(() => received.length).toBe(2);
});

test.each(Object.entries(failures))('%s is an error of its own in the log, and in nobody’s way', async (_, [certificate, status, log]) => {
  const { url } = await hook(certificate, (response) => void response.writeHead(status, { location: 'https://127.0.0.1:1/' }).end());
  const { agent, address } = await serve(['--notify', url, '--ca-file', cli.file('ca.pem', authority.cert)]);
  await letIn(agent, address);
  await expect.poll(() => agent.errors().match(/Nobody could be notified/g)?.length).toBe(2);
  expect(agent.errors()).toMatch(log);
});

test('who listens and never answers delays neither the owner’s decision nor the end of the agent', async () => {
  const { url, received } = await hook(authority.server(), () => {});
  const { agent, address } = await serve(['--notify', url, '--ca-file', cli.file('ca.pem', authority.cert)]);
  await letIn(agent, address);
  await letIn(agent, address);
  await expect.poll(() => received.length).toBe(1);
  const begun = performance.now();
  agent.kill('SIGTERM');
  expect((await agent.ended).code).toBe(0);
  // One notice that hangs has ten seconds of its own, and three are behind it.
  expect(performance.now() - begun).toBeLessThan(8000);
});

test('a program is told the same on its standard input, and gets none of our variables', async () => {
  const teller = join(cli.folder, 'tell');
  writeFileSync(teller, '#!/bin/sh\ncat >> told.ndjson\nenv >> told.env\n', { mode: 0o700 });
  const { agent, address } = await serve(['--notify', `exec:${teller}`]);
  const { uuid } = await letIn(agent, address);
  const told = () => readFileSync(join(cli.folder, 'told.ndjson'), { encoding: 'utf8', flag: 'a+' }).trim().split('\n');
  await expect.poll(() => told().length).toBe(2);
  expect(told().map((line) => JSON.parse(line) as object)).toMatchObject([
    { event: 'request.pending', uuid, status: 'pending' },
    { event: 'request.decided', uuid, status: 'approved', decided_by: 'local' },
  ]);
  expect(readFileSync(join(cli.folder, 'told.env'), 'utf8')).not.toMatch(/LATCHKEY_/);
});

test('a program that fails is in the log', async () => {
  const { agent, address } = await serve(['--notify', 'exec:false']);
  await letIn(agent, address);
  await expect.poll(agent.errors).toContain('remote_unreachable: The notifying program ended with 1.');
});

test.each(['http://127.0.0.1/', 'https://', 'mail:me'])('nobody is told at %s', async (notify) => {
  const { code, stderr } = await cli.run([...serveArgs, '--notify', notify, '--json'], { input: password });
  expect({ code, error: JSON.parse(stderr).code }).toEqual({ code: 2, error: 'invalid_input' });
});
