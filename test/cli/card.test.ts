import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pathsFrom } from '../../src/cli/paths.ts';
import { CommandLine } from './command-line.ts';

let cli: CommandLine;
let policy: string;

beforeAll(async () => {
  cli = await CommandLine.make();
  policy = cli.file(
    'transit.json',
    JSON.stringify({
      name: 'city', version: 7, kind: 'transit', zone: 'Europe/Berlin',
      parameters: [
        { id: 'fare', type: 'largest_amount', at_most: '10.00EUR' },
        { id: 'day', type: 'total', per: 'day', at_most: '12.00EUR', on_fail: 'ask' },
        { id: 'often', type: 'velocity', lower: 1, upper: 100, if_missing: 'skip' },
      ],
      rules: [{ id: 'late', when: 'local.hour >= 22', then: 'ask' }],
    }),
  );
});
afterAll(() => cli.close());

function ride(amount: number, at = '2026-11-30T14:30:00+01:00', members: object = {}): object {
  return { service: { kind: 'transit', at, amount, currency: 'EUR', ...members } };
}

const today = (minor: number) => ({ history: { periods: { day: { count: 1, totals: { EUR: minor } } } } });
const check = (data: string, ...more: string[]) => cli.run(['card', 'check', '--policy', policy, '--data', '-', ...more], { input: data });
const lines = (all: readonly unknown[]) => all.map((each) => `${typeof each === 'string' ? each : JSON.stringify(each)}\n`).join('');
const parsed = (stdout: string) => stdout.trim().split('\n').map((line) => JSON.parse(line) as { line: number; outcome: string });

