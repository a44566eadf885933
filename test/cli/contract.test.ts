import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { program } from '../program.ts';
import { CommandLine, jsonWith } from './command-line.ts';
import { password, serveArgs } from './site.ts';

let cli: CommandLine;

beforeAll(async () => {
  cli = await CommandLine.make();
});

afterAll(() => cli.close());

test.each([
  ['an unknown command', ['nonsense'], 'invalid_input', '"nonsense" is not a command.'],
  ['an unknown command of a topic', ['device', 'nonsense'], 'invalid_input', '"device nonsense" is not a command.'],
  ['an unknown flag', ['device', 'list', '--colour', 'red'], 'invalid_input', 'Nonexistent flag: --colour'],
  ['a flag without its value', ['device', 'list', '--model'], 'invalid_input', 'Flag --model expects a value'],
  ['a missing argument', ['device', 'show'], 'missing_input', 'UUID is missing.'],
  ['a missing flag', ['device', 'join', '--ssid', 'iot-setup'], 'missing_input', '--uuid is missing.'],
  ['an argument too many', ['device', 'list', 'please'], 'invalid_input', 'Unexpected argument: please'],
  ['a flag before there is a command', ['--timeout', '3s', 'device', 'list'], 'invalid_input', 'There is no command before --timeout.'],
  ['a value of the wrong kind', ['device', 'show', 'lamp'], 'invalid_input', 'UUID: This is not a uuid such as 9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d.'],
  ['two flags that exclude each other', ['device', 'list', '--server', 'https://a.example', '--profile', 'b'], 'invalid_input', undefined],
  ['a duration that is none', ['device', 'list', '--timeout', 'soon'], 'invalid_input', '--timeout: "soon" is not a duration such as 30s, 10m, 1h30m or 7d.'],
])('%s is a usage error, exit 2, and so it is under --json', async (_, args, code, message) => {
  const plain = await cli.run(args);
  const json = await cli.run([...args, '--json']);
  expect({ plain: plain.code, json: json.code }).toEqual({ plain: 2, json: 2 });
  expect({ plain: plain.stdout, json: json.stdout }).toEqual({ plain: '', json: '' });
  expect(JSON.parse(json.stderr)).toMatchObject({ code, exit: 2, ...(message === undefined ? {} : { message }) });
  expect(plain.stderr).toMatch(/^Error: /);
});

test('piped input never becomes an argument', async () => {
  const { code, stderr } = await cli.run(['device', 'show', '--json'], { input: '9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d\n' });
  expect({ code, error: JSON.parse(stderr).code }).toEqual({ code: 2, error: 'missing_input' });
});

test('a topic and the program alone show their help on stdout', async () => {
  for (const args of [[], ['device'], ['server', 'token']]) {
    const { code, stdout, stderr } = await cli.run(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('USAGE');
  }
});

interface Described {
  readonly id: string;
  readonly usage?: readonly string[];
  readonly flags: Readonly<Record<string, { readonly exclusive?: readonly string[]; readonly dependsOn?: readonly string[] }>>;
}
const { commands } = JSON.parse(readFileSync(join(import.meta.dirname, '../../oclif.manifest.json'), 'utf8')) as { commands: Record<string, Described> };
const described = Object.values(commands);

test('a synopsis that is written by hand names flags that are there', () => {
  const written = described.filter(({ usage }) => usage !== undefined);
  expect(written.length).toBeGreaterThan(0);
  for (const { id, usage, flags } of written) {
    const named = usage!.join(' ').match(/--[a-z-]+/g)!.map((flag) => flag.slice(2));
    expect([id, named.filter((flag) => !(flag in flags))]).toEqual([id, []]);
  }
});

test('where flags go with or without each other in ways that oclif cannot put into one line, the synopsis is written by hand', () => {
  const garbled = described.filter(({ usage, flags }) => {
    // It takes a flag into the group of the first that names it, and leaves its place empty in the next one's.
    const taken = new Set<string>();
    const isEmpty = (name: string, others: readonly string[] = []) =>
      !taken.has(name) && others.some((other) => taken.has(other) || !taken.add(other));
    return usage === undefined && Object.entries(flags).some(([name, { dependsOn, exclusive }]) => isEmpty(name, dependsOn) || isEmpty(name, exclusive));
  });
  expect(garbled.map(({ id }) => id)).toEqual([]);
});

test('--version says which', async () => {
  const { code, stdout } = await cli.run(['--version']);
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^latchkey\/\d+\.\d+\.\d+/) });
});

