import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { program } from '../program.ts';
import { canMount } from '../storage/mount.ts';
import { namespaces } from '../storage/program.ts';
import type { Ran } from './command-line.ts';
import { Site, ways, type Way } from './site.ts';

interface Line {
  readonly uuid: string;
  readonly ssid: string;
  readonly pass_tmp: string;
  readonly label?: string;
  readonly batch?: string;
}

interface Rejected {
  readonly line: number;
  readonly code: string;
  readonly reason: string;
  readonly row?: Record<string, string>;
}

/** A chunk, and a little more. */
const manyRows = 15_100;

let site: Site;
/** A name that no other test uses, for its files and its batch. */
let name: string;

beforeAll(async () => {
  site = await Site.make('embedded');
});
afterAll(() => site.close());
beforeEach(() => {
  name = randomUUID();
});

const file = (ending: string) => join(site.cli.folder, `${name}${ending}`);
const register = (...args: string[]) => site.cli.run(['device', 'register', ...args]);
const linesOf = <T>(path: string): T[] => readFileSync(path, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as T);
const errorOf = ({ stderr }: Ran) => JSON.parse(stderr) as { code: string; message: string; hint?: string };
const inBatch = async (batch: string) => (await site.json<{ items: { uuid: string; state: string }[] }>('device', 'list', '--batch', batch, '--limit', '1000')).items;

function csv(rows: readonly { uuid: string; passTmp: string }[]): string {
  return site.cli.file(`${name}.csv`, `uuid,ssid,pass_tmp\n${rows.map(({ uuid, passTmp }) => `${uuid},setup,${passTmp}\n`).join('')}`);
}

const rowsOf = (count: number) => Array.from({ length: count }, () => ({ uuid: randomUUID(), passTmp: randomUUID().replaceAll('-', '') }));

/** A run that was killed when one of its chunks was written, with what a torn write leaves in each of its files. */
async function interrupted(): Promise<{ from: string; out: string; whole: string }> {
  const rows = rowsOf(3 * manyRows);
  const [from, out] = [csv(rows), file('.ndjson')];
  const running = site.cli.start(['device', 'register', '--from', from, '--out', out]);
  await expect.poll(() => existsSync(`${out}.run`) && readFileSync(`${out}.run`, 'utf8'), { interval: 2, timeout: 20_000 }).toContain('written');
  running.kill('SIGKILL');
  expect(await running.ended).toMatchObject({ code: null });
  appendFileSync(out, '{"uuid":"torn');
  appendFileSync(`${out}.run`, '{"reserving":4');
  return { from, out, whole: rows.map(({ uuid, passTmp }) => `${JSON.stringify({ uuid, ssid: 'setup', pass_tmp: passTmp })}\n`).join('') };
}

