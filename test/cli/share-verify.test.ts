import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { hostileSsids, iwScan } from '../station/scans.ts';
import { atTerminal } from './terminal.ts';
import { newBssid, SharedNetwork } from './shared-network.ts';
import type { Purse } from './purse.ts';
import { Site, ways } from './site.ts';

const secondOf = ({ challenge }: Record<string, any>) => Buffer.from(challenge.second as string, 'base64url');

describe.each(ways)('proving a network, %s', (way) => {
  let site: Site;
  let purse: Purse;
  let account: string;

  beforeAll(async () => {
    site = await Site.make(way);
    purse = await site.purse();
    const till = await site.till();
    account = await purse.bound(() => till.account('1.00EUR'));
  });
  afterAll(() => site.close());

  const start = (network: SharedNetwork, ...args: string[]) => purse.json(['share', 'verify', 'start', ...network.claim, '--account', account, ...args]);
  async function refusal(args: readonly string[]): Promise<Record<string, any>> {
    const { code, stderr } = await purse.run([...args, '--json']);
    const error = JSON.parse(stderr.trimEnd().split('\n').at(-1)!) as Record<string, any>;
    expect(error['exit']).toBe(code);
    return error;
  }

  test('by hand: the second name, a scan that does not show it, one that does', async () => {
    const network = new SharedNetwork(purse.cli);
    const started = await start(network);
    expect(started).toMatchObject({ bssids: [network.bssid], challenge: { state: 'pending', security: 'wpa2-psk', account_id: account } });
    expect(secondOf(started).toString()).toMatch(/^Home-[a-z2-7]{10}$/);
    const { challenge_id: id } = started['challenge'];
    const confirm = ['share', 'verify', 'confirm', id, '--scan', network.scan];
    // The file is older than the verification.
    expect(await refusal(confirm)).toMatchObject({ code: 'check_failed', exit: 12, message: expect.stringContaining('older than') });
    network.isCalled(network.name);
    expect(await refusal(confirm)).toMatchObject({ code: 'check_failed', exit: 12, message: expect.stringContaining('old name') });
    const open = await purse.json(['share', 'verify', 'status']);
    expect(open['challenges']).toContainEqual(expect.objectContaining({ challenge_id: id, state: 'processing', errors: [expect.objectContaining({ fault: 'stale_scan' }), expect.objectContaining({ fault: 'still_first' })] }));
    // Both names within a few seconds may be the renaming itself.
    network.isCalled(secondOf(started));
    await vi.waitFor(async () => expect((await purse.run(confirm)).code).toBe(0), { timeout: 15_000, interval: 500 });
    expect((await purse.json(['share', 'verify', 'status', id]))['challenges']).toMatchObject([{ state: 'valid' }]);
    const status = await purse.json(['share', 'verify', 'status']);
    expect(status['networks']).toContainEqual(expect.objectContaining({ bssids: [network.bssid], state: 'valid', verified_at: expect.any(String), prove_again_by: expect.any(String) }));
    expect(status['challenges']).not.toContainEqual(expect.objectContaining({ challenge_id: id }));
  }, 30_000);

  test('by a hook: renamed, heard, proven and named as before', async () => {
    const network = new SharedNetwork(purse.cli);
    const proven = await start(network, '--hook', network.hook, '--scan', network.scan, '--yes');
    expect(proven['challenge']).toMatchObject({ state: 'valid' });
    expect(network.steps).toEqual(['pre', 'set', 'restore']);
  }, 30_000);

  test('without a name, or without anybody to agree, the flag is named', async () => {
    const network = new SharedNetwork(purse.cli);
    expect(await refusal(['share', 'verify', 'start', '--scan', network.scan])).toMatchObject({ code: 'missing_input', message: '--ssid is missing.' });
    expect(await refusal(['share', 'verify', 'start', ...network.claim, '--hook', network.hook, '--scan', network.scan])).toMatchObject({ code: 'missing_input', message: expect.stringContaining('--yes') });
    expect(network.steps).toEqual([]);
  });

  test.each([
    [['--radio', 'hostapd'], 'hostapd-conf'],
    [['--hostapd-conf', 'hostapd.conf'], 'radio'],
    [['--radio', 'hostapd', '--hostapd-conf', 'hostapd.conf', '--hook', 'true'], 'hook'],
    [['--within', '1m'], 'within'],
  ])('flags of the renaming that do not go together are a usage error: %j', async (flags, named) => {
    const network = new SharedNetwork(purse.cli);
    expect(await refusal(['share', 'verify', 'start', ...network.claim, '--scan', network.scan, ...flags])).toMatchObject({ exit: 2, message: expect.stringContaining(named) });
  });

  test('a hostapd that is not there is nothing to rename by: that is known before the server is asked', async () => {
    const network = new SharedNetwork(purse.cli);
    const args = ['share', 'verify', 'start', ...network.claim, '--account', account, '--radio', 'hostapd', '--hostapd-conf', join(purse.cli.folder, 'none.conf'), '--scan', network.scan, '--yes'];
    expect(await refusal(args)).toMatchObject({ code: 'file_not_found', exit: 3 });
    expect(JSON.stringify(await purse.json(['share', 'verify', 'status']))).not.toContain(network.bssid);
  });

  test('--dry-run says what would happen, and changes nothing', async () => {
    const network = new SharedNetwork(purse.cli);
    const { code, stdout, stderr } = await purse.run(['share', 'verify', 'start', ...network.claim, '--hook', network.hook, '--scan', network.scan, '--dry-run']);
    expect([code, stdout]).toEqual([0, expect.stringContaining(network.bssid)]);
    expect(stderr).toMatch(/disconnected[^]*Nothing was changed/);
    expect(network.steps).toEqual([]);
    expect(JSON.stringify(await purse.json(['share', 'verify', 'status']))).not.toContain(network.bssid);
  });

  test('a wrong scan is a usage error, with its line', async () => {
    const network = new SharedNetwork(purse.cli);
    const file = purse.cli.file('wrong.json', '[{"bssid":"02:00:00:00:01:00","ssid":"SG9tZQ","security":"wpa9"}]');
    expect(await refusal(['share', 'verify', 'start', '--ssid', 'Home', '--scan', file])).toMatchObject({ code: 'scan_malformed', exit: 2, message: expect.stringContaining('Network 1') });
    expect(await refusal(['share', 'verify', 'start', ...network.claim, '--hook', network.hook, '--scan', '-', '--yes'])).toMatchObject({ code: 'invalid_input', exit: 2 });
  });
});

