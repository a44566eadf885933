import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pathsFrom } from '../../src/cli/paths.ts';
import { StoredCreditCodes } from '../../src/cli/wallet/kept-codes.ts';
import type { Account } from '../../src/domain/account.ts';
import { ed25519Public } from '../../src/protocol/ed25519.ts';
import { parseCodeText, splitCode, verifyProof, verifyToken } from '../../src/protocol/credit-code.ts';
import { openSecretStore } from '../../src/secrets/open-secret-store.ts';
import { program } from '../program.ts';
import { requires } from '../requirements.ts';
import { CommandLine } from './command-line.ts';
import { Counter } from './counter.ts';
import { plantCode, type PlantedCode } from './planted-code.ts';
import { identityCode, type Purse } from './purse.ts';
import { Site, ways } from './site.ts';
import { atTerminal } from './terminal.ts';
import type { Till } from './till.ts';

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
    expect(await refusal('code', 'take-back', id, '1')).toMatchObject({
      code: 'missing_input',
      message: expect.stringMatching(/^Nobody can say whether showing 1 was paid: .* may settle it until .* up to 5\.00 EUR is charged .* its account is suspended\. .* pass --yes\.$/),
    });
    const takenBack = await cli.json(['code', 'take-back', id, '1', '--yes']);
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
      [['--payee', 'acc_nN4i0m0pR8mM9m6lq2c6Dw'], 'code_payee_mismatch'],
      [['--payee', 'Nobody'], 'account_not_found'],
      [['--png', cli.file('there.png', 'a picture')], 'file_exists'],
    ] as const) {
      expect(await refusal('code', 'show', ...args)).toMatchObject({ code });
    }
    expect(await show()).toMatchObject({ counter: 1 });
  });

  test('what is no whole id of an account is no payee, and nothing is counted', async () => {
    await plantCode(cli);
    expect(await refusal('code', 'show', '--payee', 'Café')).toMatchObject({ code: 'account_not_found', message: 'This code knows no payee Café. It was issued for nobody by name.', hint: expect.stringContaining('pos show') });
    const id = 'acc_nN4i0m0pR8mM9m6lq2c6Dw';
    for (const payee of ['acc_', 'acc_bogus', id.slice(0, 20), `${id}A`]) {
      expect(await refusal('code', 'show', '--payee', payee)).toMatchObject({ code: 'invalid_input', exit: 2 });
    }
    expect(await show('--payee', id)).toMatchObject({ counter: 1, payee_id: id });
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
    expect(await refusal('code', 'show')).toMatchObject({ code: 'missing_input', message: expect.stringContaining(other.token.id), hint: expect.stringContaining('code show CODE') });
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
        expect(await output('zbarimg', ['--nodbus', '-q', '-Sdisable', '-Sqrcode.enable', '--raw', picture])).toBe(`${shown['text'] as string}\n`);
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
    await terminal.shows('▄');
    await terminal.shows(/pays: +3\.20 EUR/);
    await terminal.shows(/left then: +16\.80 EUR, 4 of 5 uses, of 20\.00 EUR/);
    await terminal.shows(/valid until: .*; this terminal’s clock says \d\d:\d\d:\d\d/);
    await terminal.shows(/Showing 1, new in (30|29|28) s\. Press any key/);
    expect(readFileSync(journalPath, 'utf8')).toContain('"counter":1');
    terminal.type('q');
    await terminal.shows('Was it accepted?');
    terminal.type('n\r');
    await terminal.shows('Take it back?');
    terminal.type('y\r');
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

  test('a showing that is over ends by itself, and says so', async () => {
    const issuedAt = new Date(Math.floor(Date.now() / 1000) * 1000);
    await plantCode(cli, { issuedAt, expiresAt: new Date(issuedAt.getTime() + 6000) });
    const terminal = atTerminal(cli, ['code', 'show']);
    await terminal.shows('Press any key');
    await terminal.shows('This showing is over: one lasts 15 minutes at most');
    await terminal.shows('Was it accepted?');
    terminal.type('n\r');
    await terminal.shows('Take it back?');
    terminal.type('\r');
    await terminal.shows('counts as a use');
    expect(await terminal.code).toBe(0);
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
    await once.shows('▄');
    await once.shows(/showing: +1, good until \d\d:\d\d:\d\d/);
    expect(await once.code).toBe(0);
  });

  test('of several a terminal lets choose', async () => {
    const planted = [await plantCode(cli), await plantCode(cli)];
    const terminal = atTerminal(cli, ['code', 'show', '--once']);
    await terminal.shows('Show which code?');
    await terminal.shows('20.00 EUR left of 20.00 EUR');
    terminal.type('\r');
    await terminal.shows(/showing: +1/);
    expect(await terminal.code).toBe(0);
    expect(planted.filter(({ journalPath }) => readFileSync(journalPath, 'utf8').includes('"counter":1'))).toHaveLength(1);
  });
});

