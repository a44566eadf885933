import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseDppUri } from '../../src/protocol/dpp-uri.ts';
import { requires } from '../requirements.ts';
import { CommandLine, type Ran } from './command-line.ts';

let cli: CommandLine;
let lamp: string;

beforeAll(async () => {
  cli = await CommandLine.make();
  await cli.json(['server', 'init']);
  lamp = await registered('--model', 'lamp', '--label', 'Grün', '--mac', '24:6f:28:a1:b2:c3');
});
afterAll(() => cli.close());

async function registered(...args: string[]): Promise<string> {
  return ((await cli.json(['device', 'register', '--ssid', 'iot-setup', ...args])) as { uuid: string }).uuid;
}

const label = (args: readonly string[], options?: Parameters<CommandLine['run']>[1]): Promise<Ran> => cli.run(['device', 'label', ...args], options);
const fresh = () => join(cli.folder, randomUUID());
const codeIn = ({ stderr }: Ran) => (JSON.parse(stderr.trim().split('\n').at(-1)!) as { code: string }).code;

test('one label goes to standard output, or into a file that is not overwritten', async () => {
  const { code, stdout } = await label(['--uuid', lamp]);
  expect({ code, svg: stdout }).toEqual({ code: 0, svg: expect.stringMatching(/^<svg [^>]*width="50mm"[^]*<\/svg>\n$/) });
  expect(stdout).toContain('>lamp</text>');
  expect(stdout).toContain(`>${lamp.slice(24)}</text>`);
  const file = `${fresh()}.svg`;
  expect((await label(['--uuid', lamp, '--out', file])).code).toBe(0);
  expect(readFileSync(file, 'utf8')).toBe(stdout);
  expect((await label(['--uuid', lamp, '--out', file])).code).toBe(0);
  const other = await label(['--uuid', lamp, '--out', file, '--text', 'other', '--json']);
  expect([other.code, codeIn(other)]).toEqual([5, 'file_exists']);
  expect(readFileSync(file, 'utf8')).toBe(stdout);
});

test('many go into a folder, or in ZPL one after the other to standard output', async () => {
  const [folder, rejects] = [fresh(), fresh()];
  const rows = `uuid,ssid,model,label\n${lamp},,,\n${randomUUID()},,lamp,\n${randomUUID()},other,lamp,"a ""b"", ^XZ"\n${lamp},another,,\nnonsense,,,\n`;
  const ran = await label(['--from', '-', '--out-dir', folder, '--rejects', rejects], { input: rows });
  expect(ran).toMatchObject({ code: 9, stdout: expect.stringContaining('2 labels in 2 files') });
  expect(readdirSync(folder)).toHaveLength(2);
  const rejected = readFileSync(rejects, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { line: number; code: string });
  expect(rejected.map(({ line, code }) => [line, code])).toEqual([[3, 'device_not_found'], [5, 'file_exists'], [6, 'invalid_input']]);
  const zpl = await label(['--from', '-', '--format', 'zpl'], { input: rows });
  expect(zpl.code).toBe(9);
  expect(zpl.stdout.match(/^\^XA$/gm)).toHaveLength(3);
  expect(zpl.stdout.match(/\^XZ/g)).toHaveLength(3);
});

test('a row that says all is not looked up; one that contradicts the registry is refused where it is', async () => {
  const home = join(cli.folder, randomUUID());
  const env = { LATCHKEY_DATA_HOME: `${home}/data`, LATCHKEY_CONFIG_HOME: `${home}/config`, LATCHKEY_STATE_HOME: `${home}/state` };
  const folder = fresh();
  expect(await label(['--from', '-', '--out-dir', folder, '--format', 'png'], { input: `uuid,ssid\n${randomUUID()},iot\n`, env })).toMatchObject({ code: 0 });
  expect(existsSync(`${home}/data`)).toBe(false);
  const contradicting = await label(['--from', '-', '--dpp', '--out-dir', folder], { input: `uuid,ssid,model\n${lamp},iot-setup,other\n` });
  expect(contradicting.code).toBe(9);
});

requires('zbar-tools')('a DPP label, read by zbarimg', () => {
  test('names the device and its one key', async () => {
    const parsed = async (...args: string[]) => {
      const file = `${fresh()}.png`;
      expect(await label(['--uuid', lamp, '--dpp', '--format', 'png', '--width', '60', '--height', '30', '--text', '{model}', '--out', file, ...args])).toMatchObject({ code: 0, stderr: '' });
      return parseDppUri(execFileSync('zbarimg', ['--nodbus', '-q', '-Sdisable', '-Sqrcode.enable', '--raw', '-Sbinary', file], { encoding: 'utf8' }));
    };
    const first = await parsed();
    expect(first).toEqual({ channels: ['81/1'], mac: '24:6f:28:a1:b2:c3', info: lamp, publicKey: expect.any(Uint8Array) });
    expect(await parsed('--info', '{model} {uuid-end}', '--channel', '81/6')).toEqual({ ...first, channels: ['81/6'], info: `lamp ${lamp.slice(24)}` });
  });

  test('info that would be cut off is refused', async () => {
    const refused = await label(['--uuid', lamp, '--dpp', '--info', 'a;b', '--json', '--out-dir', fresh()]);
    expect([refused.code, codeIn(refused)]).toEqual([2, 'invalid_input']);
  });
});