describe('what has to be undone', () => {
  let site: Site;
  let purse: Purse;
  let account: string;

  beforeAll(async () => {
    site = await Site.make('embedded');
    purse = await site.purse();
    account = await purse.bound(async () => (await site.till()).account('1.00EUR'));
  });
  afterAll(() => site.close());

  const args = (network: SharedNetwork, ...more: string[]) => ['share', 'verify', 'start', ...network.claim, '--account', account, '--hook', network.hook, '--scan', network.scan, '--yes', ...more];
  /** One that waits for a name that nobody hears. */
  async function waiting(network: SharedNetwork, { slow = false } = {}) {
    network.renames({ deaf: true, slow });
    const running = purse.cli.start(args(network), { env: purse.env });
    await vi.waitFor(() => expect(running.errors()).toContain('Waiting until'), { timeout: 20_000 });
    expect(network.steps).toEqual(['pre', 'set']);
    return running;
  }

  test.each([['SIGINT', 130], ['SIGTERM', 130]] as const)('%s while it waits: the name is set back before it ends', async (signal, exit) => {
    const network = new SharedNetwork(site.cli);
    const running = await waiting(network);
    running.kill(signal);
    const { code, stderr } = await running.ended;
    expect([code, network.steps]).toEqual([exit, ['pre', 'set', 'restore']]);
    expect(stderr).toContain('It has its own name again.');
  }, 30_000);

  test('no second signal keeps the name from being set back', async () => {
    const network = new SharedNetwork(site.cli);
    const running = await waiting(network, { slow: true });
    running.kill('SIGINT');
    await vi.waitFor(() => expect(running.errors()).toContain('Setting the name back'));
    running.kill('SIGINT');
    // It is still there to take one that does nothing.
    running.kill('SIGHUP');
    network.letGo();
    const { code, stderr } = await running.ended;
    expect([code, network.steps]).toEqual([130, ['pre', 'set', 'restore']]);
    expect(stderr).toContain('It has its own name again.');
  }, 30_000);

  test('the terminal is lost: it goes on', async () => {
    const network = new SharedNetwork(site.cli);
    const running = await waiting(network);
    running.kill('SIGHUP');
    network.renames();
    const { challenges } = await purse.json(['share', 'verify', 'status']);
    const challenge = (challenges as Record<string, any>[]).find(({ bssids }) => bssids.includes(network.bssid))!;
    network.isCalled(Buffer.from(challenge['second'], 'base64url'));
    expect((await running.ended).code).toBe(0);
    expect(network.steps).toEqual(['pre', 'set', 'restore']);
  }, 30_000);

  test.each([['pre', ['pre', 'restore']], ['set', ['pre', 'set', 'restore']]] as const)('a hook that fails at %s is told to restore', async (step, steps) => {
    const network = new SharedNetwork(site.cli);
    network.renames({ fails: [step] });
    const { code, stderr } = await purse.run(args(network));
    expect([code, network.steps]).toEqual([12, steps]);
    expect(stderr).toContain(`${step} ended with exit code 1.`);
  });

  test('a time-out sets the name back', async () => {
    const network = new SharedNetwork(site.cli);
    network.renames({ deaf: true });
    const { code, stderr } = await purse.run(args(network, '--within', '1s'));
    expect([code, network.steps]).toEqual([8, ['pre', 'set', 'restore']]);
    expect(stderr).toContain('The new name was not heard in time.');
  }, 20_000);

  test('that the name was not set back is said loudly', async () => {
    const network = new SharedNetwork(site.cli);
    network.renames({ fails: ['restore'] });
    const { code, stderr } = await purse.run(args(network));
    expect(code).toBe(12);
    expect(stderr).toMatch(/Warning: .*not set back[^]*by hand[^]*Error: The name of the network was not set back/);
  }, 20_000);

  test('at a terminal it asks, and no is no', async () => {
    const network = new SharedNetwork(site.cli);
    const terminal = atTerminal(site.cli, args(network).filter((word) => word !== '--yes'), purse.env);
    await terminal.shows(/disconnected[^]*Rename it now\?/);
    terminal.type('n\r');
    expect([await terminal.code, network.steps]).toEqual([130, []]);
  }, 20_000);

  test('at a terminal a network that is heard can be chosen', async () => {
    const network = new SharedNetwork(site.cli, 'Chosen');
    const terminal = atTerminal(site.cli, ['share', 'verify', 'start', '--account', account, '--scan', network.scan], purse.env);
    await terminal.shows('Which network is yours?');
    // What was claimed before comes first, what is heard last; the list goes round.
    terminal.type('\u001b[A\r');
    await terminal.shows(/rename to: +Chosen-[a-z2-7]{10}/);
    expect(await terminal.code).toBe(0);
  }, 20_000);
});