describe('rows that cannot be registered', () => {
  const secret = 'SECRETSECRETSECRET';
  const [first, taken] = [randomUUID(), randomUUID()];

  /** As a spreadsheet writes it, with one row of each kind. */
  async function badFile(): Promise<string> {
    await site.cli.run(['device', 'register', '--ssid', 'setup', '--uuid', taken, '--pass-tmp-file', '-'], { input: 'another-pass-tmp-of-26-letters' });
    const rows = [
      `${secret}01,setup,"a, ""b""",${first},`,
      `${secret}02,setup,,nonsense,`,
      `${secret}03,${'a'.repeat(33)},,${randomUUID()},`,
      `${secret},setup,,${randomUUID()},`.slice(8),
      `${secret}05,set\u00ff,,,`,
      `${secret}06,setup,,,,`,
      `"${secret}07,setup,,,`,
      `${secret}08,,,,`,
      `${secret}09,setup,,${first},`,
      `${secret}10,setup,,,not-a-mac`,
      `${secret}11,setup,,${taken},`,
      `${secret}12,setup,,,02:00:00:00:00:01`,
      `${secret}13,setu`,
    ];
    return site.cli.file(`${name}.csv`, Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(['pass_tmp,"ssid",label,uuid,mac', ...rows].join('\r\n'), 'latin1')]));
  }

  const expected = [
    [3, 'invalid_input', /not a uuid/],
    [4, 'invalid_input', /SSID has 1 to 32 bytes; this one has 33/],
    [5, 'weak_pass_tmp', /fewer than 16 characters/],
    [6, 'invalid_input', /not UTF-8/],
    [7, 'invalid_input', /has 6 columns, not 5/],
    [8, 'invalid_input', /quotation mark is missing/],
    [9, 'missing_input', /no ssid/],
    [10, 'device_conflict', new RegExp(`${first} is in .*`)],
    [11, 'invalid_input', /not a MAC address/],
    [12, 'device_conflict', new RegExp(`${taken} exists with another pass_tmp`)],
    [14, 'invalid_input', /has no end: it may be torn/],
  ] as const;

  test('are told by line and reason, without a secret, and the others are registered', async () => {
    const from = await badFile();
    const [out, rejects, checked] = [file('.ndjson'), file('.rejects'), file('.checked')];

    const dry = await register('--from', from, '--rejects', checked, '--out', out, '--dry-run', '--json');
    expect(dry.code).toBe(9);
    expect(JSON.parse(dry.stdout)).toMatchObject({ dry_run: true, registered: 2, known: 0, rejected: expected.length });
    expect(existsSync(out)).toBe(false);
    expect((await site.cli.run(['device', 'show', first])).code).toBe(3);

    const ran = await register('--from', from, '--rejects', rejects, '--out', out, '--json');
    expect(ran.code).toBe(9);
    expect(JSON.parse(ran.stdout)).toMatchObject({ dry_run: false, registered: 2, known: 0, rejected: expected.length });
    expect(errorOf(ran)).toMatchObject({ code: 'partly_done', hint: `See ${rejects}.` });
    expect(linesOf<Line>(out)).toEqual([
      { uuid: first, ssid: 'setup', pass_tmp: `${secret}01`, label: 'a, "b"' },
      { uuid: expect.any(String) as string, ssid: 'setup', pass_tmp: `${secret}12`, mac: '02:00:00:00:00:01' },
    ]);
    for (const path of [rejects, checked]) {
      expect(linesOf<Rejected>(path).map(({ line, code, reason }) => [line, code, reason])).toEqual(
        expected.map(([line, code, reason]) => [line, code, expect.stringMatching(reason) as string]));
    }
    expect(linesOf<Rejected>(rejects)[0]!.row).toEqual({ uuid: 'nonsense', ssid: 'setup' });
    const told = [dry, ran].map(({ stdout, stderr }) => stdout + stderr).join('') + readFileSync(rejects, 'utf8') + readFileSync(checked, 'utf8') + readFileSync(`${out}.run`, 'utf8');
    expect(told).not.toContain('SECRET');
  });

  test('in NDJSON, from standard input, with the identities on standard output', async () => {
    const input = `{"ssid":"setup"}\n{"ssid":7}\n{"ssid":"setup","pass_tmp":"${secret}01","colour":"red"}\n{"uuid":"${first.slice(1)}","ssid":"setup"}\n{"ssid":"setup","pass_tmp":"${secret}`;
    const { code, stdout, stderr } = await site.cli.run(['device', 'register', '--from', '-', '--out', '-', '--rejects', file('.rejects')], { input });
    expect(code).toBe(9);
    expect(stdout.trim().split('\n').map((line) => (JSON.parse(line) as Line).ssid)).toEqual(['setup']);
    expect(stderr).toContain('Registered 1, known already 0, rejected 4.');
    expect(linesOf<Rejected>(file('.rejects')).map(({ line }) => line)).toEqual([2, 3, 4, 5]);
    expect(stdout + stderr + readFileSync(file('.rejects'), 'utf8')).not.toContain('SECRET');
  });

  test('in lines that are long are told shortly', async () => {
    const from = site.cli.file(`${name}.csv`, `ssid,label\n${`setup,${'x'.repeat(60_000)}\n`.repeat(50)}`);
    expect(await register('--from', from, '--out', file('.ndjson'), '--rejects', file('.rejects'))).toMatchObject({ code: 9 });
    expect(linesOf<Rejected>(file('.rejects')).map(({ row }) => row?.['label']?.length)).toEqual(Array.from({ length: 50 }, () => 256));
  });

  test('in a dry run and then in the run itself can go to the same file', async () => {
    const args = ['--from', site.cli.file(`${name}.csv`, 'ssid\nsetup\n\n,\n'), '--out', file('.csv.out'), '--rejects', file('.rejects')];
    for (const more of [['--dry-run'], ['--dry-run'], []]) {
      expect(await register(...args, ...more)).toMatchObject({ code: 9 });
      expect(linesOf<Rejected>(file('.rejects'))).toHaveLength(1);
    }
    expect(errorOf(await register(...args, '--dry-run', '--json'))).toMatchObject({ code: 'run_unfinished' });
  });
});

