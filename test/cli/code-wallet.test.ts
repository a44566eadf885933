import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ed25519Public } from '../../src/protocol/ed25519.ts';
import { parseCodeText, splitCode, verifyProof, verifyToken } from '../../src/protocol/credit-code.ts';
import { program } from '../program.ts';
import { requires } from '../requirements.ts';
import { CommandLine } from './command-line.ts';
import { plantCode, type PlantedCode } from './planted-code.ts';
import { atTerminal } from './terminal.ts';

/** As a cash register reads it. */
function read(text: string, { serverKey }: PlantedCode) {
  const { signedToken, signedProof } = splitCode(parseCodeText(text));
  const token = verifyToken(signedToken, [ed25519Public(serverKey.publicKey)]);
  return { token, proof: verifyProof(signedProof, signedToken, token) };
}

describe('a wallet that no server can be asked from', () => {
  let cli: CommandLine;
  beforeEach(async () => {
    cli = await CommandLine.make();
  });
  afterEach(() => cli.close());

  const show = (...args: string[]) => cli.json(['code', 'show', ...args]);
  async function refusal(...args: string[]): Promise<Record<string, any>> {
    const { code, stdout, stderr } = await cli.run([...args, '--json']);
    expect(stdout).toBe('');
    const error = JSON.parse(stderr.trimEnd().split('\n').at(-1)!) as Record<string, any>;
    expect(error['exit']).toBe(code);
    return error;
  }

  test('each showing is a use with a counter of its own, and a register can verify it', async () => {
    const planted = await plantCode(cli, { payees: ['acc_cafe'], named: [{ id: 'acc_cafe', name: 'Café', currency: 'EUR' }] });
    const before = Date.now();
    const first = await show();
    expect(first).toMatchObject({ code_id: planted.token.id, counter: 1, bound: false, pays: { minor: '500' }, uses_left: 4, amount_left: { minor: '1500', currency: 'EUR' } });
    expect(first['text']).toMatch(/^LK1:[0-9A-Z $%*+./:-]+$/);
    const { token, proof } = read(first['text'] as string, planted);
    expect(token).toMatchObject({ id: planted.token.id, maxTotal: 2000n });
    expect(proof).toMatchObject({ counter: 1, amount: undefined, payeeId: undefined });
    expect(Math.abs(proof.at.getTime() - before)).toBeLessThan(10_000);
    expect(Date.parse(first['proof_expires_at'] as string)).toBe(proof.at.getTime() + 60_000);

    const bound = await show('--amount', '3.20EUR', '--payee', 'Café');
    expect(bound).toMatchObject({ counter: 2, bound: true, pays: { minor: '320' }, payee_id: 'acc_cafe', uses_left: 3, amount_left: { minor: '1180' } });
    expect(read(bound['text'] as string, planted).proof).toMatchObject({ counter: 2, amount: 320n, payeeId: 'acc_cafe' });
    const { code, stdout } = await cli.run(['code', 'show', '--text']);
    expect(code).toBe(0);
    expect(read(stdout.replace('\n', ''), planted).proof.counter).toBe(3);
  });

  test('at none left it refuses; what was not accepted is taken back, once, and its counter stays used', async () => {
    const { token: { id } } = await plantCode(cli, { uses: 2 });
    await show();
    await show();
    expect(await refusal('code', 'show')).toMatchObject({ code: 'code_used_up', exit: 4, hint: expect.stringContaining('code take-back') });
    const takenBack = await cli.json(['code', 'take-back', id, '1']);
    expect(takenBack).toMatchObject({ code_id: id, counter: 1, uses_left: 1, amount_left: { minor: '1500' } });
    expect(await cli.json(['code', 'take-back', id, '1'])).toEqual(takenBack);
    expect(await show()).toMatchObject({ counter: 3, uses_left: 0 });
    expect(await refusal('code', 'take-back', id, '9')).toMatchObject({ code: 'code_not_found', exit: 3 });
    expect(await refusal('code', 'take-back', 'code_none', '1')).toMatchObject({ code: 'code_not_found', exit: 3 });
  });

  test('where the largest amount does not fit any more, a smaller one that is bound does', async () => {
    await plantCode(cli, { maxTotal: 700n });
    await show();
    expect(await refusal('code', 'show')).toMatchObject({ code: 'code_used_up', hint: 'Bind a smaller amount: --amount 2.00EUR or less.' });
    expect(await show('--amount', '2.00EUR')).toMatchObject({ counter: 2, amount_left: { minor: '0' } });
  });

  test('what a register would refuse is refused here, before it counts', async () => {
    await plantCode(cli, { payees: ['acc_cafe'] });
    for (const [args, code] of [
      [['--amount', '5.01EUR'], 'code_amount_too_large'],
      [['--amount', '1.00CHF'], 'currency_mismatch'],
      [['--payee', 'acc_other'], 'code_payee_mismatch'],
      [['--payee', 'Nobody'], 'account_not_found'],
      [['--png', cli.file('there.png', 'a picture')], 'file_exists'],
    ] as const) {
      expect(await refusal('code', 'show', ...args)).toMatchObject({ code });
    }
    expect(await show()).toMatchObject({ counter: 1 });
  });

  test('one that is over is not shown, and the terminal’s clock is named', async () => {
    const issuedAt = new Date(Math.floor(Date.now() / 1000) * 1000 - 7_200_000);
    const { token: { id } } = await plantCode(cli, { issuedAt, expiresAt: new Date(issuedAt.getTime() + 3_600_000) });
    expect(await refusal('code', 'show')).toMatchObject({ code: 'code_over', message: expect.stringMatching(/this terminal’s clock says \d{4}-/) });
    const later = new Date(issuedAt.getTime() + 86_400_000);
    await plantCode(cli, { issuedAt: later, expiresAt: new Date(later.getTime() + 3_600_000) });
    expect((await refusal('code', 'show', id))['code']).toBe('code_over');
    expect(await refusal('code', 'show')).toMatchObject({ code: 'code_not_yet_valid' });
  });

  test('of several it has to be said which', async () => {
    const [one, other] = [await plantCode(cli), await plantCode(cli)];
    expect(await refusal('code', 'show')).toMatchObject({ code: 'missing_input', message: expect.stringContaining(other.token.id) });
    expect(await show(one.token.id)).toMatchObject({ code_id: one.token.id, counter: 1 });
    expect(await refusal('code', 'show', 'code_none')).toMatchObject({ code: 'code_not_found', exit: 3 });
  });

  test('without its journal nothing of it is shown any more', async () => {
    const { journalPath } = await plantCode(cli);
    await show();
    rmSync(journalPath);
    expect(await refusal('code', 'show')).toMatchObject({ code: 'invalid_input', hint: expect.stringContaining('code revoke') });
  });

  test('two at once never share a counter', async () => {
    const planted = await plantCode(cli);
    const counters = await Promise.all(Array.from({ length: 4 }, () => show()));
    expect(counters.map(({ counter }) => counter as number).sort()).toEqual([1, 2, 3, 4]);
    expect(new Set(counters.map(({ text }) => read(text as string, planted).proof.counter)).size).toBe(4);
  });

  requires('zbar-tools', 'librsvg2-bin')('its pictures', () => {
    test('say what its text says', async () => {
      const planted = await plantCode(cli);
      const [png, svg, drawn] = ['code.png', 'code.svg', 'drawn.png'].map((name) => join(cli.folder, name)) as [string, string, string];
      const shown = await show('--png', png, '--svg', svg);
      expect(shown['written']).toEqual([png, svg]);
      expect([png, svg].map((path) => statSync(path).mode & 0o077)).toEqual([0, 0]);
      await output('rsvg-convert', ['--width=900', '-o', drawn, svg]);
      for (const picture of [png, drawn]) {
        expect(await output('zbarimg', ['--nodbus', '-q', '--raw', picture])).toBe(`${shown['text'] as string}\n`);
      }
      expect(read(shown['text'] as string, planted).proof.counter).toBe(1);
    });
  });

  requires('strace')('its processes', () => {
    test('open no connection, have the counter on the disk before anything is seen, and keep the private key to themselves', { timeout: 60_000 }, async () => {
      const { secret, journalPath } = await plantCode(cli);
      const trace = join(cli.folder, 'trace');
      const child = spawn('strace', ['-f', '-y', '-qq', '-v', '-s', '65536', '-e', 'trace=network,execve,write,pwrite64,fdatasync', '-e', 'signal=none', '-o', trace, process.execPath, program, 'code', 'show', '--text'], { env: cli.env, stdio: ['ignore', 'pipe', 'pipe'] });
      expect(await once(child, 'close')).toEqual([0, null]);
      const calls = readFileSync(trace, 'utf8');
      expect(calls).not.toMatch(/AF_INET/);
      expect(calls).not.toContain(secret);
      const lines = calls.split('\n');
      const flushed = lines.findIndex((line) => line.includes('fdatasync(') && line.includes('.showings.ndjson'));
      const seen = lines.findIndex((line) => /write\(1</.test(line) && line.includes('LK1:'));
      expect(flushed).toBeGreaterThan(lines.findIndex((line) => line.includes('\\"counter\\":1')));
      expect(seen).toBeGreaterThan(flushed);
      expect(readFileSync(journalPath, 'utf8')).toContain('"counter":1');
      expect(filesWith(cli.folder, secret).filter((path) => path !== trace)).toEqual([]);
    });
  });

  test('at a terminal it is there until a key is pressed; answering no takes it back', async () => {
    const { token: { id }, journalPath } = await plantCode(cli);
    const terminal = atTerminal(cli, ['code', 'show', '--amount', '3.20EUR']);
    await terminal.shows('█');
    await terminal.shows(/pays: +3\.20 EUR/);
    await terminal.shows(/left then: +16\.80 EUR, 4 of 5 uses, of 20\.00 EUR/);
    await terminal.shows(/valid until: .*; this terminal’s clock says \d\d:\d\d:\d\d/);
    await terminal.shows(/Showing 1, new in (30|29|28) s\. Press any key/);
    expect(readFileSync(journalPath, 'utf8')).toContain('"counter":1');
    terminal.type('q');
    await terminal.shows('Was it accepted?');
    terminal.type('n\r');
    await terminal.shows(`Showing 1 of ${id} is taken back: 20.00 EUR and 5 uses are left.`);
    expect(await terminal.code).toBe(0);
    expect(await show()).toMatchObject({ counter: 2, uses_left: 4 });
  });

  test('who only presses Enter leaves it counted, and so does who answers nothing', async () => {
    const { token: { id } } = await plantCode(cli);
    const enter = atTerminal(cli, ['code', 'show']);
    await enter.shows('Press any key');
    enter.type('\r');
    await enter.shows('Was it accepted?');
    enter.type('\r');
    await enter.shows(`Showing 1 of ${id} counts as a use.`);
    expect(await enter.code).toBe(0);

    const gone = atTerminal(cli, ['code', 'show']);
    await gone.shows('Press any key');
    gone.type('\u0003');
    await gone.shows('Was it accepted?');
    gone.type('\u0003');
    await gone.shows(`latchkey code take-back ${id} 2`);
    expect(await gone.code).toBe(130);

    const late = atTerminal(cli, ['code', 'show', '--timeout', '2s']);
    await late.shows('Press any key');
    await late.shows(`latchkey code take-back ${id} 3`);
    expect(await late.code).toBe(8);
    expect(await show()).toMatchObject({ counter: 4, uses_left: 1 });
  });

  test('in a window that is too small nothing is shown, and nothing counts', async () => {
    await plantCode(cli);
    const narrow = atTerminal(cli, ['code', 'show', '--once'], {}, { columns: 60 });
    await narrow.shows(/The QR code takes \d+ columns, and here are 60\./);
    expect(await narrow.code).toBe(2);
    const low = atTerminal(cli, ['code', 'show'], {}, { rows: 24 });
    await low.shows(/The QR code takes \d+ columns and \d+ lines, and here are 100 and 24\./);
    expect(await low.code).toBe(2);
    const once = atTerminal(cli, ['code', 'show', '--once'], {}, { rows: 24 });
    await once.shows('█');
    await once.shows(/showing: +1, good until \d\d:\d\d:\d\d/);
    expect(await once.code).toBe(0);
  });

  test('of several a terminal lets choose', async () => {
    const planted = [await plantCode(cli), await plantCode(cli)];
    const terminal = atTerminal(cli, ['code', 'show', '--once']);
    await terminal.shows('Show which code?');
    await terminal.shows('20.00 EUR left of 20.00 EUR');
    terminal.type('\r');
    const chosen = await terminal.shows(/showing: +1/);
    expect(chosen).not.toBe('');
    expect(await terminal.code).toBe(0);
    expect(planted.filter(({ journalPath }) => readFileSync(journalPath, 'utf8').includes('"counter":1'))).toHaveLength(1);
  });
});

async function output(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  await once(child, 'close');
  return text;
}

function filesWith(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => readFileSync(path).includes(text));
}
