import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cases, type Invocation } from './cases.ts';
import type { Ran } from './command-line.ts';
import { checkResult } from './results.ts';
import { Site, ways, type Way } from './site.ts';

const manifest = JSON.parse(readFileSync(new URL('../../oclif.manifest.json', import.meta.url), 'utf8')) as { commands: Record<string, unknown> };
const names = Object.keys(manifest.commands).map((id) => id.replaceAll(':', ' '));

const sites = new Map<Way, Site>();
const site = (way: Way) => sites.get(way)!;

beforeAll(async () => {
  await Promise.all(ways.map(async (way) => sites.set(way, await Site.make(way))));
});

afterAll(async () => {
  await Promise.all([...sites.values()].map((each) => each.close()));
});

test('every command is driven here, both ways unless it is said why not', () => {
  expect(Object.keys(cases).sort()).toEqual(names.sort());
  const oneWay = Object.entries(cases).flatMap(([name, { only }]) => (only === undefined ? [] : [`${name}: ${only.way} only, for ${only.because}`]));
  console.info(`Commands that are driven one way only:\n  ${oneWay.join('\n  ')}`);
  expect(oneWay).toMatchSnapshot();
});

/** Runs it; what runs on is ended as soon as it has said its first line. */
async function run(at: Site, { args, input, env, cli = at.cli, endless }: Invocation, ...more: string[]): Promise<Ran> {
  const running = cli.start([...args, ...more], { ...(input === undefined ? {} : { input }), ...(env === undefined ? {} : { env }) });
  if (endless === true) {
    await running.line((line) => line);
    running.kill('SIGTERM');
  }
  return running.ended;
}

describe.each(Object.entries(cases))('latchkey %s', (name, { happy, failing, only, same }) => {
  const its = ways.filter((way) => only === undefined || only.way === way);

  test('shows help', async () => {
    const { code, stdout, stderr } = await site('embedded').cli.run([...name.split(' '), '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`$ latchkey ${name}`);
    expect(stdout).toContain('EXAMPLES');
    for (const flag of ['--json', '--quiet', '--no-input', '--timeout']) {
      expect(stdout).toContain(flag);
    }
  });

  test('works, with and without --json, and the same both ways', { timeout: 60_000 }, async () => {
    const results = await Promise.all(
      its.map(async (way) => {
        const json = await run(site(way), await happy(site(way)), '--json');
        const plain = await run(site(way), await happy(site(way)));
        expect({ json: json.code, plain: plain.code }, `${json.stderr}${plain.stderr}`).toEqual({ json: 0, plain: 0 });
        expect(plain.stdout).not.toBe('');
        return resultOf(name, json.stdout);
      }),
    );
    if (results.length === 2) {
      const [embedded, server] = results.map((result) => comparable((same ?? ((all) => all))(result)));
      expect(server).toEqual(embedded);
    }
  });

  test('fails, with the same exit code with and without --json, and both ways', { timeout: 60_000 }, async () => {
    const failures = await Promise.all(
      its.map(async (way) => {
        const { exit, ...invocation } = await failing(site(way));
        const json = await run(site(way), invocation, '--json');
        const plain = await run(site(way), invocation);
        expect({ json: json.code, plain: plain.code }, `${json.stderr}${plain.stderr}`).toEqual({ json: exit, plain: exit });
        const error = JSON.parse(json.stderr.trim().split('\n').at(-1)!) as Record<string, unknown>;
        expect(error).toMatchObject({ code: expect.any(String), message: expect.any(String), hint: expect.any(String), exit });
        expect(plain.stderr).toContain('Error: ');
        return error['code'];
      }),
    );
    expect(new Set(failures).size).toBe(1);
  });
});

/** One JSON value, or one a line where the command prints a stream; each as its command says. */
function resultOf(name: string, stdout: string): unknown {
  const streams = ['ap radius', 'ap serve', 'pos serve', 'server start', 'demo', 'demo onboarding', 'demo offline', 'demo pay', 'demo share', 'device flash', 'share serve', 'share use', 'share witness serve'];
  if (!streams.includes(name)) {
    return checkResult(name, JSON.parse(stdout));
  }
  return stdout.trim().split('\n').map((line) => checkResult(name, JSON.parse(line)));
}

const patterns: readonly (readonly [RegExp, string])[] = [
  [/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'time'],
  [/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'uuid'],
  [/^(req|grt|ap|tok|enr|fls|acc|pay|pst|top|sub|sal|net|off|chl|srq)_[A-Za-z0-9_-]+$/, 'id'],
  [/^lke?_[A-Za-z0-9_-]+$/, 'secret'],
];
/** Who did it, which database it is in and which process it is: names of the place, as ids are. */
const placeNames = new Set([
  'actor', 'decided_by', 'closed_by', 'by', 'name', 'pass_tmp', 'id', 'count', 'hash', 'public_key', 'signature', 'pid', 'hello_port',
  'secure_port', 'relay_port', 'thumbprint_port', 'revision', 'attempt_id', 'match_code', 'server', 'next', 'ahead_ms',
]);

/** Without ids and times. */
function comparable(value: unknown): unknown {
  if (typeof value === 'string') {
    return patterns.find(([pattern]) => pattern.test(value))?.[1] ?? value;
  }
  if (Array.isArray(value)) {
    return value.map(comparable);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, placeNames.has(key) ? typeof inner : comparable(inner)]));
}