describe('a file that is none', () => {
  test.each([
    ['a header with a column that there is not', 'uuid,passtmp\n', 'invalid_input', /column "passtmp"/],
    ['no header, which says no secret', 'SECRETSECRETSECRET01;9f1c7a52\n', 'invalid_input', /a column 1, which is none/],
    ['a header with a column twice', 'ssid,ssid\n', 'invalid_input', /column "ssid" twice/],
    ['bytes', Buffer.from([0xff, 0xfe, 0x0a]), 'invalid_input', /not UTF-8/],
  ])('%s', async (_, content, code, message) => {
    const ran = await register('--from', site.cli.file(`${name}.csv`, content), '--out', file('.ndjson'), '--json');
    expect(ran.code).toBe(2);
    expect(errorOf(ran)).toMatchObject({ code, message: expect.stringMatching(message) as string });
  });

  test('that is not there, or is a folder', async () => {
    expect(errorOf(await register('--from', file('.none'), '--out', file('.ndjson'), '--json'))).toMatchObject({ code: 'file_not_found' });
    expect(errorOf(await register('--from', site.cli.folder, '--out', file('.other'), '--json'))).toMatchObject({ code: 'invalid_input' });
  });

  test.each([['nothing at all', ''], ['a header alone', 'uuid,ssid\n']])('%s registers nothing, and is no error', async (_, content) => {
    const ran = await register('--from', site.cli.file(`${name}.csv`, content), '--out', file('.ndjson'), '--json');
    expect(ran).toMatchObject({ code: 0 });
    expect(JSON.parse(ran.stdout)).toMatchObject({ registered: 0, rejected: 0 });
    expect(readFileSync(file('.ndjson'), 'utf8')).toBe('');
  });
});

describe('flags', () => {
  test.each([
    ['how many, and which', ['--count', '2', '--from', '-']],
    ['many and a uuid', ['--count', '2', '--uuid', randomUUID()]],
    ['many without an ssid', ['--count', '2', '--out', '-']],
    ['many that nobody keeps', ['--count', '2', '--ssid', 'setup']],
    ['none at all', ['--count', '0', '--ssid', 'setup', '--out', '-']],
    ['to go on without a file', ['--count', '2', '--ssid', 'setup', '--out', '-', '--resume']],
    ['identities and rejects in one file', ['--count', '2', '--ssid', 'setup', '--out', 'x', '--rejects', './x']],
    ['journal and rejects in one file', ['--count', '2', '--ssid', 'setup', '--out', 'x', '--rejects', 'x.run']],
    ['a folder that is not there', ['--count', '2', '--ssid', 'setup', '--out', 'nowhere/x'], 3],
    ['a folder for rejects that is not there', ['--count', '2', '--ssid', 'setup', '--out', 'y', '--rejects', 'nowhere/x'], 3],
  ] as [string, string[], number?][])('%s are refused before anything is done', async (_, args, code = 2) => {
    const before = readdirSync(site.cli.folder);
    expect((await register(...args, '--json')).code).toBe(code);
    expect(readdirSync(site.cli.folder)).toEqual(before);
  });
});

describe.each(ways)('many, %s', (way: Way) => {
  let place: Site;
  beforeAll(async () => {
    place = way === 'embedded' ? site : await Site.make(way);
  });
  afterAll(async () => {
    if (place !== site) await place.close();
  });

  test('are made, known when they come again, and found', async () => {
    const [out, again] = [join(place.cli.folder, `${name}.csv`), join(place.cli.folder, `${name}.ndjson`)];
    expect(await place.json('device', 'register', '--count', '250', '--ssid', 'setup', '--model', 'lamp', '--batch', name, '--out', out)).toMatchObject({ registered: 250, known: 0, rejected: 0 });
    const lines = readFileSync(out, 'utf8').trimEnd().split('\n');
    expect(lines[0]).toBe('uuid,ssid,pass_tmp,model,batch,label,mac');
    expect(new Set(lines).size).toBe(251);
    expect(lines.slice(1).every((line) => /^[0-9a-f-]{36},setup,[0-9a-z]{26},lamp,[0-9a-f-]{36},,$/.test(line))).toBe(true);
    // Our own output is an input.
    expect(await place.json('device', 'register', '--from', out, '--out', again)).toMatchObject({ registered: 0, known: 250, rejected: 0 });
    expect(linesOf<Line>(again).map(({ uuid, pass_tmp: passTmp }) => `${uuid},setup,${passTmp},lamp,${name},,`)).toEqual(lines.slice(1));
    // On standard output with a header, as in a file.
    const printed = await place.cli.run(['device', 'register', '--from', out, '--out', '-', '--format', 'csv', ...place.flags], { env: place.env });
    expect(printed).toMatchObject({ code: 0, stdout: `${lines.join('\n')}\n` });
    const { items } = await place.json<{ items: { uuid: string; state: string }[] }>('device', 'list', '--batch', name, '--limit', '1000');
    expect(items.map(({ uuid, state }) => `${uuid} ${state}`).sort()).toEqual(lines.slice(1).map((line) => `${line.slice(0, 36)} registered`).sort());
  });
});