describe('card check', () => {
  test.each<readonly [string, object, number, string | undefined]>([
    ['allows', { ...ride(300), ...today(900) }, 0, undefined],
    ['asks', { ...ride(300), ...today(901) }, 10, 'answer_needed'],
    ['asks no more once it is confirmed', { ...ride(300, undefined, { confirmed: true }), ...today(901) }, 0, undefined],
    ['terminates', { ...ride(1001), ...today(901) }, 4, 'service_terminated'],
    ['asks by a rule', { ...ride(300, '2026-11-30T22:00:00+01:00'), ...today(0) }, 10, 'answer_needed'],
    ['counts what is missing as failed', ride(300), 10, 'answer_needed'],
  ])('%s', async (_, data, exit, code) => {
    const { stdout, stderr, code: ended } = await check(JSON.stringify(data), '--json');
    expect(ended, stderr).toBe(exit);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: { 0: 'allow', 4: 'terminate', 10: 'ask' }[exit], application: 'city', version: 7, policy_hash: expect.stringMatching(/^[\w-]{43}$/) });
    expect(stderr === '' ? undefined : (JSON.parse(stderr) as { code: string }).code).toBe(code);
  });

  test('with --random draws nothing', async () => {
    const data = JSON.stringify({ ...ride(300), history: { periods: { day: { count: 0 } }, since_confirmed: { count: 50 } } });
    expect((await check(data, '--random', '0.1')).code).toBe(10);
    expect((await check(data, '--random', '0.9')).code).toBe(0);
  });

  test('refuses data that are not right, with pointers, and decides nothing', async () => {
    const { code, stdout, stderr } = await check(JSON.stringify(ride(300, 'yesterday')), '--json');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(JSON.parse(stderr)).toMatchObject({ code: 'invalid_input', errors: [{ pointer: '/service/at' }] });
  });

  test('refuses data that say something twice', async () => {
    const { code, stderr } = await check(JSON.stringify(ride(300)).replace('"amount":300', '"amount":300,"amount":1'), '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ errors: [{ pointer: '/service/amount' }] });
  });

  test('--bulk decides line by line, and puts what is not valid into the rejects', async () => {
    const rejects = join(cli.folder, 'rejects.ndjson');
    const data = lines([{ ...ride(300), ...today(0) }, 'no json', { ...ride(1001), ...today(0) }, '', ride(-1), ride(300, undefined, { extra: 'x'.repeat(70_000) })]);
    const { code, stdout } = await check(data, '--bulk', '--json', '--rejects', rejects);
    expect(code).toBe(9);
    expect(parsed(stdout)).toMatchObject([{ line: 1, outcome: 'allow' }, { line: 3, outcome: 'terminate' }]);
    expect(parsed(readFileSync(rejects, 'utf8'))).toMatchObject([
      { line: 2, code: 'invalid_input' },
      { line: 5, reason: expect.stringContaining('/service/amount') },
      { line: 6, reason: expect.stringContaining('64 KiB') },
    ]);
  });

  test('a last line that is too long and has no end is no less rejected', async () => {
    expect((await check(`${lines([{ ...ride(300), ...today(0) }])}${'x'.repeat(200_000)}`, '--bulk')).code).toBe(9);
  });

  test('--bulk exits 0 whatever was decided', async () => {
    const { code, stdout } = await check(lines([ride(1001), ride(1)]), '--bulk');
    expect(code).toBe(0);
    expect(stdout).toContain('1  terminate  fare: amount 10.01EUR, limit 10.00EUR');
  });

  test('--replay takes no line that is earlier than one before it, whatever was decided of that', async () => {
    const data = lines([ride(600, '2026-11-30T10:00:00+01:00'), ride(1100, '2026-12-01T12:00:00+01:00'), ride(600, '2026-11-30T10:30:00+01:00')]);
    const { code, stdout } = await check(data, '--bulk', '--replay', '--json', '--random', '0.999');
    expect(code).toBe(9);
    expect(parsed(stdout).map(({ line, outcome }) => [line, outcome])).toEqual([[1, 'allow'], [2, 'terminate']]);
  });

  test('an application of this machine has the history that is counted here, also for many', async () => {
    const here = cli.file('here.json', JSON.stringify({ name: 'here', version: 1, kind: 'transit', parameters: [{ id: 'day', type: 'total', per: 'day', at_most: '5.00EUR' }] }));
    expect((await cli.run(['card', 'app', 'add', here])).code).toBe(0);
    const data = lines([ride(500), ride(501), { ...ride(500), ...today(1) }]);
    const { stdout } = await cli.run(['card', 'check', '--app', 'here', '--data', '-', '--bulk', '--json'], { input: data });
    expect(parsed(stdout).map(({ outcome }) => outcome)).toEqual(['allow', 'terminate', 'terminate']);
  });

  test('only one of the two files is standard input', async () => {
    expect((await cli.run(['card', 'check', '--policy', '-', '--data', '-'], { input: '{}' })).stderr).toContain('Only one of the two files');
  });

  test('a link that leads nowhere in the place of what is kept is an error, and no machine without applications', async () => {
    const other = await CommandLine.make();
    try {
      const file = join(pathsFrom(other.env, process.platform, other.folder).state, 'cards.sqlite');
      mkdirSync(dirname(file), { recursive: true });
      symlinkSync(join(other.folder, 'unmounted', 'cards.sqlite'), file);
      expect((await other.run(['card', 'log', '--json'])).code).toBe(11);
    } finally {
      await other.close();
    }
  });

  test('--replay has each service’s history from those before that were allowed', async () => {
    const data = lines([
      ride(600, '2026-11-30T08:00:00+01:00'),
      ride(1100, '2026-11-30T08:30:00+01:00'),
      ride(600, '2026-11-30T09:00:00+01:00'),
      ride(1, '2026-11-30T10:00:00+01:00'),
      ride(600, '2026-11-30T07:00:00+01:00'),
      { ...ride(600, '2026-12-01T08:00:00+01:00'), history: {} },
      ride(600, '2026-12-01T08:00:00+01:00'),
    ]);
    const { code, stdout } = await check(data, '--bulk', '--replay', '--json', '--random', '0.999');
    expect(code).toBe(9);
    expect(parsed(stdout).map(({ line, outcome }) => [line, outcome])).toEqual([[1, 'allow'], [2, 'terminate'], [3, 'allow'], [4, 'ask'], [7, 'allow']]);
  });
});