describe('names as somebody on the air may choose them', () => {
  let site: Site;
  let purse: Purse;
  let account: string;

  beforeAll(async () => {
    site = await Site.make('embedded');
    purse = await site.purse();
    account = await purse.bound(async () => (await site.till()).account('1.00EUR'));
  });
  afterAll(() => site.close());

  test.each(Object.entries(hostileSsids))('a name %s is matched by its bytes and shown safely', async (_, ssid) => {
    const bssid = newBssid();
    const scan = site.cli.file('hostile.scan', iwScan([{ bssid, ssid }]));
    const start = ['share', 'verify', 'start', '--ssid-hex', Buffer.from(ssid).toString('hex'), '--account', account, '--scan', scan];
    const result = await purse.json(start);
    expect(Buffer.from(result['ssid'] as string, 'base64url')).toEqual(Buffer.from(ssid));
    expect(result['bssids']).toEqual([bssid]);
    // A name that cannot be typed as it is shown is there in hexadecimal, too.
    const { stdout: shown } = await purse.run(start);
    const typed = /rename to: +(.*)\n/.exec(shown)![1]!;
    const hex = /in hexadecimal: +([0-9a-f]+)\n/.exec(shown)?.[1];
    expect(hex ?? Buffer.from(typed).toString('hex')).toBe(secondOf(result).toString('hex'));
    for (const { stdout, stderr } of [await purse.run(start), await purse.run(['share', 'verify', 'status'])]) {
      expect(`${stdout}${stderr}`).not.toMatch(/(?!\n)[\p{Cc}\p{Bidi_Control}]/u);
    }
  }, 20_000);
});
