import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hostileSsids, iwScan } from '../station/scans.ts';
import { CommandLine, jsonWith } from './command-line.ts';
import type { Purse } from './purse.ts';
import { newBssid, SharedNetwork } from './shared-network.ts';
import { Site, ways } from './site.ts';

const away = ['--server', 'https://127.0.0.1:1'];

describe.each(ways)('networks nearby and their messages, %s', (way) => {
  let site: Site;
  let purse: Purse;
  let account: string;
  let network: SharedNetwork;
  let id: string;

  beforeAll(async () => {
    site = await Site.make(way);
    purse = await site.purse();
    account = await purse.bound(async () => (await site.till()).account('1.00EUR'));
    network = await proven();
    id = await idOf(network);
  });
  afterAll(() => site.close());

  async function proven(name: string | Uint8Array = 'Home'): Promise<SharedNetwork> {
    const made = new SharedNetwork(purse.cli, name);
    await purse.json(['share', 'verify', 'start', ...made.claim, '--account', account, '--hook', made.hook, '--scan', made.scan, '--yes']);
    return made;
  }
  async function idOf({ bssid }: SharedNetwork): Promise<string> {
    const { networks } = await purse.json(['share', 'verify', 'status']);
    return (networks as Record<string, any>[]).find(({ bssids }) => bssids.includes(bssid))!['network_id'] as string;
  }
  const nearby = (...args: string[]) => ['share', 'nearby', '--scan', network.scan, ...args];

  test('a message is set, shown once to who joins, in their language, again when it is another, and cleared', async () => {
    const german = purse.cli.file('de.txt', 'Willkommen!\nKaffee oben.\n');
    const set = await purse.json(['share', 'message', 'set', id, '--text', 'Welcome!', '--lang', 'en', '--also', `de=${german}`, '--link', 'https://cafe.example/menu']);
    expect(set['message']).toMatchObject({ texts: [{ language: 'en', text: 'Welcome!', link: 'https://cafe.example/menu' }, { language: 'de', text: 'Willkommen!\nKaffee oben.' }] });
    expect((await purse.json(nearby()))['items']).toMatchObject([{ network_id: id, joined: false, heard: [network.bssid] }]);
    const joined = nearby('--joined', network.bssid);
    const { stdout } = await purse.cli.run(joined, { env: { ...purse.env, LANG: 'de_CH.UTF-8' } });
    expect(stdout).toContain('\nWillkommen!\nKaffee oben.\nhttps://cafe.example/menu\n');
    expect((await purse.json(joined))['items'][0]).not.toHaveProperty('message');
    expect((await purse.json([...joined, '--again', '--lang', 'fr']))['items'][0]).toMatchObject({ message: { text: 'Welcome!' } });
    await purse.json(['share', 'message', 'set', id, '--text', 'Closed today.']);
    expect((await purse.json(joined))['items'][0]).toMatchObject({ joined: true, message: { text: 'Closed today.' } });
    expect((await purse.run(['share', 'message', 'show', id])).stdout).toContain('Closed today.');
    await purse.json(['share', 'message', 'clear', id]);
    expect((await purse.run(['share', 'message', 'show', id])).stdout).toContain('There is no message.');
  }, 30_000);

  test('what would do harm to a terminal is refused', async () => {
    const { code, stderr } = await purse.run(['share', 'message', 'set', id, '--text', 'a\u001b[2J']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('no control characters')]);
    expect((await purse.run(['share', 'message', 'set', id, '--text', 'a', '--link', 'http://cafe.example'])).code).toBe(2);
  });

  test('by the list on this machine it works without a network', async () => {
    const other = await proven(Buffer.from('Home'));
    const otherId = await idOf(other);
    await purse.json(['share', 'message', 'set', otherId, '--text', 'Hello']);
    const offline = ['share', 'nearby', '--scan', other.scan, '--offline', '--joined', other.bssid];
    expect(await purse.run(['share', 'nearby', '--scan', other.scan, '--offline'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--sync') });
    expect(await purse.json(['share', 'nearby', '--sync'])).toMatchObject({ items: [], list: { networks: 1 } });
    // Of two of one name it is known which.
    expect(await purse.json(offline)).toMatchObject({ items: [{ network_id: otherId, joined: true }], list: { networks: 1 } });
    expect((await purse.run(offline)).stdout).toMatch(/list of 1 network that was fetched \d+ s ago/);
    await purse.json(['share', 'message', 'clear', otherId]);
    expect(await purse.json(['share', 'nearby', '--sync'])).toMatchObject({ list: { networks: 0 } });
  }, 30_000);

  test('a name that would do harm is shown safely, and where the names collide the radios tell', async () => {
    const name = hostileSsids['that clears the screen']!;
    const hostile = await proven(name);
    const hostileId = await idOf(hostile);
    await purse.json(['share', 'message', 'set', hostileId, '--text', 'Hello']);
    const scan = purse.cli.file('two.scan', iwScan([{ bssid: newBssid(), ssid: name }, { bssid: hostile.bssid, ssid: Buffer.from('quite another') }]));
    expect((await purse.json(['share', 'nearby', '--scan', scan]))['items']).toMatchObject([{ network_id: hostileId, ssid: Buffer.from(name).toString('base64url') }]);
    const { stdout } = await purse.run(['share', 'nearby', '--scan', scan]);
    expect(stdout).toContain('\\x1b[2J');
    expect(stdout).not.toMatch(/(?!\n)\p{Cc}/u);
    await purse.json(['share', 'message', 'clear', hostileId]);
  }, 30_000);

  test('nothing is found of what nobody registered', async () => {
    const scan = purse.cli.file('none.scan', iwScan([{ bssid: newBssid() }]));
    expect((await purse.run(['share', 'nearby', '--scan', scan])).stdout).toContain('No registered network is heard.');
  });
});

test('a server that is away is an error where there is no list', async () => {
  const cli = await CommandLine.make();
  try {
    const scan = cli.file('scan', iwScan([{ bssid: newBssid() }]));
    expect((await cli.run(['share', 'nearby', '--scan', scan, ...away])).code).toBe(6);
  } finally {
    await cli.close();
  }
});

describe('a witness', () => {
  let site: Site;
  let witness: CommandLine;

  beforeAll(async () => {
    site = await Site.make('server');
    witness = await CommandLine.make();
    const { code } = await site.json('server', 'enroll-code', 'create', '--role', 'witness');
    const enroll = ['share', 'witness', 'enroll', '--server', site.server!.url, '--ca', witness.file('ca.pem', site.server!.ca), '--enroll-code-file', '-', '--name', 'Market'];
    expect(await witness.json(enroll, { input: code as string })).toMatchObject({ role: 'witness', name: 'witness' });
  });
  afterAll(async () => {
    await witness.close();
    await site.close();
  });

  test('says what it hears, of which only what is being proven is kept', async () => {
    const purse = await site.purse();
    const account = await purse.bound(async () => (await site.till()).account('1.00EUR'));
    const network = new SharedNetwork(purse.cli);
    const other = iwScan([{ bssid: network.bssid }, { bssid: newBssid() }, { bssid: newBssid() }]);
    expect(await witness.json(['share', 'witness', 'once', '--scan', '-'], { input: other })).toMatchObject({ event: 'reported', heard: 3, kept: 0 });
    await purse.json(['share', 'verify', 'start', ...network.claim, '--account', account]);
    expect(await witness.json(['share', 'witness', 'once', '--scan', '-'], { input: other })).toMatchObject({ event: 'reported', heard: 3, kept: 1 });
  });

  test('goes on through what fails, and ends when it is told to', async () => {
    const scan = witness.file('witness.scan', 'nothing');
    const serving = witness.start(['share', 'witness', 'serve', '--every', '50ms', '--scan', scan, '--json']);
    expect(await serving.line(jsonWith('event', 'failed'))).toMatchObject({ error_code: 'scan_malformed' });
    witness.file('witness.scan', iwScan([{ bssid: newBssid() }]));
    expect(await serving.line(jsonWith('event', 'reported'))).toMatchObject({ heard: 1, kept: 0 });
    serving.kill('SIGTERM');
    expect((await serving.ended).code).toBe(0);
  });

  test('a scan that can be read once alone serves nobody', async () => {
    expect((await witness.run(['share', 'witness', 'serve', '--scan', '-'], { input: '' })).code).toBe(2);
  });
});