test('card explain says of velocity what answers it: a confirmation where it asks, and none where it terminates', async () => {
  const often = (members: object) => cli.file('often.json', JSON.stringify({ name: 'often', version: 1, kind: 'transit', parameters: [{ id: 'often', type: 'velocity', lower: 1, upper: 2, ...members }] }));
  const explained = async (members: object) => (await cli.run(['card', 'explain', '--policy', often(members), '--data', '-'], { input: JSON.stringify({ ...ride(500), history: { since_confirmed: { count: 5 } } }) })).stdout;
  expect(await explained({})).toMatch(/would pass: A confirmation: what is counted since the last one begins anew with it\.$/m);
  expect(await explained({ on_fail: 'terminate' })).toMatch(/would pass: At most 1 since the last service that was confirmed, with this one\.$/m);
});

test('card explain says of what asked that a confirmation has answered it', async () => {
  const asking = cli.file('asking.json', JSON.stringify({ name: 'asking', version: 1, kind: 'transit', parameters: [{ id: 'fare', type: 'largest_amount', at_most: '1.00EUR', on_fail: 'ask' }] }));
  const confirmed = { service: { ...(ride(500) as { service: object }).service, confirmed: true } };
  const { stdout } = await cli.run(['card', 'explain', '--policy', asking, '--data', '-'], { input: JSON.stringify(confirmed) });
  expect(stdout).toMatch(/^allow/);
  expect(stdout).toContain('It is answered by the confirmation.');
});

test.each(['--replay', '--rejects=rejects.ndjson'])('card check %s is for many services', async (flag) => {
  const { code, stderr } = await check(JSON.stringify(ride(500)), flag);
  expect(code).toBe(2);
  expect(stderr).toContain('--bulk');
});

test('card log of an application that was never here is an error', async () => {
  expect((await cli.run(['card', 'log', '--app', 'nope'])).code).toBe(3);
});

test('card explain says what would pass', async () => {
  const { code, stdout } = await cli.run(['card', 'explain', '--policy', policy, '--data', '-'], { input: JSON.stringify({ ...ride(500), ...today(901) }) });
  expect(code).toBe(0);
  expect(stdout).toContain('An amount of at most 2.99EUR: so much is left of 12.00EUR. Or a confirmation.');
});