describe.each(ways)('having codes issued, %s', (way) => {
  let site: Site;
  let till: Till;
  let purse: Purse;
  let cafe: Account;
  let shared: Account | undefined;
  beforeAll(async () => {
    site = await Site.make(way);
    [till, purse] = [await site.till(), await site.purse()];
    cafe = await till.shop();
  });
  afterAll(() => site.close());

  async function payer(funds = '50.00EUR'): Promise<Account> {
    const account = await till.account(funds);
    await purse.bind(account);
    return account;
  }
  /** A terminal is sent ten verification codes a day: where it does not matter whose account it is, it is this one. */
  const anybody = async () => (shared ??= await payer());
  const issue = (account: Account, ...args: string[]) => ['code', 'issue', '--account', account.id, '--identity-code-file', '-', ...args];
  const issued = (account: Account, ...args: string[]) => purse.json(issue(account, ...args), identityCode);
  const list = async (account: Account, ...args: string[]) => {
    const { codes, ...rest } = await purse.json<{ codes: Record<string, any>[] }>(['code', 'list', '--all', ...args]);
    return { ...(rest as { corrected: boolean; unfinished: number }), codes: codes.filter((code) => code['account_id'] === account.id) };
  };
  const heldOf = async ({ id }: Account) => (await site.json('account', 'show', id))['held'] as string;
  async function refusal(args: readonly string[], input = identityCode): Promise<Record<string, any>> {
    const { code, stdout, stderr } = await purse.run([...args, '--json'], input);
    expect(stdout).toBe('');
    const error = JSON.parse(stderr.trimEnd().split('\n').at(-1)!) as Record<string, any>;
    expect(error['exit']).toBe(code);
    return error;
  }
  const stateOfWallet = () => pathsFrom(purse.cli.env, process.platform, purse.cli.folder).state;
  /** As if it had been killed before the end of the account's last payment was written down. */
  function forgetEnd({ id }: Account): void {
    const path = join(stateOfWallet(), 'wallet', `${id}.payments.ndjson`);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines.at(-1)).toContain('"ended"');
    writeFileSync(path, `${lines.slice(0, -1).join('\n')}\n`);
  }
  /** As if it had been killed before the token was kept. */
  async function forgetTokens({ id }: Account): Promise<void> {
    const store = await openSecretStore(purse.cli.env, { data: pathsFrom(purse.cli.env, process.platform, purse.cli.folder).data });
    const kept = new StoredCreditCodes(store);
    for (const code of await kept.list()) {
      if (code.accountId === id) await kept.set({ ...code, signed: undefined });
    }
  }

  test('its whole limit is held, it is shown, and what registers settle corrects what is left', async () => {
    const account = await payer();
    const code = await issued(account, '--limit', '20.00EUR', '--max-each', '5.00EUR', '--uses', '6', '--valid', '2h', '--payee', cafe.name);
    expect(code).toMatchObject({ state: 'usable', account_id: account.id, uses: 6, uses_left: 6, amount_left: { minor: '2000' }, payees: [{ account_id: cafe.id, name: cafe.name }] });
    expect(Date.parse(code['expires_at'] as string) - Date.parse(code['issued_at'] as string)).toBe(7_200_000);
    expect(await heldOf(account)).toBe('2000');
    const id = code['code_id'] as string;

    const bound = await purse.json(['code', 'show', id, '--amount', '3.20EUR', '--payee', cafe.name]);
    const [open, wrong] = [await purse.json(['code', 'show', id]), await purse.json(['code', 'show', id])];
    expect((await list(account)).codes[0]!['open_showings']).toEqual([
      { counter: 1, at: expect.any(String), amount: { minor: '320', currency: 'EUR' }, payee_id: cafe.id },
      { counter: 2, at: expect.any(String) },
      { counter: 3, at: expect.any(String) },
    ]);
    expect(wrong).toMatchObject({ counter: 3, uses_left: 3, amount_left: { minor: '680' } });
    await purse.json(['code', 'take-back', id, '3', '--yes']);
    expect(await till.settle(cafe, bound['text'] as string, '3.20EUR')).toBe('settled');
    expect(await till.settle(cafe, open['text'] as string, '1.10EUR')).toBe('settled');
    // Its user was wrong.
    expect(await till.settle(cafe, wrong['text'] as string, '2.00EUR')).toBe('settled');
    expect(await list(account)).toEqual({
      corrected: true,
      unfinished: 0,
      over: 0,
      codes: [expect.objectContaining({ code_id: id, uses_left: 3, amount_left: { minor: '1370', currency: 'EUR' }, open_showings: [], settled: { minor: '630', currency: 'EUR' } })],
    });
    expect(await refusal(['code', 'take-back', id, '2', '--yes'])).toMatchObject({ code: 'showing_paid', exit: 5, message: 'It was accepted: 1.10EUR was paid.' });
    expect(await heldOf(account)).toBe('1370');
  });

  test('what the server says was paid is not taken back, though this wallet had not heard of it; what may still be is asked about', async () => {
    const account = await anybody();
    const { code_id: id } = await issued(account, '--limit', '5.00EUR', '--uses', '2');
    const { text } = await purse.json(['code', 'show', id as string, '--amount', '2.00EUR']);
    expect(await refusal(['code', 'take-back', id as string, '1'])).toMatchObject({
      code: 'missing_input', exit: 2, message: expect.stringMatching(/^The server has heard of no payment by showing 1 yet\. .* then 2\.00 EUR is charged .* pass --yes\.$/),
    });
    expect(await till.settle(cafe, text as string, '2.00EUR')).toBe('settled');
    expect(await refusal(['code', 'take-back', id as string, '1', '--yes'])).toMatchObject({ code: 'showing_paid', message: 'It was accepted: 2.00EUR was paid.' });
    expect(await purse.json(['code', 'show', id as string, '--amount', '3.00EUR'])).toMatchObject({ uses_left: 0, amount_left: { minor: '0' } });
  });

  test('one that the server does not know keeps no other from being corrected', async () => {
    const account = await payer();
    const { code_id: id } = await issued(account, '--limit', '5.00EUR');
    const { text } = await purse.json(['code', 'show', id as string]);
    expect(await till.settle(cafe, text as string, '0.50EUR')).toBe('settled');
    const { token: other } = await plantCode(purse.cli, { maxTotal: 100n, maxEach: 100n });
    const { code, stdout, stderr } = await purse.run(['code', 'list', '--json']);
    expect([code, JSON.parse(stderr)]).toEqual([0, { warning: expect.stringContaining(other.id) }]);
    expect(JSON.parse(stdout)).toMatchObject({ corrected: false, codes: expect.arrayContaining([expect.objectContaining({ code_id: id, settled: { minor: '50', currency: 'EUR' } })]) });
    // What nobody knows is removed by hand.
    const secret = 'wallet/acc_planted/credit-code/';
    const { items } = await purse.json<{ items: string[] }>(['secret', 'list']);
    await purse.json(['secret', 'remove', items.find((name) => name.startsWith(secret))!, '--yes']);
    expect((await list(account)).corrected).toBe(true);
  });

  test('one that is revoked is not shown any more', async () => {
    const account = await payer();
    const { code_id: id } = await issued(account, '--limit', '5.00EUR');
    const revoked = await purse.json(['code', 'revoke', id as string]);
    expect(revoked).toMatchObject({ code_id: id, settled: { minor: '0' }, settled_uses: 0 });
    expect(await purse.json(['code', 'revoke', id as string])).toEqual(revoked);
    expect(await refusal(['code', 'show', id as string])).toMatchObject({ code: 'code_over', message: expect.stringContaining('was revoked') });
    expect((await list(account)).codes).toEqual([expect.objectContaining({ state: 'revoked', revoked_at: revoked['revoked_at'] })]);
    expect((await purse.json(['code', 'list']))['over']).toBeGreaterThan(0);
    expect((await purse.run(['code', 'list'])).stdout).toMatch(/ over; what is left of (it|them) is held for a week after: --all\.\n$/);
    expect(await refusal(['code', 'revoke', 'code_nN4i0m0pR8mM9m6lq2c6Dw'])).toMatchObject({ code: 'code_not_found', exit: 3 });
  });

  test('one that is not readable in the secret store keeps no other from being used, and is named', async () => {
    const account = await anybody();
    const { code_id: id } = await issued(account, '--limit', '5.00EUR');
    const store = await openSecretStore(purse.cli.env, { data: pathsFrom(purse.cli.env, process.platform, purse.cli.folder).data });
    const secret = `wallet/${account.id}/credit-code/key.torn-${way}`;
    await store.set(secret, 'torn');
    try {
      const { code, stdout, stderr } = await purse.run(['code', 'list', '--json']);
      expect(code).toBe(0);
      expect(JSON.parse(stderr)).toEqual({ warning: expect.stringContaining(secret) });
      expect(JSON.parse(stdout)).toMatchObject({ codes: expect.arrayContaining([expect.objectContaining({ code_id: id, state: 'usable' })]) });
      expect(await purse.json(['code', 'show', id as string])).toMatchObject({ counter: 1 });
      expect(await issued(account, '--limit', '1.00EUR')).toMatchObject({ state: 'usable' });
    } finally {
      await store.delete(secret);
    }
  });

  test('one whose journal is damaged is revoked all the same, and listed as that', async () => {
    const account = await anybody();
    const { code_id: id } = await issued(account, '--limit', '5.00EUR');
    appendFileSync(join(stateOfWallet(), 'wallet', `${id as string}.showings.ndjson`), 'nonsense\n');
    expect((await list(account)).codes).toContainEqual(expect.objectContaining({ code_id: id, state: 'damaged' }));
    const revoked = await purse.json(['code', 'revoke', id as string]);
    expect(revoked).toMatchObject({ code_id: id });
    expect((await list(account)).codes).toContainEqual(expect.objectContaining({ code_id: id, state: 'revoked', revoked_at: revoked['revoked_at'] }));
  });

  test('with a key of its own it is issued once, however often it is run', async () => {
    const account = await payer();
    const once = issue(account, '--limit', '5.00EUR', '--idempotency-key', `monday-${way}`);
    const first = await purse.json(once, identityCode);
    expect(await purse.json(once)).toEqual(first);
    expect(await refusal(issue(account, '--limit', '6.00EUR', '--idempotency-key', `monday-${way}`))).toMatchObject({ code: 'idempotency_mismatch', exit: 5 });
    expect(await heldOf(account)).toBe('500');
    expect(await issued(account, '--limit', '5.00EUR')).not.toEqual(first);
    expect(await heldOf(account)).toBe('1000');
  });

  test('an issue that was interrupted is finished by running it again, and by the next list; each is issued once', async () => {
    const account = await payer();
    const args = ['--limit', '5.00EUR', '--max-each', '2.50EUR'];
    const code = await issued(account, ...args);
    forgetEnd(account);
    await forgetTokens(account);
    expect(await issued(account, ...args)).toEqual(code);
    await forgetTokens(account);
    expect(await list(account)).toMatchObject({ corrected: true, unfinished: 0, codes: [code] });
    forgetEnd(account);
    await forgetTokens(account);
    const { code: exit, stderr, stdout } = await purse.run([...issue(account, '--limit', '6.00EUR'), '--json'], identityCode);
    expect({ exit, stderr: JSON.parse(stderr) as unknown }).toEqual({ exit: 0, stderr: { warning: `An earlier code over 5.00EUR was being issued: it is ${code['code_id'] as string}.` } });
    expect(JSON.parse(stdout)).toMatchObject({ limit: { minor: '600' } });
    expect(await heldOf(account)).toBe('1100');
  });

  test('what is refused has its own code, and nothing is kept of it', async () => {
    const account = await payer('5.00EUR');
    const refused = (...args: string[]) => refusal(issue(account, ...args));
    expect(await refused('--limit', '5.01EUR')).toMatchObject({ code: 'insufficient_funds', exit: 4, hint: expect.stringMatching(/^No code was issued\..*--limit.*account credit set/) });
    expect(await refusal(issue(account, '--limit', '1.00EUR'), 'wrong code')).toMatchObject({ code: 'password_wrong', exit: 4 });
    expect(await refused('--limit', '100JPY')).toMatchObject({ code: 'currency_mismatch', exit: 5 });
    expect(await refused('--limit', '1.00EUR', '--max-each', '1.01EUR')).toMatchObject({ code: 'invalid_input', exit: 2, message: expect.stringContaining('--max-each') });
    expect(await refused('--limit', '1.00EUR', '--max-each', '1.00CHF')).toMatchObject({ code: 'currency_mismatch', exit: 5, message: '--max-each: CHF is not EUR, the currency of --limit.' });
    expect(await refused('--limit', '1.00EUR', '--valid', '24d')).toMatchObject({ code: 'invalid_input', exit: 2 });
    expect(await refused('--limit', '1.00EUR', '--payee', 'nobody')).toMatchObject({ code: 'account_not_found', exit: 3 });
    expect(await list(account)).toMatchObject({ codes: [], unfinished: 0 });
    expect(await heldOf(account)).toBe('0');
    expect(await issued(account, '--limit', '1.00EUR')).toMatchObject({ uses: 1, max_each: { minor: '100' } });
  });

  test('the private key and the identity code are nowhere but in the sealed secret store', async () => {
    const account = await payer();
    await issued(account, '--limit', '5.00EUR', '--idempotency-key', `secret-${way}`);
    const store = await openSecretStore(purse.cli.env, { data: pathsFrom(purse.cli.env, process.platform, purse.cli.folder).data });
    const { seed } = (await new StoredCreditCodes(store).get(account.id, `secret-${way}`))!;
    for (const secret of [Buffer.from(seed).toString('base64url'), Buffer.from(seed).toString('hex'), Buffer.from(seed).toString('base64')]) {
      expect(filesWith(purse.cli.folder, secret)).toEqual([]);
    }
    const journals = readdirSync(join(stateOfWallet(), 'wallet')).map((name) => join(stateOfWallet(), 'wallet', name)).filter((path) => path.endsWith('.ndjson'));
    expect(journals.map((path) => statSync(path).mode & 0o077)).toEqual(journals.map(() => 0));
    expect(filesWith(stateOfWallet(), identityCode)).toEqual([]);
  });

  if (way === 'server') {
    test('the reply is lost, and the next run has the same code, issued once', async () => {
      const account = await payer();
      const journal = join(stateOfWallet(), 'wallet', `${account.id}.payments.ndjson`);
      // What is sent is written down before: from then on no answer comes through.
      await using line = await LossyLine.to(Number(new URL(site.server!.url).port), () => existsSync(journal) && !readFileSync(journal, 'utf8').includes('"ended"'));
      const store = await openSecretStore(purse.cli.env, { data: pathsFrom(purse.cli.env, process.platform, purse.cli.folder).data });
      const tokens = await Promise.all((await store.names()).filter((name) => /^profile\/.*\/token$/.test(name)).map((name) => store.get(name)));
      const over = ['--server', `https://127.0.0.1:${line.port}`, '--ca-file', purse.cli.file('line-ca.pem', site.server!.ca)];
      const args = ['--limit', '5.00EUR', '--valid', '1h'];
      const { code, stdout, stderr } = await purse.cli.run([...issue(account, ...args), ...over, '--json'], { input: identityCode, env: { LATCHKEY_TOKEN: tokens[0]! } });
      expect([code, stdout, JSON.parse(stderr)]).toEqual([6, '', expect.objectContaining({ message: expect.stringContaining('It is not known whether the code over 5.00EUR was issued.') })]);
      expect(line.lost).toBeGreaterThan(0);
      expect(await heldOf(account)).toBe('500');

      const finished = await issued(account, ...args);
      expect(finished).toMatchObject({ state: 'usable', limit: { minor: '500' } });
      expect((await list(account)).codes).toEqual([finished]);
      expect(await heldOf(account)).toBe('500');
      const { counter, text } = await purse.json<{ counter: number; text: string }>(['code', 'show', finished['code_id'] as string]);
      expect([counter, await till.settle(cafe, text, '5.00EUR')]).toEqual([1, 'settled']);
    });

    test.each([['ahead of', 3_600_000], ['behind', -3_600_000]])('a clock that is an hour %s the server’s is told before a code is issued', async (word, aheadMs) => {
      const warning = expect.stringMatching(new RegExp(`^This machine’s clock is (1h|59min5\\ds) ${word} the server’s: cash registers will refuse`));
      const { stderr } = await purse.cli.run(['code', 'issue', '--account', 'nobody', '--limit', '1.00EUR', '--json'], { env: { ...purse.env, NODE_OPTIONS: clockAhead(aheadMs) } });
      expect(stderr.trim().split('\n').map((line) => JSON.parse(line))).toEqual([{ warning }, expect.objectContaining({ code: 'not_bound' })]);
    });

    test('a machine whose profile is another’s is said to be no payer’s terminal', async () => {
      const { cli } = await Counter.make(site);
      const { code, stderr } = await cli.run(['code', 'list', '--json']);
      expect([code, stderr.trim().split('\n').map((line) => JSON.parse(line))]).toEqual([0, [{ warning: expect.stringMatching(/^This machine is not a payer’s terminal: profile \S+ is for the role pos\.$/) }]]);
      await cli.close();
    });

    test('while the server is away codes are listed as this wallet knows them, and shown', async () => {
      const account = await payer();
      const { code_id: id } = await issued(account, '--limit', '5.00EUR');
      await site.server!.stop();
      try {
        const { code, stdout, stderr } = await purse.run(['code', 'list', '--json']);
        expect(code).toBe(0);
        expect(JSON.parse(stderr)).toEqual({ warning: expect.stringMatching(/cannot be reached \(ECONNREFUSED\)\.$/) });
        expect(JSON.parse(stdout)).toMatchObject({ corrected: false, codes: expect.arrayContaining([expect.objectContaining({ code_id: id, uses_left: 1 })]) });
        expect((await purse.run(['code', 'list'])).stdout).toContain('the server did not say of all what was paid');
        expect(await purse.json(['code', 'show', id as string])).toMatchObject({ counter: 1, uses_left: 0 });
        const takeBack = ['code', 'take-back', id as string, '1'];
        expect(await refusal(takeBack)).toMatchObject({ code: 'missing_input', exit: 2, message: expect.stringMatching(/^Nobody can say whether showing 1 was paid: .* cannot be reached/) });
        expect(await purse.json([...takeBack, '--yes'])).toMatchObject({ uses_left: 1 });
        expect(await refusal(issue(account, '--limit', '1.00EUR'))).toMatchObject({ code: 'remote_unreachable', exit: 6, message: expect.stringMatching(/No code was issued\.$/) });
        expect(await refusal(['code', 'revoke', id as string])).toMatchObject({ code: 'remote_unreachable', exit: 6, message: expect.stringMatching(/The code may be good as before\.$/) });
      } finally {
        await site.server!.startAgain();
      }
    });
  }
});

/** Has a program see a clock that is so far off. */
function clockAhead(ms: number): string {
  const shifted = `const D=Date;globalThis.Date=class extends D{constructor(...a){if(a.length)super(...a);else super(D.now()+${ms})}static now(){return D.now()+${ms}}}`;
  return `--import=data:text/javascript,${encodeURIComponent(shifted)}`;
}

/** A connection over which answers are lost while somebody says so. */
class LossyLine implements AsyncDisposable {
  readonly port: number;
  lost = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  static async to(port: number, isLossy: () => boolean): Promise<LossyLine> {
    let line: LossyLine | undefined;
    const server = createServer((client) => {
      const there = connect(port, '127.0.0.1');
      const end = () => {
        client.destroy();
        there.destroy();
      };
      client.on('error', end).on('close', end).on('data', (data) => there.write(data));
      there.on('error', end).on('close', end).on('data', (data) => {
        if (isLossy()) {
          line!.lost += 1;
          end();
        } else {
          client.write(data);
        }
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return (line = new LossyLine(server));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    await once(this.#server, 'close');
  }
}

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