test('nobody to answer and no flag that does: a usage error that names it', async () => {
  const { uuid } = await cli.json(['device', 'register', '--ssid', 'iot']);
  for (const more of [[], ['--no-input']]) {
    const { code, stderr } = await cli.run(['device', 'revoke', uuid, '--json', ...more]);
    expect({ code, error: JSON.parse(stderr) }).toMatchObject({ code: 2, error: { code: 'missing_input', message: expect.stringContaining('--yes') } });
  }
  expect((await cli.json(['device', 'show', uuid])).state).toBe('registered');
});

test('--dry-run changes nothing', async () => {
  const { uuid } = await cli.json(['device', 'register', '--ssid', 'iot']);
  const { code, stdout, stderr } = await cli.run(['device', 'revoke', uuid, '--dry-run']);
  expect({ code, stdout, stderr }).toMatchObject({ code: 0, stdout: expect.stringContaining('registered'), stderr: 'Nothing was changed (--dry-run).\n' });
  expect((await cli.json(['device', 'show', uuid])).state).toBe('registered');
});

test('--quiet leaves nothing on stderr but errors', async () => {
  const { uuid } = await cli.json(['device', 'register', '--ssid', 'iot']);
  expect((await cli.run(['device', 'revoke', uuid, '--dry-run', '--quiet'])).stderr).toBe('');
  expect((await cli.run(['device', 'show', 'no-uuid', '--quiet'])).stderr).toMatch(/^Error: /);
});

test('the same idempotency key gives the same device, another request under it none', async () => {
  const args = ['device', 'register', '--ssid', 'iot', '--idempotency-key', 'station-1'];
  const first = await cli.json(args);
  expect(await cli.json(args)).toEqual(first);
  const { code, stderr } = await cli.run([...args, '--model', 'lamp', '--json']);
  expect({ code, error: JSON.parse(stderr).code }).toEqual({ code: 5, error: 'idempotency_mismatch' });
});