test('Matter’s passcode comes from a file, the environment or a column, and is shown nowhere but on the label', async () => {
  const matter = ['--matter', '--vendor', '0xFFF1', '--product', '32768'];
  const file = `${fresh()}.zpl`;
  const one = await label(['--uuid', lamp, ...matter, '--discriminator', '3840', '--out', file, '--format', 'zpl'], { env: { LATCHKEY_PASSCODE: '20202021' } });
  expect(one).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(file, 'utf8')).toContain('^FD3497-011-2332^FS');
  if (process.platform !== 'win32') {
    expect(statSync(file).mode & 0o777).toBe(0o600);
  }
  const [folder, rejects] = [fresh(), fresh()];
  const rows = [`uuid,ssid,discriminator,passcode`, `${lamp},iot-setup,3840,20202021`, `${randomUUID()},iot,3840,87654321`, `${randomUUID()},iot,4096,31415926`, `${randomUUID()},iot,3840,`, `x,iot,3840,27182818`, ''].join('\n');
  const many = await label(['--from', '-', ...matter, '--out-dir', folder, '--rejects', rejects, '--json'], { input: rows });
  expect([many.code, JSON.parse(many.stdout)]).toEqual([9, { labels: 1, files: 1, rejected: 4 }]);
  for (const passcode of ['20202021', '87654321', '31415926', '27182818']) {
    expect(many.stdout + many.stderr + readFileSync(rejects, 'utf8')).not.toContain(passcode);
  }
  for (const [args, code] of [[['--uuid', lamp, '--discriminator', '1'], 'missing_input'], [['--uuid', lamp, '--uuid', lamp], 'invalid_input'], [['--from', '-', '--discriminator', '1'], 'invalid_input']] as const) {
    expect(codeIn(await label([...args, ...matter, '--json', '--out', fresh()], { input: '' }))).toBe(code);
  }
});

test('sheets take as many labels as fit', async () => {
  const folder = fresh();
  const rows = Array.from({ length: 31 }, () => `${randomUUID()},iot`).join('\n');
  const ran = await cli.json(['device', 'label', '--from', '-', '--sheet', 'A4', '--out-dir', folder], { input: `uuid,ssid\n${rows}\n` });
  expect(ran).toEqual({ labels: 31, files: 2, rejected: 0 });
  expect(readdirSync(folder).sort()).toEqual(['page-0001.svg', 'page-0002.svg']);
  const pages = readdirSync(folder).sort().map((name) => readFileSync(join(folder, name), 'utf8').match(/<svg x=/g)!.length);
  expect(pages).toEqual([30, 1]);
});

test.each([
  ['nowhere to put it under --json', ['--json'], 'missing_input'],
  ['several in one picture', ['--uuid', randomUUID(), '--json', '--out', 'never.svg'], 'invalid_input'],
  ['a sheet without a folder', ['--json', '--out', 'never.svg', '--sheet', 'A4'], 'invalid_input'],
  ['a sheet of another format', ['--json', '--out-dir', 'never', '--sheet', 'A4', '--format', 'png'], 'invalid_input'],
  ['text that stands for nothing', ['--json', '--out', 'never.svg', '--text', '{colour}'], 'invalid_input'],
  ['a pairing code without Matter', ['--json', '--out', 'never.svg', '--text', '{code}'], 'invalid_input'],
  ['a label that is too small', ['--json', '--out', 'never.svg', '--width', '10', '--height', '8'], 'invalid_input'],
  ['a logo that is not there', ['--json', '--out', 'never.svg', '--logo', 'never.png'], 'file_not_found'],
  ['options of DPP without it', ['--json', '--out', 'never.svg', '--info', 'x'], 'invalid_input'],
])('%s is refused, and nothing is left behind', async (_, args, code) => {
  const before = readdirSync(cli.folder);
  const ran = await label(['--uuid', lamp, ...args]);
  expect({ code: codeIn(ran), stdout: ran.stdout }).toEqual({ code, stdout: '' });
  expect(readdirSync(cli.folder)).toEqual(before);
});

test('one picture holds one label, also of a file', async () => {
  const file = `${fresh()}.png`;
  const rows = `uuid,ssid\n${randomUUID()},iot\n${randomUUID()},iot\n`;
  expect(await label(['--from', '-', '--format', 'png', '--out', file], { input: rows })).toMatchObject({ code: 2, stdout: '' });
  expect(existsSync(file)).toBe(false);
});

test('text that is shortened or cannot be drawn is told of', async () => {
  const ran = await label(['--uuid', lamp, '--format', 'png', '--text', '{label}', '--text', 'x'.repeat(200), '--out', `${fresh()}.png`]);
  expect(ran.code).toBe(0);
  expect(ran.stderr).toContain('too long');
  expect(ran.stderr).toContain('boxes');
});