describe('a run that was interrupted', () => {
  test('goes on where it was, whatever a torn write left, and ends with the same', async () => {
    const { from, out, whole } = await interrupted();
    expect(errorOf(await register('--from', from, '--out', out, '--json'))).toMatchObject({ code: 'run_unfinished' });
    const ran = await register('--from', from, '--out', out, '--resume', '--json');
    expect(ran).toMatchObject({ code: 0 });
    expect(JSON.parse(ran.stdout)).toMatchObject({ registered: 3 * manyRows, known: 0, rejected: 0 });
    expect(readFileSync(out, 'utf8')).toBe(whole);
    // Once more, now that it is done.
    expect(await register('--from', from, '--out', out, '--resume', '--json')).toMatchObject({ code: 0, stdout: ran.stdout });
    expect(readFileSync(out, 'utf8')).toBe(whole);
    expect(errorOf(await register('--from', from, '--out', out, '--json'))).toMatchObject({ code: 'run_unfinished', message: expect.stringContaining('is done') as string });
    // What was moved away is not said to be there.
    renameSync(out, `${out}.moved`);
    expect(errorOf(await register('--from', from, '--out', out, '--resume', '--json'))).toMatchObject({ code: 'run_unfinished', message: expect.stringContaining('not what it wrote') as string });
  });

  test('before it had anything replaces nothing that came since', async () => {
    const [out, other] = [file('.ndjson'), 'somebody else’s\n'];
    const args = ['--count', '5', '--ssid', 'setup', '--out', out];
    // The server is away: nothing is begun but the journal.
    const away = await site.cli.run(['device', 'register', ...args, '--server', 'http://127.0.0.1:1', '--timeout', '1s'], { env: { LATCHKEY_TOKEN: `lk_factory_${'A'.repeat(22)}` } });
    expect([6, 8]).toContain(away.code);
    const journal = readFileSync(`${out}.run`, 'utf8').split('\n').filter((line) => !line.includes('reserving')).join('\n');
    writeFileSync(`${out}.run`, journal);
    writeFileSync(out, other);
    expect(errorOf(await register(...args, '--resume', '--json'))).toMatchObject({ code: 'file_exists' });
    expect(readFileSync(out, 'utf8')).toBe(other);
    // What is no journal is not removed.
    writeFileSync(`${out}.run`, 'notes');
    expect(errorOf(await register(...args, '--json'))).toMatchObject({ code: 'invalid_input', message: expect.stringContaining('not the journal') as string });
    expect(readFileSync(`${out}.run`, 'utf8')).toBe('notes');
  });

  test('is not taken up with other flags, a file that was changed, at another registry, or from a journal that is damaged', async () => {
    const { from, out, whole } = await interrupted();
    const [journal, written] = [`${out}.run`, out].map((path) => readFileSync(path));
    const resume = async (args: string[] = [], env: Record<string, string> = {}) =>
      errorOf(await site.cli.run(['device', 'register', '--from', from, '--out', out, '--resume', '--json', ...args], { env }));
    expect(await resume(['--model', 'lamp'])).toMatchObject({ code: 'invalid_input', message: expect.stringContaining('another model') as string });
    expect(await resume(['--allow-weak'])).toMatchObject({ code: 'invalid_input', message: expect.stringContaining('another allow_weak') as string });
    appendFileSync(from, '\n');
    expect(await resume()).toMatchObject({ code: 'invalid_input', message: expect.stringContaining('another bytes') as string });
    truncateSync(from, statSync(from).size - 1);
    expect(await resume([], { LATCHKEY_DATABASE: `sqlite:${file('.db')}` })).toMatchObject({ code: 'device_conflict', hint: expect.stringContaining('LATCHKEY_DATABASE') as string });
    truncateSync(out, 1000);
    expect(await resume()).toMatchObject({ code: 'invalid_input', message: expect.stringContaining('shorter than it was') as string });
    writeFileSync(out, written!);
    for (const [whole, damaged] of [['"reserving"', '"reserving'], ['"outBytes":', '"bytes":'], ['"rejected":0', '"rejected":-1'], ['"seed":"', '"seed":"?']] as const) {
      writeFileSync(`${out}.run`, journal!.toString().replace(whole, damaged));
      expect(await resume()).toMatchObject({ code: 'invalid_input', message: expect.stringContaining('damaged') as string });
    }
    expect(readFileSync(out)).toEqual(written);
    writeFileSync(`${out}.run`, journal!);
    expect(await register('--from', from, '--out', out, '--resume')).toMatchObject({ code: 0 });
    expect(readFileSync(out, 'utf8')).toBe(whole);
  });

  test('is worked on by one process at a time', async () => {
    const args = ['--from', '-', '--out', file('.ndjson')];
    // Its input comes slowly.
    const child = spawn(process.execPath, [program, 'device', 'register', ...args], { env: site.cli.env, cwd: site.cli.folder, stdio: ['pipe', 'ignore', 'ignore'] });
    const gone = once(child, 'close');
    child.stdin.write('ssid\nsetup\n');
    await expect.poll(() => existsSync(file('.ndjson.run'))).toBe(true);
    const other = await site.cli.run(['device', 'register', ...args, '--resume', '--json'], { input: 'ssid\nsetup\n' });
    expect(other.code).toBe(5);
    expect(errorOf(other)).toMatchObject({ code: 'run_busy' });
    child.stdin.end();
    expect(await gone).toEqual([0, null]);
    expect(linesOf(file('.ndjson'))).toHaveLength(1);
  });

  test('by nothing but a name that is taken leaves that file as it is', async () => {
    writeFileSync(file('.ndjson'), 'mine\n');
    expect(errorOf(await register('--count', '2', '--ssid', 'setup', '--out', file('.ndjson'), '--json'))).toMatchObject({ code: 'file_exists' });
    expect(readFileSync(file('.ndjson'), 'utf8')).toBe('mine\n');
    expect(existsSync(file('.ndjson.run'))).toBe(false);
  });

  test.skipIf(!canMount)('by a disk without room for the output goes on once there is room', async () => {
    const from = csv(rowsOf(manyRows));
    const small = file('.disk');
    mkdirSync(small);
    chmodSync(small, 0o700);
    const out = join(small, 'out.ndjson');
    const step = `"$0" "$1" device register --from ${from} --out ${out} --resume --json; echo "ended with $?"`;
    const script = `mount -t tmpfs -o size=1m tmpfs ${small}; ${step}; mount -o remount,size=8m ${small}; ${step}; cat ${out}`;
    const child = spawn('unshare', [...namespaces(), 'sh', '-c', script, process.execPath, program], { env: site.cli.env, stdio: ['ignore', 'pipe', 'pipe'] });
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect((JSON.parse(stderr) as { code: string }).code).toBe('storage_full');
    const [failed, done, lines] = stdout.split(/ended with (?=\d+)/);
    expect(failed).toBe('');
    expect(done).toMatch(new RegExp(`^11\n.*"registered": ${manyRows},`, 's'));
    const written = lines!.trimEnd().split('\n').slice(1).map((line) => JSON.parse(line) as Line);
    expect(written.map(({ uuid, pass_tmp: passTmp }) => `${uuid} ${passTmp}`)).toEqual(
      readFileSync(from, 'utf8').trimEnd().split('\n').slice(1).map((line) => line.replace(',setup,', ' ')));
  });
});

test.skipIf(!canMount)('a dry run says when there is no room for temporary files', async () => {
  const small = file('.tmp');
  mkdirSync(small);
  const script = `mount -t tmpfs -o size=256k tmpfs ${small}; exec "$0" "$1" device register --from ${csv(rowsOf(manyRows))} --dry-run --json`;
  const child = spawn('unshare', [...namespaces(), 'sh', '-c', script, process.execPath, program], { env: { ...site.cli.env, TMPDIR: small }, stdio: ['ignore', 'ignore', 'pipe'] });
  expect(JSON.parse(await text(child.stderr))).toMatchObject({ code: 'storage_full', message: expect.stringContaining(small) as string, hint: expect.stringContaining('TMPDIR') as string });
});

test('a dry run of devices that are to be made changes nothing', async () => {
  expect(await site.json('device', 'register', '--count', '20000', '--ssid', 'setup', '--batch', name, '--out', file('.ndjson'), '--dry-run')).toMatchObject({ registered: 20_000, dry_run: true });
  expect(await inBatch(name)).toEqual([]);
  expect(readdirSync(site.cli.folder).filter((entry) => entry.startsWith(name))).toEqual([]);
});
