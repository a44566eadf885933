import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CommandLine } from './command-line.ts';
import { Site, password, serveArgs } from './site.ts';
import { atTerminal } from './terminal.ts';

let site: Site;

beforeAll(async () => {
  site = await Site.make('embedded');
});

afterAll(() => site.close());

test('`ap approve` without an id offers what waits, with label, model, uuid, match code and age', async () => {
  const { requestId, uuid, joining } = await site.asking();
  const terminal = atTerminal(site.cli, ['ap', 'approve']);
  await terminal.shows('Let which device in?');
  expect(await terminal.shows(/lamp · .*ago/)).toMatch(new RegExp(`lamp · ${uuid} · code \\d{4} · \\d+ s ago`));
  terminal.type('\r');
  expect(await terminal.code).toBe(0);
  expect(terminal.screen()).toContain(requestId);
  expect((await joining.ended).code).toBe(0);
});

test('labels steer neither the choice nor the question nor the list', async () => {
  const { requestId, joining } = await site.asking('--label', 'Hall\u202e\u009b2J');
  const asIs = 'Hall\\u202e\\x9b2J';
  const terminal = atTerminal(site.cli, ['ap', 'approve']);
  await terminal.shows(asIs);
  terminal.type('\u0003');
  expect(await terminal.code).toBe(130);
  const list = atTerminal(site.cli, ['ap', 'requests']);
  expect(await list.code).toBe(0);
  expect(list.screen()).toContain(asIs);
  for (const { screen } of [terminal, list]) {
    expect(screen()).not.toMatch(/[\u202e\u009b]/);
  }
  await site.json('ap', 'deny', requestId);
  await joining.ended;
});

test('a question is asked and its answer holds; --no-input asks nothing', async () => {
  const { uuid } = await site.device();
  const no = atTerminal(site.cli, ['device', 'revoke', uuid]);
  await no.shows(`Revoke device ${uuid} for good?`);
  no.type('n\r');
  expect(await no.code).toBe(130);
  expect((await site.json('device', 'show', uuid)).state).toBe('registered');

  expect(await atTerminal(site.cli, ['device', 'revoke', uuid, '--no-input']).code).toBe(2);

  const yes = atTerminal(site.cli, ['device', 'revoke', uuid]);
  await yes.shows('for good?');
  yes.type('y\r');
  expect(await yes.code).toBe(0);
  expect((await site.json('device', 'show', uuid)).state).toBe('revoked');
});

test('at `ap serve` the owner decides with a key', async () => {
  const cli = await CommandLine.make();
  try {
    const file = cli.file('wifi', password);
    const terminal = atTerminal(cli, [...serveArgs.slice(0, -1), file]);
    const [port] = /\d+/.exec(await terminal.shows(/ports \d+/))!;
    const join = async () => {
      const { uuid, pass_tmp: input } = await cli.json(['device', 'register', '--ssid', 'iot-setup', '--label', 'Lamp\u202e']);
      return cli.start(['device', 'join', '--uuid', uuid, '--ssid', 'iot-setup', '--ap', `127.0.0.1:${port}`, '--pass-tmp-file', '-', '--yes'], { input });
    };
    const first = await join();
    await terminal.shows('Let this device in?');
    await terminal.shows('Label: Lamp\\u202e');
    await terminal.shows('[y] yes');
    terminal.type('y');
    const { code, stdout } = await first.ended;
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining(password) });
    await terminal.shows('joined');

    // Before there is a question, a key answers none.
    terminal.type('y');
    const second = await join();
    await terminal.shows('[y] yes');
    terminal.type('n');
    expect((await second.ended).code).toBe(4);

    const device = await cli.json(['device', 'register', '--ssid', 'iot-setup']);
    const passTmp = cli.file('pass_tmp', device.pass_tmp);
    const third = atTerminal(cli, ['device', 'join', '--uuid', device.uuid, '--ssid', 'iot-setup', '--ap', `127.0.0.1:${port}`, '--pass-tmp-file', passTmp]);
    await terminal.shows('[y] yes');
    terminal.type('y');
    await third.shows('[l] later');
    third.type('l');
    await third.shows('Run it again');
    expect(await third.code).toBe(8);

    await join();
    await terminal.shows('[y] yes');
    terminal.type('\u0003');
    await terminal.shows('no longer asked');
    expect(await terminal.code).toBe(130);
  } finally {
    await cli.close();
  }
});

test('the demonstration asks the owner’s question, and nobody gets in at a no', { timeout: 60_000 }, async () => {
  const terminal = atTerminal(site.cli, ['demo']);
  await terminal.shows('Let Lamp (lamp-2) in?');
  terminal.type('n\r');
  await terminal.shows('Said no.');
  await terminal.shows('Got nothing');
  expect(await terminal.code).toBe(0);
});

test('the demonstration of codes asks the payer, and shows none at a no', { timeout: 60_000 }, async () => {
  const terminal = atTerminal(site.cli, ['demo', 'offline']);
  await terminal.shows('Pay by code?');
  terminal.type('n\r');
  await terminal.shows('Showed nothing.');
  expect(await terminal.code).toBe(0);
});

test.each(['made', 'from a file', 'only checked'])('while many are registered, %s, a bar has rate and time left', { timeout: 30_000 }, async (way) => {
  const rows = Array.from({ length: 60_000 }, () => `setup,${randomUUID()}\n`);
  const source = way === 'made' ? ['--count', '60000', '--ssid', 'setup'] : ['--from', site.cli.file('bar.csv', `ssid,uuid\n${rows.join('')}`)];
  const terminal = atTerminal(site.cli, ['device', 'register', ...source, '--out', join(site.cli.folder, `${randomUUID()}.csv`), ...(way === 'only checked' ? ['--dry-run'] : [])]);
  await terminal.shows(/█+░+ +\d+ % +[\d,]+(\/60,000)? devices +[\d,]+\/s +\d+ s left/);
  expect(await terminal.code).toBe(0);
  expect(terminal.screen()).toMatch(/registered: +60,000/);
});

test('tables fit the terminal and colour is for terminals only', async () => {
  await site.device('--label', 'a label that makes the table wider than a terminal may be');
  const terminal = atTerminal(site.cli, ['device', 'list'], { NO_COLOR: '' });
  expect(await terminal.code).toBe(0);
  expect(terminal.screen().split('\n').every((line) => line.length <= 100)).toBe(true);
  expect((await site.cli.run(['device', 'list'], { env: { NO_COLOR: '' } })).stdout).not.toContain('\u001b');
});
