import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '../../src/domain/account.ts';
import { CommandLine, jsonWith } from '../cli/command-line.ts';
import { Counter, newUid, shopPassword } from '../cli/counter.ts';
import { identityCode, type Purse } from '../cli/purse.ts';
import { Site, ways } from '../cli/site.ts';
import { requires } from '../requirements.ts';
import { VirtualReaders } from './virtual-readers.ts';

requires('pcscd', 'vsmartcard-vpcd', 'iproute2')('register and wallet as programs, at a reader', () => {
  describe.each(ways)('%s', (way) => {
    let site: Site;
    let purse: Purse;
    let counter: Counter;
    let account: Account;
    let readers: VirtualReaders;
    beforeAll(async () => {
      readers = await VirtualReaders.start();
      site = await Site.make(way);
      purse = await site.purse();
      counter = await Counter.make(site, { here: true });
      account = await (await site.till()).account('50.00EUR');
      await purse.bind(account);
    });
    afterAll(async () => {
      await counter.close();
      await site.close();
      await readers[Symbol.asyncDispose]();
    });

    const start = (cli: CommandLine, ...args: string[]) => cli.start([...args, '--json'], { env: readers.env });
    const tap = (...args: string[]) =>
      purse.json(['wallet', 'tap', '--reader', `vpcd:${readers.address}`, '--account', account.id, '--identity-code-file', '-', '--yes', ...args], identityCode);
    const balance = async () => ((await site.json('account', 'show', account.id)) as { balance: string }).balance;

    test('a wallet pays at a reader of the charge’s own and has the password in the same tap', async () => {
      const charging = start(counter.cli, 'pos', 'charge', '--amount', '2.00EUR', '--tap', '--reader', 'Virtual PCD');
      const paid = await tap();
      expect(paid).toMatchObject({ payment: { state: 'paid' }, credential: { ssid: 'cafe-guests', password: shopPassword }, ends_at: expect.any(String) });
      const { code, stdout, stderr } = await charging.ended;
      expect([code, stderr]).toEqual([0, '']);
      const receipt = JSON.parse(stdout) as Record<string, any>;
      expect(receipt).toMatchObject({ delivered: true, sale: { payment_id: paid['payment'].payment_id } });
      expect(receipt['credential']).toBeUndefined();
      expect(await balance()).toBe('4800');
      await readers.removeAll();
      const tapping = start(counter.cli, 'pos', 'tap', '--reader', 'Virtual PCD');
      expect(await tap('--access')).toMatchObject({ credential: { password: shopPassword } });
      expect(JSON.parse((await tapping.ended).stdout)).toMatchObject({ delivered: true, grant: { subject: { kind: 'terminal' } } });
      await readers.removeAll();
    });

    test('a wallet whose security check terminates tells the reader so, and its user which check; the next card pays', async () => {
      const application = (name: string, kind: string, guard: string, parameters: object[]) => purse.cli.file(`${name}.json`, JSON.stringify({ name, version: 1, kind, guards: [guard], parameters }));
      await purse.cli.json(['card', 'app', 'add', application('frugal', 'payment', 'charge', [{ id: 'small', type: 'largest_amount', at_most: '1.50EUR', reason: 'Only small ones.' }])]);
      const failed = async (...args: string[]) => {
        const { code, stderr } = await purse.run(['wallet', 'tap', '--reader', `vpcd:${readers.address}`, '--account', account.id, '--identity-code-file', '-', '--yes', '--json', ...args], identityCode);
        return [code, JSON.parse(stderr)] as const;
      };
      const charging = start(counter.cli, 'pos', 'charge', '--amount', '2.00EUR', '--tap', '--reader', 'Virtual PCD');
      expect(await failed()).toEqual([4, expect.objectContaining({ code: 'service_terminated', message: expect.stringMatching(/: small \(frugal\): amount 2\.00EUR, limit 1\.50EUR – Only small ones\.$/) })]);
      await readers.removeAll();
      await purse.cli.json(['card', 'app', 'remove', 'frugal', '--yes']);
      expect(await tap()).toMatchObject({ payment: { state: 'paid' } });
      const { code, stderr } = await charging.ended;
      expect([code, JSON.parse(stderr)]).toEqual([0, { warning: expect.stringMatching(/^The card’s own security check terminated the service\. /) }]);
      await readers.removeAll();

      await purse.cli.json(['card', 'app', 'add', application('closed', 'door', 'access', [{ id: 'never', type: 'count', per: 'day', at_most: 0 }]), '--yes']);
      const tapping = start(counter.cli, 'pos', 'tap', '--reader', 'Virtual PCD');
      expect(await failed('--access')).toEqual([4, expect.objectContaining({ code: 'service_terminated' })]);
      const refused = await tapping.ended;
      expect([refused.code, JSON.parse(refused.stderr)]).toEqual([4, expect.objectContaining({ code: 'service_terminated' })]);
      await readers.removeAll();
      // What is paid is paid, and said.
      const again = start(counter.cli, 'pos', 'charge', '--amount', '1.00EUR', '--tap', '--reader', 'Virtual PCD');
      const paid = await purse.run(['wallet', 'tap', '--reader', `vpcd:${readers.address}`, '--account', account.id, '--identity-code-file', '-', '--yes', '--json'], identityCode);
      expect([paid.code, JSON.parse(paid.stdout), JSON.parse(paid.stderr)]).toEqual([0, expect.objectContaining({ payment: expect.objectContaining({ state: 'paid' }) }), { warning: expect.stringMatching(/^It is paid, but there is no Wi-Fi password\./) }]);
      expect((await again.ended).code).toBe(0);
      await readers.removeAll();
      await purse.cli.json(['card', 'app', 'remove', 'closed', '--yes']);
      const { items } = await site.json<{ items: { detail: object }[] }>('audit', 'list', '--action', 'service.terminated');
      expect(items.map(({ detail }) => detail)).toEqual(expect.arrayContaining([expect.objectContaining({ application: 'frugal', failed: 'small', reason: 'Only small ones.' }), expect.objectContaining({ application: 'closed', kind: 'door', failed: 'never' })]));
    });

    test('a card that is at the reader before the charge pays it', async () => {
      const number = newUid();
      await purse.json(['account', 'mandate', 'set', '--account', account.id, '--uid', number]);
      readers.hold({ transmit: async () => Uint8Array.of(0x6a, 0x82) }, { uid: Buffer.from(number, 'hex') });
      const { code, stdout } = await start(counter.cli, 'pos', 'charge', '--amount', '1.00EUR', '--tap', '--mandate-ok', '--reader', 'Virtual PCD', '--timeout', '20s').ended;
      expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ sale: expect.objectContaining({ tender: 'mandate' }) })]);
      await readers.removeAll();
    });

    test('the agent serves wallets and cards as they come, and what they say is on its lines', async () => {
      const serving = start(counter.cli, 'pos', 'serve', '--listen', '127.0.0.1:0', '--reader', 'Virtual PCD');
      await serving.line(jsonWith('event', 'listening'));
      const charging = start(counter.cli, 'pos', 'charge', '--amount', '1.00EUR', '--tap');
      await serving.line(jsonWith('event', 'opened'));
      readers.hold({ transmit: async () => Uint8Array.of(0x6a, 0x82) }, { uid: Buffer.from(newUid(), 'hex') });
      expect(await serving.line(jsonWith('event', 'refused'))).toMatchObject({ by: 'card', error_code: 'mandate_not_taken' });
      await readers.removeAll();
      expect(await tap()).toMatchObject({ payment: { state: 'paid' }, credential: { password: shopPassword } });
      const { code, stderr } = await charging.ended;
      expect([code, JSON.parse(stderr)]).toEqual([0, { warning: expect.stringMatching(/^There is no wallet on this card, and this charge takes no mandate\. ./) }]);
      await readers.removeAll();
      const number = newUid();
      await counter.sold('1.00EUR', number);
      readers.hold({ transmit: async () => Uint8Array.of(0x6a, 0x82) }, { uid: Buffer.from(number, 'hex') });
      expect(await serving.line((line) => (line.includes('"credential"') ? (JSON.parse(line) as object) : undefined))).toMatchObject({ event: 'served', by: 'card', credential: { password: shopPassword } });
      await readers.removeAll();
      readers.hold({ transmit: async () => Uint8Array.of(0x6a, 0x82) }, { uid: Buffer.from('08d41f77', 'hex') });
      expect(await serving.line((line) => (line.includes('random_identifier') ? (JSON.parse(line) as object) : undefined))).toMatchObject({ event: 'refused' });
      await readers.removeAll();
      serving.kill('SIGTERM');
      expect((await serving.ended).code).toBe(0);
    });
  });

  test('without a reader the charge says so at once, and the agent goes on', async () => {
    const readers = await VirtualReaders.start();
    const { env } = readers;
    await readers[Symbol.asyncDispose]();
    await using stack = new AsyncDisposableStack();
    const site = await Site.make('embedded');
    stack.defer(() => site.close());
    const counter = await site.counter();
    const { code, stderr } = await counter.cli.run(['pos', 'tap', '--json'], { env });
    expect([code, JSON.parse(stderr)]).toEqual([6, expect.objectContaining({ code: 'reader_unavailable' })]);
    const serving = counter.cli.start(['pos', 'serve', '--listen', '127.0.0.1:0', '--json'], { env });
    expect(await serving.line(jsonWith('event', 'reader'))).toMatchObject({ reachable: false, error_code: 'reader_unavailable' });
    const { url } = (await serving.line(jsonWith('event', 'listening'))) as { url: string };
    expect((await fetch(new URL('/v1/charge', url))).status).toBe(200);
    serving.kill('SIGTERM');
    expect((await serving.ended).code).toBe(0);
  });
});