test('a device whose identity nobody took is not registered, and can still be', async () => {
  const passTmp = 'given-pass-tmp-of-26-chars';
  const uuid = '2b1f0a3c-5d4e-4f60-8a71-92b3c4d5e6f7';
  const args = ['device', 'register', '--ssid', 'iot', '--uuid', uuid, '--pass-tmp-file', cli.file('given', passTmp)];
  const child = spawn(process.execPath, [program, ...args], { env: cli.env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  const [code] = await once(child, 'close');
  expect(code).toBe(130);
  expect((await cli.json(['device', 'show', uuid])).state).toBe('reserved');
  expect(await cli.json(args)).toMatchObject({ uuid, pass_tmp: passTmp });
  expect((await cli.json(['device', 'show', uuid])).state).toBe('registered');
});

test('a reader that has enough ends a command quietly', async () => {
  const child = spawn(process.execPath, [program, 'completion', 'zsh'], { env: cli.env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.on('data', (text) => (stderr += text));
  await once(child, 'close');
  expect(stderr).toBe('');
});

describe.runIf(existsSync('/dev/full'))('a full disk', () => {
  /** Runs with an output that goes to a full disk, and returns the other. */
  async function runInto(full: 'stdout' | 'stderr', args: readonly string[]) {
    const disk = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [program, ...args], {
      env: cli.env,
      stdio: ['ignore', full === 'stdout' ? disk : 'pipe', full === 'stderr' ? disk : 'pipe'],
      timeout: 10_000,
    });
    closeSync(disk);
    let other = '';
    (child.stdout ?? child.stderr)!.setEncoding('utf8').on('data', (text: string) => (other += text));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, other };
  }

  test('behind standard output is exit 11 and one error', async () => {
    const { code, other } = await runInto('stdout', ['profile', 'list', '--json']);
    expect({ code, error: JSON.parse(other).code }).toEqual({ code: 11, error: 'storage_full' });
  });

  test.each([
    ['of a command', ['device', 'show', 'none'], 2],
    ['of no command', ['none'], 2],
    ['of something that is not there', ['profile', 'use', 'none'], 3],
  ])('behind stderr leaves the exit code %s', async (_, args, expected) => {
    expect(await runInto('stderr', args)).toEqual({ code: expected, other: '' });
  });
});

test('waiting is bounded by --timeout (exit 8) and ends at SIGINT (exit 130)', async () => {
  const agent = cli.start([...serveArgs, '--json'], { input: password });
  const { status } = (await agent.line(jsonWith('event', 'listening'))) as { status: { hello_port: number } };
  const join = async () => {
    const { uuid, pass_tmp: input } = await cli.json(['device', 'register', '--ssid', 'iot-setup']);
    return { args: ['device', 'join', '--uuid', uuid, '--ssid', 'iot-setup', '--ap', `127.0.0.1:${status.hello_port}`, '--pass-tmp-file', '-', '--yes', '--json'], input };
  };
  const late = await join();
  const timedOut = await cli.run([...late.args, '--timeout', '300ms'], { input: late.input });
  expect({ code: timedOut.code, error: JSON.parse(timedOut.stderr).code }).toEqual({ code: 8, error: 'timed_out' });

  const stopped = await join();
  const waiting = cli.start(stopped.args, { input: stopped.input });
  const uuid = stopped.args[3];
  await agent.line((line) => (JSON.parse(line).request?.uuid === uuid ? true : undefined));
  waiting.kill('SIGINT');
  const interrupted = await waiting.ended;
  expect({ code: interrupted.code, error: JSON.parse(interrupted.stderr).code }).toEqual({ code: 130, error: 'interrupted' });

  agent.kill('SIGINT');
  expect((await agent.ended).code).toBe(130);
});

test('a second agent beside the first is a conflict', async () => {
  const agent = cli.start([...serveArgs, '--json'], { input: password });
  await agent.line(jsonWith('event', 'listening'));
  const second = await cli.run([...serveArgs, '--json'], { input: password });
  expect({ code: second.code, error: JSON.parse(second.stderr.trim().split('\n').at(-1)!).code }).toEqual({ code: 5, error: 'already_running' });
  agent.kill('SIGTERM');
  expect((await agent.ended).code).toBe(0);
});

// Other tests run beside it, so a second is had in one of three tries.
test('without a keychain a command that needs one fails with exit 7 within a second, and says what to do', { retry: 2 }, async () => {
  const env = { LATCHKEY_SECRET_STORE: 'keychain', DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent', LATCHKEY_KEY_FILE: '' };
  const begun = performance.now();
  const { code, stderr } = await cli.run(['profile', 'add', 'x', '--server', 'https://a.example', '--token-file', cli.file('t', 'lk_admin_x'), '--json'], { env });
  const took = performance.now() - begun;
  expect({ code, error: JSON.parse(stderr) }).toMatchObject({ code: 7, error: { code: 'secret_store_unavailable', hint: expect.stringContaining('LATCHKEY_SECRET_STORE=file') } });
  expect(took).toBeLessThan(1_000);
});

test('a certificate nobody vouches for is its own error, exit 6', async () => {
  const { Authority } = await import('../server/certificates.ts');
  const { cert, key } = new Authority().server();
  const server = cli.start(['server', 'start', '--listen', '127.0.0.1:0', '--tls-cert', cli.file('s.pem', cert), '--tls-key', cli.file('s.key', key), '--json']);
  const url = await server.line((line) => (JSON.parse(line) as { url: string }).url);
  const { code, stderr } = await cli.run(['device', 'list', '--server', url, '--json'], { env: { LATCHKEY_TOKEN: 'lk_admin_0123456789012345678901' } });
  expect({ code, error: JSON.parse(stderr).code }).toEqual({ code: 6, error: 'certificate_invalid' });
});

test('a command that waits for nothing that could come is a bug and says so, and no success', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-endless-'));
  try {
    await mkdir(join(folder, 'commands'));
    await writeFile(join(folder, 'commands/wait.mjs'), `import { Command } from '${import.meta.resolve('@oclif/core/command')}';
      export default class extends Command { run() { return new Promise(() => {}); } }`);
    const pjson = { name: 'endless', version: '1.0.0', type: 'module', oclif: { commands: './commands' } };
    await writeFile(join(folder, 'package.json'), JSON.stringify(pjson));
    const main = new URL('../../src/cli/main.ts', import.meta.url).href;
    await writeFile(join(folder, 'run.mjs'), `import { main } from '${main}'; await main({ root: ${JSON.stringify(folder)}, pjson: ${JSON.stringify(pjson)} });`);
    const child = spawn(process.execPath, [join(folder, 'run.mjs'), 'wait'], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code] = await once(child, 'close');
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^Error: /) });
  } finally {
    await rm(folder, { recursive: true });
  }
});
