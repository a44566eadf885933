import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { qrBitmap } from '../../src/formats/qr-picture.ts';
import { qrCode } from '../../src/formats/qr.ts';
import { writePng } from '../../src/formats/png.ts';
import { pathsFrom } from '../../src/cli/paths.ts';
import { parseReceiptText, readReceipt, receiptText, signReceipt } from '../../src/protocol/code-receipt.ts';
import { newEd25519 } from '../../src/protocol/ed25519.ts';
import { acceptanceChecks } from '../../src/roles/codes/acceptance-checks.ts';
import { program } from '../program.ts';
import { requires } from '../requirements.ts';
import { jsonWith } from './command-line.ts';
import { Counter, enrollment, shopPassword } from './counter.ts';
import { Site, ways } from './site.ts';
import { atTerminal } from './terminal.ts';
import type { ShownCode } from './till.ts';

type Result = Record<string, any>;

describe.each(ways)('codes at a cash register, %s', (way) => {
  let site: Site;
  let counter: Counter;
  beforeAll(async () => {
    site = await Site.make(way);
    counter = await Counter.make(site, { here: true });
  });
  afterAll(async () => {
    await counter.close();
    await site.close();
  });

  /** With a trust list that has the key which signed it. */
  async function code(...order: Parameters<Counter['till']['code']>): Promise<ShownCode> {
    const shown = await counter.till.code(...order);
    await counter.json('code', 'trust', 'sync');
    return shown;
  }

  const accept = (amount: string, input: string, ...more: string[]) => counter.cli.json<Result>(['code', 'accept', '--amount', amount, ...more], { input });

  async function refused(args: readonly string[], input: string): Promise<{ readonly result: Result; readonly error: Result }> {
    const { code: exit, stdout, stderr } = await counter.cli.run([...args, '--json'], { input });
    const error = JSON.parse(stderr.trimEnd().split('\n').at(-1)!) as Result;
    expect(exit).toBe(error['exit']);
    return { result: stdout === '' ? {} : (JSON.parse(stdout) as Result), error };
  }

  test('what was scanned is accepted in one line, then settled, and the money moves', async () => {
    const shown = await code();
    const { code: exit, stdout, stderr } = await counter.cli.run(['code', 'accept', '--amount', '3.20EUR'], { input: `${shown.shows(1)}\r\n` });
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    const [line, receipt] = stdout.split('\n');
    expect(line).toMatch(/^accepted \(provisional\) 3\.20 EUR, settle by 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);
    expect(receipt).toMatch(/^LKR1:/);

    const receiptFile = counter.cli.file(`${randomUUID()}.txt`, `${receipt}\n`);
    const read = await counter.json<Result>('code', 'receipt', receiptFile);
    expect(read).toMatchObject({ signature: 'valid', receipt: { code_id: shown.holder.id, counter: 1, amount: { minor: '320', currency: 'EUR' }, payee_id: counter.account.id } });
    expect(await site.cli.json(['code', 'receipt', '-', '--profile', 'local'], { input: receipt! })).toMatchObject({ signature: way === 'embedded' ? 'valid' : 'not_checked' });

    const { codes } = await counter.json<Result>('pos', 'status');
    expect(codes).toMatchObject({ waiting: 1, settle_by: expect.any(String), trust_as_of: expect.any(String) });
    expect((await counter.json<Result>('pos', 'report'))['codes']).toContainEqual({ outcome: 'waiting', currency: 'EUR', codes: 1, minor: '320' });
    const before = (await counter.till.balance(counter.account)).balance;
    expect(await counter.json('code', 'settle')).toMatchObject({ counts: { settled: 1, duplicate: 0, over_limit: 0, late: 0, rejected: 0 }, disputes: [] });
    expect((await counter.till.balance(counter.account)).balance - before).toBe(320n);
    expect((await counter.till.balance(shown.account)).balance).toBe(1680n);
    expect(await counter.json('code', 'settle')).toMatchObject({ counts: { settled: 0 } });
    expect((await counter.json<Result>('pos', 'status'))['codes']).toMatchObject({ waiting: 0 });
  });

  test('each check is told with its outcome, and a refusal names the age of the trust list', async () => {
    const shown = await code();
    const { checks, accepted } = await accept('1.00EUR', shown.shows(1));
    expect(accepted).toBe(true);
    expect(checks).toEqual(acceptanceChecks.filter((check) => check !== 'security_check').map((check) => ({ check, outcome: 'passed' })));
    const again = await refused(['code', 'accept', '--amount', '1.00EUR'], shown.shows(1));
    expect(again.error).toMatchObject({ code: 'code_used', exit: 4, message: expect.stringMatching(/for 1\.00EUR at .* The trust list is .* old\.$/) as string });
    expect(again.result).toMatchObject({ accepted: false, error_code: 'code_used', message: again.error['message'] });
    expect((again.result['checks'] as Result[]).map(({ outcome }) => outcome as string).slice(-4)).toEqual(['passed', 'failed', 'not_reached', 'not_reached']);
    const plain = await counter.cli.run(['code', 'accept', '--amount', '6.00EUR'], { input: shown.shows(2) });
    expect([plain.code, plain.stdout]).toEqual([4, '']);
    expect(plain.stderr).toContain('at most 5.00EUR at once');
  });

  test('from a picture, and from a file; the receipt goes into one', async () => {
    const shown = await code();
    const image = counter.cli.file(`${randomUUID()}.png`, writePng(qrBitmap(qrCode(shown.shows(1), 'M'), 4), 300));
    const receipt = join(counter.cli.folder, `${randomUUID()}.txt`);
    const result = await accept('1.00EUR', '', '--image', image, '--receipt', receipt);
    expect(readFileSync(receipt, 'latin1')).toBe(`${result['receipt_text']}\n`);
    const file = counter.cli.file(`${randomUUID()}.txt`, `${shown.shows(2)}\n`);
    expect(await accept('1.00EUR', '', '--file', file, '--receipt', receipt)).toMatchObject({ accepted: true });
    expect(readFileSync(receipt, 'latin1')).toBe(`${result['receipt_text']}\n`);
  });

  test('a receipt that cannot be written leaves the code accepted, and says so', async () => {
    const shown = await code();
    const { code: exit, stdout, stderr } = await counter.cli.run(['code', 'accept', '--amount', '1.00EUR', '--receipt', '/dev/null/none'], { input: shown.shows(1) });
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^accepted/);
    expect(stderr).toContain('Warning: The code is accepted, but its receipt is in no file.');
  });

  test('the same key has the same answer', async () => {
    const shown = await code();
    const text = shown.shows(1);
    const key = randomUUID();
    const first = await accept('1.00EUR', text, '--idempotency-key', key);
    expect((await accept('1.00EUR', text, '--idempotency-key', key))['receipt_text']).toBe(first['receipt_text']);
    expect((await refused(['code', 'accept', '--amount', '1.01EUR', '--idempotency-key', key], text)).error).toMatchObject({ code: 'idempotency_mismatch', exit: 5 });
  });

  test('what it signed by an earlier key is its receipt still', async () => {
    const shown = await code();
    const { receipt_text: receipt, register_id: register } = await accept('1.00EUR', shown.shows(1));
    await counter.json('secret', 'remove', `pos/${register as string}/receipt-key`, '--yes');
    await counter.json('code', 'trust', 'sync');
    const read = (text: string) => counter.cli.run(['code', 'receipt', '-', '--json'], { input: text });
    const { code: exit, stdout } = await read(receipt as string);
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject(way === 'embedded'
      ? { signature: 'valid' }
      : { signature: 'not_checked', not_checked_because: expect.stringMatching(/^It is not signed by the key that this register has now, but maybe by an earlier one\. \S.*\.$/) });
    const forged = receiptText(signReceipt(readReceipt(parseReceiptText(receipt as string)), newEd25519(randomBytes(32)).privateKey));
    const { code: refused } = await read(forged);
    expect(refused).toBe(way === 'embedded' ? 4 : 0);
  });

  test('two at once do not accept one showing twice', async () => {
    const shown = await code();
    const text = shown.shows(1);
    const runs = await Promise.all([1, 2, 3].map(() => counter.cli.run(['code', 'accept', '--amount', '1.00EUR'], { input: text })));
    expect(runs.map((run) => run.code).sort()).toEqual([0, 4, 4]);
  });

  test('a revoked code is refused once the list says so', async () => {
    const shown = await code();
    await counter.till.revokeCode(shown);
    const trust = await counter.json<Result>('code', 'trust', 'sync');
    expect(trust['revoked']).toContain(shown.holder.id);
    expect((await counter.json<Result>('code', 'trust', 'show'))['revoked']).toContain(shown.holder.id);
    expect((await refused(['code', 'accept', '--amount', '1.00EUR'], shown.shows(1))).error).toMatchObject({ code: 'code_revoked', exit: 4 });
  });

  test('limits of the register: what is not bound, what is too old', async () => {
    const shown = await code();
    const bound = ['code', 'accept', '--amount', '2.00EUR', '--bind-above', '1.00EUR'];
    expect((await refused(bound, shown.shows(1))).error).toMatchObject({ code: 'code_not_bound' });
    expect(await counter.cli.json([...bound], { input: shown.shows(1, { amount: 200n, payeeId: counter.account.id }) })).toMatchObject({ accepted: true });
    const { state } = pathsFrom(counter.cli.env, process.platform, counter.cli.folder);
    const database = new DatabaseSync(join(state, readdirSync(state).find((name) => /^codes-.*\.db$/.test(name))!));
    const age = (ms: number) => database.prepare('update trust set as_of = ?').run(Date.now() - ms);
    age(45_000);
    const seconds = await counter.cli.run(['code', 'accept', '--amount', '1.00EUR', '--trust-warn', '30s'], { input: shown.shows(3) });
    expect([seconds.code, seconds.stderr]).toEqual([0, expect.stringMatching(/Warning: The trust list is \d\S*s old: /)]);
    age(3_600_000);
    database.close();
    const old = await refused(['code', 'accept', '--amount', '1.00EUR', '--trust-max', '59min'], shown.shows(2));
    expect(old.error).toMatchObject({ code: 'trust_list_old', message: expect.stringMatching(/The trust list is 1h.* old\.$/) as string });
    const warned = await counter.cli.run(['code', 'accept', '--amount', '1.00EUR', '--trust-warn', '59min'], { input: shown.shows(2) });
    expect(warned.code).toBe(0);
    expect(warned.stderr).toContain('Warning: The trust list is 1h');
  });

  test.each([
    [['code', 'accept', '--amount', '1.00EUR', '--image', 'none.png'], 'file_not_found', 3],
    [['code', 'accept', '--amount', '1.00EUR', '--file', 'none.txt'], 'file_not_found', 3],
    [['code', 'accept', '--amount', '1.00EUR', '--file', 'a', '--image', 'b'], 'invalid_input', 2],
    [['code', 'accept', '--amount', '0.00EUR'], 'amount_not_positive', 2],
    [['code', 'accept', '--amount', '1.00EUR'], 'missing_input', 2],
    [['code', 'accept', '--amount', '1.00CHF', '--bind-above', '1.00EUR', '--file', import.meta.filename], 'currency_mismatch', 5],
    [['code', 'accept', '--amount', '1.00EUR', '--trust-max', '8d'], 'invalid_input', 2],
    [['code', 'accept', '--amount', '1.00EUR', '--trust-max', '1h', '--trust-warn', '1h'], 'invalid_input', 2],
    [['code', 'accept', '--amount', '1.00EUR', '--profile', 'nobody'], 'profile_not_found', 3],
    [['code', 'receipt', 'none.txt'], 'file_not_found', 3],
    [['code', 'receipt', '-'], 'receipt_malformed', 2],
    [['code', 'settle', '--at', '25:00'], 'invalid_input', 2],
    [['code', 'settle', '--zone', 'Europe/Berlin'], 'invalid_input', 2],
    [['code', 'disputes', 'show', 'none'], 'dispute_not_found', 3],
  ] as const)('%j is %s', async (args, errorCode, exit) => {
    await counter.json('code', 'trust', 'sync');
    expect((await refused(args, '')).error).toMatchObject({ code: errorCode, exit, hint: expect.stringMatching(/./) as string });
  });

  test('what is in another currency than the account that is paid is refused', async () => {
    const shown = await code({}, '20.00CHF');
    const { error } = await refused(['code', 'accept', '--amount', '1.00CHF'], shown.shows(1));
    expect(error).toMatchObject({ code: 'currency_mismatch', message: expect.stringContaining('is kept in EUR') as string });
  });

  test('what is no code is said to be none, and what is no picture', async () => {
    await counter.json('code', 'trust', 'sync');
    expect((await refused(['code', 'accept', '--amount', '1.00EUR'], 'https://example.org\n')).error).toMatchObject({ code: 'code_malformed', exit: 2 });
    expect((await refused(['code', 'accept', '--amount', '1.00EUR'], 'A'.repeat(1_000_000))).error).toMatchObject({ code: 'code_malformed', exit: 2 });
    const ofPicture = async (content: string | Uint8Array) => {
      const path = counter.cli.file('no.png', content);
      const { error } = await refused(['code', 'accept', '--amount', '1.00EUR', '--image', path], '');
      return { ...error, message: (error['message'] as string).replace(path, 'FILE') };
    };
    for (const content of ['no picture', '', '<svg/>', Buffer.from('ffd8ffe000104a464946', 'hex')]) {
      expect(await ofPicture(content)).toMatchObject({ code: 'invalid_input', exit: 2, message: '--image: FILE is no PNG.', hint: expect.stringContaining('JPEG') });
    }
    expect(await ofPicture(Buffer.from('89504e470d0a1a0a', 'hex'))).toMatchObject({ code: 'invalid_input', message: expect.stringMatching(/^--image: This PNG is damaged/) });
  });

  test('no more is read than what shows that it is too much', async () => {
    await counter.json('code', 'trust', 'sync');
    const accepting = ['code', 'accept', '--amount', '1.00EUR'];
    expect((await refused([...accepting, '--image', '/dev/zero'], '')).error).toMatchObject({ code: 'invalid_input', message: '--image: /dev/zero is larger than 32 MB.' });
    expect((await refused([...accepting, '--file', '/dev/zero'], '')).error).toMatchObject({ code: 'code_malformed' });
    expect((await refused(accepting, '\n'.repeat(1_000_000))).error).toMatchObject({ code: 'missing_input', message: expect.stringContaining('scan one') });
    expect((await refused([...accepting, '--file', '/dev/null'], '')).error).toMatchObject({ code: 'missing_input', message: '--file: there is no code in /dev/null.' });
  });

  test('a duplicate comes with both receipts, is charged once, and ends with 9', async () => {
    const shown = await code();
    const elsewhere = await counter.till.codeRegister();
    const text = shown.shows(1);
    const mine = await accept('2.00EUR', text);
    expect(await elsewhere.outcomes(elsewhere.take(shown.holder, 1, '2.00EUR'))).toEqual(['settled']);
    const { code: exit, stdout } = await counter.cli.run(['code', 'settle', '--json']);
    const settled = JSON.parse(stdout) as Result;
    expect(exit).toBe(9);
    expect(settled['counts']).toMatchObject({ duplicate: 1 });
    expect(settled['disputes']).toMatchObject([{ receipt_id: mine['receipt_id'], outcome: 'duplicate', amount: { minor: '200' } }]);
    const { items } = await counter.json<Result>('code', 'disputes', 'list', '--outcome', 'duplicate');
    expect((items as Result[]).map(({ receipt_id: id }) => id as string)).toContain(mine['receipt_id']);
    const dispute = await counter.json<Result>('code', 'disputes', 'show', mine['receipt_id'] as string);
    expect(dispute).toMatchObject({ outcome: 'duplicate', other: { signed_receipt: expect.any(String) } });
    const plain = await counter.run('code', 'disputes', 'show', mine['receipt_id'] as string);
    expect(plain.stdout.match(/LKR1:/g)).toHaveLength(2);
    expect(plain.stdout).toContain(mine['receipt_text']);
    expect(await counter.till.balance(shown.account)).toMatchObject({ balance: 1800n, suspendedAt: undefined });
  });

  test('nothing that the register stores or shows names who pays', async () => {
    const shown = await code();
    await accept('1.00EUR', shown.shows(1), '--memo', 'cake');
    await counter.json('code', 'settle');
    const shownTexts = await Promise.all([['pos', 'status'], ['pos', 'report'], ['code', 'trust', 'show'], ['code', 'disputes', 'list']].map(async (args) => (await counter.run(...args, '--json')).stdout));
    const { state } = pathsFrom(counter.cli.env, process.platform, counter.cli.folder);
    const files = readdirSync(state, { recursive: true, encoding: 'utf8', withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.some(({ name }) => /^codes-.*\.db$/.test(name))).toBe(true);
    const terminalId = shown.holder.issued.terminalId;
    const { paymentId } = shown.holder.issued;
    for (const { parentPath, name } of files) {
      const bytes = readFileSync(join(parentPath, name));
      for (const secret of [shown.account.id, shown.account.name, terminalId, paymentId]) {
        expect([name, bytes.includes(secret), bytes.includes(Buffer.from(secret.slice(4), 'base64url'))]).toEqual([name, false, false]);
      }
    }
    for (const text of shownTexts) {
      expect([shown.account.id, shown.account.name, terminalId, paymentId].filter((secret) => text.includes(secret))).toEqual([]);
    }
  });

  test('what is damaged of another register of this machine is told, and keeps none from its work', async () => {
    const shown = await code();
    const { state } = pathsFrom(counter.cli.env, process.platform, counter.cli.folder);
    const damaged = join(state, 'codes-tok_gone.db');
    writeFileSync(damaged, 'This is no database.'.repeat(500));
    const said = expect.stringMatching(/Warning: What another cash register of this machine accepted is damaged.*codes-tok_gone\.db/) as string;
    expect(await counter.cli.run(['code', 'accept', '--amount', '1.00EUR'], { input: shown.shows(1) })).toMatchObject({ code: 0, stderr: said });
    expect(await counter.run('code', 'settle')).toMatchObject({ code: 0, stderr: said });
    rmSync(damaged);
  });

  test('at a terminal a scanner types', async () => {
    const shown = await code();
    const terminal = atTerminal(counter.cli, ['code', 'accept', '--amount', '1.00EUR']);
    await terminal.shows('Scan the code.');
    terminal.type(`${shown.shows(1)}\r`);
    await terminal.shows('accepted (provisional) 1.00 EUR');
    expect(await terminal.code).toBe(0);
  });

  test('a scanner that stays connected is not waited for', async () => {
    const shown = await code();
    const child = spawn(process.execPath, [program, 'code', 'accept', '--amount', '1.00EUR'], { env: counter.cli.env, stdio: ['pipe', 'pipe', 'inherit'] });
    // Some end the line of before first.
    child.stdin.write('\r\n');
    child.stdin.write(`\n\r${shown.shows(1)}\r`);
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(output).toMatch(/^accepted/);
  });

  test('code settle --every goes on, and ends when it is told to', async () => {
    const shown = await code();
    await counter.run('code', 'settle');
    await accept('1.00EUR', shown.shows(1));
    const settling = counter.cli.start(['code', 'settle', '--every', '1h', '--json']);
    const run = await settling.line((line) => {
      const parsed = JSON.parse(line) as Result;
      return parsed['counts'] === undefined ? undefined : parsed;
    });
    expect(run).toMatchObject({ counts: { settled: 1 }, next_at: expect.any(String) });
    settling.kill('SIGTERM');
    expect((await settling.ended).code).toBe(0);
  });

  test('code settle --at says when, and ends when it is interrupted', async () => {
    const settling = counter.cli.start(['code', 'settle', '--at', '02:00', '--zone', 'Europe/Berlin', '--json']);
    const { next_at: next } = await settling.line((line) => JSON.parse(line) as Result);
    expect(new Date(next as string).toLocaleTimeString('de', { timeZone: 'Europe/Berlin' })).toBe('02:00:00');
    settling.kill('SIGINT');
    expect((await settling.ended).code).toBe(130);
  });

  requires('strace')('without a network', () => {
    test('accepting opens no socket, and is on the disk before it says so', async () => {
      const shown = await code();
      const log = join(counter.cli.folder, `${randomUUID()}.strace`);
      const file = counter.cli.file(`${randomUUID()}.txt`, shown.shows(1));
      const options = ['-f', '-y', '-s', '64', '-e', 'trace=socket,connect,sendto,sendmsg,fsync,fdatasync,write,pwrite64', '-o', log];
      const child = spawn('strace', [...options, process.execPath, program, 'code', 'accept', '--amount', '1.00EUR', '--file', file], { env: counter.cli.env, stdio: ['ignore', 'pipe', 'pipe'] });
      expect((await once(child, 'close'))[0]).toBe(0);
      const calls = readFileSync(log, 'utf8').split('\n');
      // The C library asks for its cache of names, which is on this machine if it is anywhere.
      expect(calls.filter((call) => /socket\(|connect\(|send(to|msg)\(/.test(call) && !/AF_UNIX/.test(call))).toEqual([]);
      const before = calls.slice(0, calls.findIndex((call) => call.includes('accepted (provisional)')));
      const written = before.findLastIndex((call) => /pwrite64\(.*codes-.*\.db-wal/.test(call));
      expect(written).toBeGreaterThan(0);
      expect(before.slice(written).some((call) => /f(data)?sync\(.*codes-.*\.db-wal.*= 0$/.test(call))).toBe(true);
    });
  });
});

describe('a server that goes and comes back', () => {
  let site: Site;
  let counter: Counter;
  beforeAll(async () => {
    site = await Site.make('server');
    counter = await Counter.make(site);
  });
  afterAll(async () => {
    await counter.close();
    await site.close();
  });

  test('pos serve settles what was accepted meanwhile, and nothing is lost', { timeout: 60_000 }, async () => {
    const shown = await counter.till.code();
    const serving = counter.cli.start(['pos', 'serve', '--listen', '127.0.0.1:0', '--no-reader', '--json']);
    await serving.line(jsonWith('event', 'listening'));
    // The first trust list comes by itself.
    await counter.cli.until<Result>(['pos', 'status'], ({ codes }) => codes?.trust_as_of !== undefined);
    await site.server!.stop();
    for (const counterOfShowing of [1, 2, 3]) {
      await counter.cli.json(['code', 'accept', '--amount', '1.00EUR'], { input: shown.shows(counterOfShowing) });
    }
    const away = await counter.run('pos', 'status', '--json');
    expect([away.code, (JSON.parse(away.stdout) as Result)['codes']]).toMatchObject([6, { waiting: 3 }]);
    const settle = await counter.run('code', 'settle', '--json');
    expect([settle.code, JSON.parse(settle.stderr)]).toMatchObject([6, { message: expect.stringMatching(/What is not settled yet is kept\.$/) as string }]);
    await site.server!.startAgain();
    const settled = await serving.line(jsonWith('event', 'codes_settled'));
    expect(settled['counts']).toMatchObject({ settled: 3 });
    expect((await counter.till.balance(counter.account)).balance).toBe(300n);
    expect((await counter.json<Result>('pos', 'status'))['codes']).toMatchObject({ waiting: 0 });
  });

  test('pos serve registers the key of receipts again that a restored server has forgotten', { timeout: 60_000 }, async () => {
    const { cli, till } = await Counter.make(site);
    const shown = await till.code();
    const serving = cli.start(['pos', 'serve', '--listen', '127.0.0.1:0', '--no-reader', '--json']);
    await serving.line(jsonWith('event', 'listening'));
    const { register_id: id } = await cli.until<Result>(['pos', 'status'], ({ codes }) => codes?.trust_as_of !== undefined);
    site.alterDatabase('delete from receipt_keys where register_id = ?', id);
    site.alterDatabase('update registers set receipt_key = null where id = ?', id);
    await cli.json(['code', 'accept', '--amount', '1.00EUR'], { input: shown.shows(1) });
    expect((await serving.line(jsonWith('event', 'codes_settled')))['counts']).toMatchObject({ settled: 1 });
    serving.kill('SIGTERM');
    await serving.ended;
    await cli.close();
  });

  test('what it accepted before it was enrolled anew is settled, and counts', { timeout: 60_000 }, async () => {
    const { cli, account, till } = await Counter.make(site);
    const shown = await till.code();
    await cli.json(['code', 'trust', 'sync']);
    const key = randomUUID();
    const accept = ['code', 'accept', '--amount', '3.20EUR'];
    const text = shown.shows(1);
    const first = await cli.json<Result>([...accept, '--idempotency-key', key], { input: text });
    const removed = await cli.run(['profile', 'remove', 'pos', '--yes']);
    expect([removed.code, removed.stderr]).toMatchObject([0, expect.stringContaining('Warning: An accepted code has to be settled by')]);

    const { args, input } = await enrollment(site, account, 'pos');
    const options = { input, env: { LATCHKEY_PASSWORD: shopPassword } };
    const asked = await cli.run([...args], options);
    expect([asked.code, asked.stderr]).toMatchObject([2, expect.stringMatching(/An accepted code has to be settled by[^]*Enrol it anew\?.*pass --yes/)]);
    await cli.json([...args, '--yes'], options);
    expect((await cli.json<Result>(['pos', 'status']))['codes']).toMatchObject({ waiting: 1 });
    expect((await cli.json<Result>(['pos', 'report']))['codes']).toEqual([{ outcome: 'waiting', currency: 'EUR', codes: 1, minor: '320' }]);

    await cli.json(['code', 'trust', 'sync']);
    const twice = await cli.run([...accept, '--json'], { input: text });
    expect([twice.code, JSON.parse(twice.stderr)]).toMatchObject([4, { code: 'code_used' }]);
    expect((await cli.json<Result>([...accept, '--idempotency-key', key], { input: text }))['receipt_text']).toBe(first['receipt_text']);
    expect(await cli.json(accept, { input: shown.shows(2) })).toMatchObject({ accepted: true });
    expect(await cli.json(['code', 'settle'])).toMatchObject({ counts: { settled: 2 } });
    expect((await cli.json<Result>(['pos', 'report']))['codes']).toEqual([{ outcome: 'settled', currency: 'EUR', codes: 2, minor: '640' }]);
    await cli.close();
  });

  test('a register that has never asked says what to do', async () => {
    const { cli } = await Counter.make(site);
    const { code: exit, stderr } = await cli.run(['code', 'accept', '--amount', '1.00EUR', '--json'], { input: 'LK1:A' });
    expect([exit, JSON.parse(stderr)]).toMatchObject([4, { code: 'trust_list_missing', hint: expect.stringContaining('code trust sync') as string }]);
    await cli.close();
  });

  test('a machine that is something else is not told to sync, which it may not', async () => {
    const { cli } = await site.purse();
    const { code: exit, stderr } = await cli.run(['code', 'accept', '--amount', '1.00EUR', '--json'], { input: 'LK1:A' });
    expect([exit, JSON.parse(stderr)]).toMatchObject([3, { code: 'register_not_enrolled', message: expect.stringMatching(/^This machine is not a cash register: profile \S+ is for the role terminal\.$/) as string }]);
  });
});

test('alone on a machine a register changes its account when all it accepted is settled', async () => {
  const site = await Site.make('embedded');
  const { cli, account, till } = await Counter.make(site, { here: true });
  const shown = await till.code();
  await cli.json(['code', 'trust', 'sync']);
  await cli.json(['code', 'accept', '--amount', '3.20EUR'], { input: shown.shows(1) });
  const other = await till.empty();
  const enroll = (name: string) => cli.run(['pos', 'enroll', '--account', name, '--json']);
  const refused = await enroll(other.name);
  expect([refused.code, JSON.parse(refused.stderr)]).toMatchObject([5, { code: 'codes_unsettled', hint: expect.stringContaining('latchkey code settle') as string }]);
  expect((await enroll(account.name)).code).toBe(0);
  await cli.json(['code', 'settle']);
  expect((await till.balance(account)).balance).toBe(320n);
  expect((await enroll(other.name)).code).toBe(0);
  await site.close();
});
