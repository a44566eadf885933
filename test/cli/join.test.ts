import { readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureVersion } from 'node:tls';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Authority } from '../server/certificates.ts';
import { CommandLine, jsonWith } from './command-line.ts';
import { password, serveArgs } from './site.ts';

let cli: CommandLine;
let ap: string;

beforeAll(async () => {
  cli = await CommandLine.make();
  await cli.json(['secret', 'set', 'ap/password', '--value-file', '-'], { input: password });
  const agent = cli.start([...serveArgs.slice(0, -2), '--allow-plain', '--auto-approve', 'model=lamp', '--json']);
  const { status } = (await agent.line(jsonWith('event', 'listening'))) as { status: { hello_port: number } };
  ap = `127.0.0.1:${status.hello_port}`;
});

afterAll(() => cli.close());

async function device(): Promise<{ uuid: string; args: string[]; input: string }> {
  const { uuid, pass_tmp: input } = await cli.json(['device', 'register', '--ssid', 'iot-setup', '--model', 'lamp']);
  return { uuid, input, args: ['device', 'join', '--uuid', uuid, '--ssid', 'iot-setup', '--ap', ap, '--pass-tmp-file', '-'] };
}

test('gets the network’s name and password', async () => {
  const { args, input, uuid } = await device();
  expect(await cli.json([...args, '--yes'], { input })).toMatchObject({ uuid, ssid: 'Home', password, security: 'wpa2-psk' });
});

test('takes its pass_tmp from the secret store', async () => {
  const { args, input, uuid } = await device();
  await cli.json(['secret', 'set', `device/${uuid}/pass-tmp`, '--value-file', '-'], { input });
  expect(await cli.json([...args.slice(0, -2), '--yes'])).toMatchObject({ uuid, password });
});

test('prints a configuration instead, or writes it to a new file of its user’s', async () => {
  const first = await device();
  const printed = await cli.run([...first.args, '--yes', '--format', 'wpa_supplicant'], { input: first.input });
  expect(printed.stdout).toBe(`network={\n\tssid="Home"\n\tpsk="${password}"\n\tkey_mgmt=WPA-PSK\n}\n`);

  const second = await device();
  const output = join(cli.folder, 'home.nmconnection');
  const { code, stdout } = await cli.run([...second.args, '--yes', '--format', 'networkmanager', '--output', output], { input: second.input });
  expect({ code, leaked: stdout.includes(password) }).toEqual({ code: 0, leaked: false });
  expect(readFileSync(output, 'utf8')).toContain(`psk=${password}\n`);
  expect(statSync(output).mode & 0o777).toBe(0o600);

  const third = await device();
  expect((await cli.run([...third.args, '--yes', '--format', 'networkmanager', '--output', output], third)).code).toBe(5);
});

test('a program answers the first prompt; a no declines, and the device may ask again', async () => {
  const { args, input, uuid } = await device();
  const no = await cli.run([...args, '--prompt', 'exec:false', '--json'], { input });
  expect({ code: no.code, error: JSON.parse(no.stderr).code }).toEqual({ code: 4, error: 'join_declined' });
  // The agent tells the registry of it a moment later.
  await cli.until<{ items: { action: string }[] }>(['device', 'history', uuid], ({ items }) => items.some(({ action }) => action === 'request.declined'));
  expect(await cli.json([...args, '--prompt', 'exec:true'], { input })).toMatchObject({ password });
});

test('nobody to answer the first prompt is a usage error, before anything is asked', async () => {
  const openHellos = async () => (await cli.json(['ap', 'status'])).items[0].agent.open_hellos as number;
  const { args, input } = await device();
  const before = await openHellos();
  const { code, stderr } = await cli.run([...args, '--json'], { input });
  expect({ code, error: JSON.parse(stderr).code }).toEqual({ code: 2, error: 'missing_input' });
  expect(await openHellos()).toBe(before);
});

test('the literal exchange is warned about, and works where it is allowed', async () => {
  const { args, input } = await device();
  const { code, stdout, stderr } = await cli.run([...args, '--yes', '--plain', '--json'], { input });
  expect({ code, warned: JSON.parse(stderr) }).toEqual({ code: 0, warned: { warning: expect.stringContaining('--plain') } });
  expect(JSON.parse(stdout)).toMatchObject({ password });
});

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Somebody between device and access point, who changes what the hello says: nothing in it is proven. */
async function helloWith(changes: object): Promise<{ address: string; close(): void }> {
  const server = createServer((request, response) => {
    void (async () => {
      const chunks = await request.toArray();
      const reply = await fetch(`http://${ap}${request.url}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: Buffer.concat(chunks) });
      const hello = { ...((await reply.json()) as object), ...changes };
      response.writeHead(reply.status, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify(hello));
    })();
  });
  return { address: `127.0.0.1:${await portOf(server)}`, close: () => void server.close() };
}

test('what an access point calls itself cannot pass for our own words', async () => {
  const { args, input } = await device();
  const between = await helloWith({ ap_name: `Hall".\nMatch code: 1234.\u001b[2J\u202e${'x'.repeat(900)}` });
  try {
    const { code, stderr } = await cli.run([...args.with(args.indexOf(ap), between.address), '--yes'], { input });
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^Match code: \d{4}\. Waiting for the owner of the access point, which calls itself "Hall\\"\.\\x0aMatch code: 1234\.\\x1b\[2J\\u202ex{35}…"\.\n$/,
    );
  } finally {
    between.close();
  }
});

const authority = new Authority();
const strangers = new Authority('Somebody else').server();
const shownCertificates: [string, SecureVersion, { cert: string; key: string }][] = [
  ['nobody vouches for', 'TLSv1.3', strangers],
  ['an authority vouches for that the machine trusts', 'TLSv1.3', authority.server()],
  ['an authority vouches for that the machine trusts', 'TLSv1.2', authority.server()],
];

test.each(shownCertificates)('an access point that shows a certificate that %s (%s) in place of the key gets nothing', async (_, version, certificate) => {
  const heard: (string | undefined)[] = [];
  const fake = createTlsServer({ ...certificate, minVersion: version, maxVersion: version }, ({ url }, response) => {
    heard.push(url);
    response.end();
  });
  fake.on('tlsClientError', () => {});
  const { args, input } = await device();
  const between = await helloWith({ secure_port: await portOf(fake) });
  try {
    const { code, stdout, stderr } = await cli.run([...args.with(args.indexOf(ap), between.address), '--yes', '--json'], {
      input,
      env: { NODE_EXTRA_CA_CERTS: cli.file('authority.pem', authority.cert) },
    });
    expect({ code, stdout, error: JSON.parse(stderr) }).toMatchObject({ code: 4, stdout: '', error: { code: 'proof_rejected' } });
    if (version === 'TLSv1.3') {
      expect(JSON.parse(stderr)).toMatchObject({ message: expect.stringContaining('shows a certificate'), hint: expect.stringContaining('captive portal') });
    }
    expect(heard).toEqual([]);
  } finally {
    between.close();
    fake.close();
  }
});

test('a portal that answers everything with its own page is no access point', async () => {
  const portal = createServer((_, response) => void response.writeHead(302, { location: 'http://portal.example/' }).end('<html>'));
  const address = `127.0.0.1:${await portOf(portal)}`;
  const { args, input } = await device();
  try {
    const { code, stderr } = await cli.run([...args.with(args.indexOf(ap), address), '--yes', '--json'], { input });
    expect({ code, error: JSON.parse(stderr).code }).toEqual({ code: 6, error: 'bad_reply' });
  } finally {
    portal.close();
  }
});
