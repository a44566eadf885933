import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Home, makeHome } from '../program.ts';

/** The bundle in dist, where much of oclif is loaded otherwise than it means to be, says what the sources say. */
const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);
let home: Home;

beforeAll(async () => {
  home = await makeHome();
});

afterAll(() => home.remove());

test('every command has the same help', async () => {
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, 'unbundled-help.ts')], { env: home.env });
  const [, ...texts] = stdout.split(/^(\[.*\])\n/m);
  const helps = texts.flatMap((words, index) => (index % 2 === 0 ? [[JSON.parse(words) as string[], texts[index + 1]!] as const] : []));

  expect(helps.length).toBeGreaterThan(20);
  for (const [words, help] of helps) {
    expect({ words, help: (await outcome('run.js', [...words, '--help'])).stdout }).toEqual({ words, help });
  }
}, 120_000);

test.each([
  ['its version', ['--version']],
  ['its help', ['--help']],
  ['its help without arguments', []],
  ['the help of a topic', ['device']],
  ['the help of a topic below another', ['server', 'token', '--help']],
  ['a command that there is not', ['device', 'fly']],
  ['a command that there is not, as JSON', ['nothing', '--json']],
  ['a flag that there is not', ['device', 'list', '--wings']],
  ['a flag that there is not, as JSON', ['device', 'list', '--wings', '--json']],
  ['a flag without its value', ['device', 'list', '--limit']],
  ['a value that is none', ['device', 'list', '--limit', 'many', '--json']],
  ['a flag that is missing', ['device', 'register', '--json']],
  ['flags that exclude each other', ['device', 'list', '--server', 'http://127.0.0.1:1', '--profile', 'p']],
  ['a server that is not there', ['device', 'list', '--server', 'http://127.0.0.1:1', '--json']],
  ['what is in a new database', ['grant', 'list']],
  ['what is in a new database, as JSON', ['device', 'list', '--json']],
  ['a device that there is not', ['device', 'show', '22e0a8b9-fc78-4d83-bc34-d150b826df01']],
])('says the same: %s', async (_, args) => {
  const [built, source] = await Promise.all([outcome('run.js', args), outcome('dev.js', args)]);
  expect(built).toEqual(source);
});

test('every file that is loaded when it is needed can be loaded', () => {
  const load = createRequire(import.meta.url);
  const folder = join(root, 'dist/vendor');
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.js'))) {
    const { load: run = () => ({}) } = load(join(folder, file)) as { load?: () => unknown };
    expect(['object', 'function'], file).toContain(typeof run());
  }
});

async function outcome(program: string, args: readonly string[]) {
  const ended = run(process.execPath, [join(root, 'bin', program), ...args], { env: home.env, cwd: home.folder });
  const { stdout, stderr, code = 0 } = await ended.catch((error: { stdout: string; stderr: string; code: number }) => error) as {
    stdout: string;
    stderr: string;
    code?: number;
  };
  return { stdout, stderr, code };
}
