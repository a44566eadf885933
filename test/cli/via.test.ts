import { afterAll, beforeAll, expect, test } from 'vitest';
import { Authority } from '../server/certificates.ts';
import { iwScan } from '../station/scans.ts';
import { CommandLine } from './command-line.ts';

/** A name that leads nowhere: whoever has no network cannot ask for it. */
const server = 'https://latchkey.test:8420';

/** Where connections to the server are taken; it says the server's name, as TLS wants it. */
let via: string;
let host: CommandLine;
let guest: CommandLine;

beforeAll(async () => {
  [host, guest] = [await CommandLine.make(), await CommandLine.make()];
  const authority = new Authority();
  const { cert, key } = authority.server({ names: ['latchkey.test'] });
  guest.file('ca.pem', authority.cert);
  await host.json(['server', 'init']);
  const running = host.start(['server', 'start', '--listen', '127.0.0.1:0', '--tls-cert', host.file('server.pem', cert), '--tls-key', host.file('server.key', key), '--json']);
  via = new URL(await running.line((line) => (JSON.parse(line) as { url?: string }).url)).host;
});
afterAll(() => Promise.all([host, guest].map((each) => each.close())));

test('a guest without any network enrols, finds offers and asks by way of an access point’s agent', async () => {
  const { code } = await host.json<{ code: string }>(['server', 'enroll-code', 'create', '--role', 'terminal']);
  const enroll = ['wallet', 'enroll', '--server', server, '--ca', `${guest.folder}/ca.pem`, '--enroll-code-file', '-', '--name', 'Phone'];
  expect((await guest.run([...enroll, '--json'], { input: code })).code).toBe(6);
  expect(await guest.json([...enroll, '--via', via], { input: code })).toMatchObject({ server, token_name: 'Phone' });

  const scan = guest.file('scan', iwScan([{ bssid: '02:00:00:00:00:01', ssid: Buffer.from('Home') }]));
  const commands = [
    [['account', 'status'], { accounts: [] }],
    [['share', 'find', '--scan', scan], { items: [] }],
    [['share', 'history'], { items: [] }],
  ] as const;
  for (const [command, nothing] of commands) {
    expect(await guest.json([...command, '--via', via])).toMatchObject(nothing);
    expect(await guest.json(command, { env: { LATCHKEY_VIA: via } })).toMatchObject(nothing);
    const { code: exit, stderr } = await guest.run([...command, '--json']);
    expect([exit, JSON.parse(stderr)]).toEqual([6, expect.objectContaining({ code: 'remote_unreachable' })]);
  }
  const { code: exit, stderr } = await guest.run(['account', 'status', '--via', 'ftp://10.0.0.1', '--json']);
  expect([exit, JSON.parse(stderr)]).toEqual([2, expect.objectContaining({ code: 'invalid_input' })]);
});