describe('card lint', () => {
  const lint = async (json: object) => {
    const { code, stdout } = await cli.run(['card', 'lint', '-', '--json'], { input: JSON.stringify({ name: 'a', version: 1, kind: 'door', ...json }) });
    const { findings } = JSON.parse(stdout) as { findings: readonly { pointer: string; detail: string }[] };
    return { code, found: findings.map(({ pointer, detail }) => `${pointer} ${detail}`) };
  };
  const state = { id: 's', type: 'card_state' };

  const asking = { on_fail: 'ask' };
  test.each<readonly [string, object]>([
    ['a rule', { parameters: [state], rules: [{ id: 'r', when: 'service.amount > 1', then: 'ask' }] }],
    ['a total that asks before the largest amount terminates', { parameters: [{ id: 'l', type: 'largest_amount', at_most: '50.00EUR' }, { id: 't', type: 'total', per: 'day', at_most: '30.00EUR', ...asking }] }],
    ['a count and a total that ask in a longer period', { parameters: [
      { id: 'h', type: 'count', per: 'hour', at_most: 5 }, { id: 'd', type: 'count', per: 'day', at_most: 5, ...asking },
      { id: 'i', type: 'total', per: 'hour', at_most: '5.00EUR' }, { id: 'e', type: 'total', per: 'day', at_most: '5.00EUR', ...asking },
    ] }],
    ['a largest amount that asks below one that terminates', { parameters: [{ id: 'l', type: 'largest_amount', at_most: '5.00EUR', ...asking }, { id: 'm', type: 'largest_amount', at_most: '9.00EUR' }] }],
    ['a total in a currency that one of a longer period has as well', { parameters: [{ id: 'h', type: 'total', per: 'hour', at_most: '5.00EUR' }, { id: 'd', type: 'total', per: 'day', at_most: ['5.00EUR', '5.00CHF'] }] }],
    ['currencies that ask, and limits in others', { parameters: [{ id: 'l', type: 'largest_amount', at_most: ['9.00EUR', '9.00CHF'] }, { id: 'c', type: 'currencies', allow: ['EUR'], ...asking }] }],
    ['a limit that asks in the currencies that it does not name', { parameters: [{ id: 'l', type: 'largest_amount', at_most: '9.00EUR', ...asking }, { id: 'c', type: 'currencies', allow: ['CHF', 'EUR'] }] }],
  ])('finds nothing in %s, which can be meant', async (_, json) => {
    expect(await lint(json)).toEqual({ code: 0, found: [] });
  });

  test.each<readonly [object, string]>([
    [{}, 'checks nothing'],
    [{ parameters: [{ id: 'c', type: 'currencies', allow: ['XXX'] }] }, '/parameters/0/allow/0 "XXX" is no currency'],
    [{ parameters: [{ id: 'c', type: 'currencies', allow: [] }] }, '/parameters/0/allow'],
    [{ parameters: [{ id: 'c', type: 'payees', allow: ['a'], deny: ['a'] }] }, 'nothing passes'],
    [{ parameters: [{ id: 'c', type: 'payees', allow: ['a'] }, { id: 'd', type: 'payees', allow: ['b'] }] }, 'nothing passes both'],
    [{ parameters: [{ id: 'h', type: 'hours', hours: ['Fri 22:00-02:00'] }, { id: 'i', type: 'hours', hours: ['Sat 02:00-03:00'] }] }, '/parameters/1/hours have no time in common with h: nothing passes'],
    [{ parameters: [{ id: 'l', type: 'largest_amount', at_most: '9.00EUR' }, { id: 't', type: 'total', per: 'day', at_most: '8.00EUR' }] }, '/parameters/0/at_most has no effect: t allows less than 9.00EUR per day'],
    [{ parameters: [{ id: 'l', type: 'largest_amount', at_most: '5.00EUR' }, { id: 'm', type: 'largest_amount', at_most: ['9.00EUR', '9.00CHF'] }] }, '/parameters/1/at_most has no effect: l allows no more'],
    [{ parameters: [{ id: 'h', type: 'total', per: 'hour', at_most: ['9.00EUR', '9.00CHF'] }, { id: 'd', type: 'total', per: 'day', at_most: '5.00EUR' }] }, '/parameters/0/at_most has no effect: d allows no more per day'],
    [{ parameters: [state], guards: ['access', 'pay'] }, '/guards/1 is for applications of the kind payment, and this is of the kind door'],
    [{ parameters: [{ id: 'p', type: 'places', outside: [{ polygon: [[-60, -120], [-60, 120], [70, 120], [70, -120]] }] }] }, '/parameters/0/outside/0/polygon/0 goes the short way to the next point, over the 180th meridian'],
    [{ parameters: [{ id: 'l', type: 'largest_amount', at_most: '9.00EUR' }, { id: 'c', type: 'currencies', allow: ['CHF'] }] }, 'has a limit in EUR, which the list of currencies does not allow'],
    [{ parameters: [{ id: 'l', type: 'largest_amount', at_most: '9.00EUR' }, { id: 'c', type: 'currencies', allow: ['CHF', 'EUR'] }] }, 'no limit in CHF'],
    [{ parameters: [{ id: 'h', type: 'count', per: 'hour', at_most: 5 }, { id: 'd', type: 'count', per: 'day', at_most: 5 }] }, '/parameters/0/at_most has no effect: d allows no more per day'],
    [{ parameters: [{ id: 'c', type: 'card_state', allow: ['active', 'lost'] }] }, 'lost'],
    [{ parameters: [{ id: 'v', type: 'velocity', lower: 1, upper: 2, on_fail: 'terminate' }] }, 'at random'],
    [{ parameters: [state], decision: { terminate_at_asks: 2 } }, 'never reached'],
    [{ rules: [{ id: 'r', when: '1 > 2', then: 'ask' }] }, '/rules/0/when is always false: the rule never fails'],
    [{ rules: [{ id: 'r', require: '1 > 2', then: 'ask' }] }, 'the rule always fails'],
    [{ rules: [{ id: 'r', when: 'local.hour < 6', then: 'ask' }, { id: 'q', when: 'local.hour < 6', then: 'ask' }] }, '/rules/1/when is the same'],
    [{ rules: [{ id: 'r', when: 'service.amount > "1"', then: 'ask' }] }, 'overload'],
    [{ rules: [{ id: 'r', when: 'service.amount', then: 'ask' }] }, 'int'],
  ])('finds what is wrong with %j', async (json, finding) => {
    const { code, found } = await lint(json);
    expect(code).toBe(12);
    expect(found.join('\n')).toContain(finding);
  });
});

test('card app add says the first ten mistakes and how many more, and takes no guard that is too long to read at each service', async () => {
  const rules = Array.from({ length: 15 }, (_, at) => ({ id: `r${at}`, when: 'local.hour < 6', then: 'ask' }));
  const { code, stderr } = await cli.run(['card', 'app', 'add', '-'], { input: JSON.stringify({ name: 'same', version: 1, kind: 'payment', rules }) });
  expect(code).toBe(12);
  expect(stderr.match(/^Warning: .*is the same/gm)).toHaveLength(10);
  expect(stderr).toContain('And 4 more');
  const long = { name: 'long', version: 1, kind: 'payment', parameters: [{ id: 'p', type: 'payees', allow: Array.from({ length: 4000 }, (_, at) => `${at}`.padEnd(70, 'x')) }] };
  const added = async (json: object) => (await cli.run(['card', 'app', 'add', '-'], { input: JSON.stringify(json) })).code;
  expect(await added({ ...long, guards: ['pay'] })).toBe(2);
  expect(await added(long)).toBe(0);
});

test('card lint reads long lists in no more than their time', async () => {
  const list = (at: number) => ({ id: `p${at}`, type: 'payees', allow: [...Array.from({ length: 9_999 }, (_, name) => `${at}-${name}`), 'common'] });
  const json = { name: 'a', version: 1, kind: 'door', parameters: Array.from({ length: 30 }, (_, at) => list(at)) };
  expect((await cli.run(['card', 'lint', '-', '--timeout', '10s'], { input: JSON.stringify(json) })).code).toBe(0);
}, 15_000);

describe('card test', () => {
  const one = (name: string, amount: number, expected: object) => ({ name, ...ride(amount), ...today(0), expect: expected });
  const run = (cases: readonly object[], ...more: string[]) => cli.run(['card', 'test', '-', '--policy', policy, ...more], { input: JSON.stringify(cases) });

  test('passes cases that come out as they should', async () => {
    const { code, stdout } = await run([one('a fare', 300, { outcome: 'allow', failed: [] }), one('dear # very', 5000, { outcome: 'terminate', failed: ['day', 'fare'] })]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'TAP version 14\n1..2\nok 1 - a fare\nok 2 - dear \\# very\n' });
  });

  test('shows what came out differently', async () => {
    const cases = [one('a fare', 300, { outcome: 'allow' }), one('dear', 5000, { outcome: 'ask', failed: ['day'] })];
    const { code, stdout } = await run(cases);
    expect(code).toBe(12);
    expect(stdout).toContain('not ok 2 - dear\n  ---\n  outcome:\n    expected: ask\n    found: terminate\n  failed:\n    expected: day\n    found: day, fare\n  ...\n');
    expect(JSON.parse((await run(cases, '--json')).stdout)).toMatchObject({ ok: false, passed: 1, failed: 1, cases: [{ ok: true }, { ok: false, differences: [{ what: 'outcome', expected: 'ask', found: 'terminate' }, { what: 'failed', expected: ['day'], found: ['day', 'fare'] }] }] });
  });

  test('takes no check that the application has not: it could never fail', async () => {
    const { code, stderr } = await run([one('a', 1, { outcome: 'allow', failed: ['dya'] })], '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ errors: [{ pointer: '/0/expect/failed/0' }] });
  });

  test('says which case is not right', async () => {
    const { code, stderr } = await run([one('a', 1, { outcome: 'allow' }), { ...one('b', 1, { outcome: 'allow' }), ...ride(1, '2026-02-30T00:00:00Z') }], '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ errors: [{ pointer: '/1/service/at' }] });
  });
});
