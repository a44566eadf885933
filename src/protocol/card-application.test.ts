import { beforeEach, describe, expect, test } from 'vitest';
import { LatchkeyError } from '../domain/errors.ts';
import { encodeCommand } from './apdu.ts';
import { CardApplication, walletAid, type WalletHandler } from './card-application.ts';
import { authoriseRequest, deliveredCredential, networkRequest, type AccessClaim, type DeliveredCredential, type PaymentInfo, type PaymentOutcome } from './card-messages.ts';
import { authorise, deliver, deliverResult, readPaymentInfo, requestAccess, selectWallet } from './card-reading.ts';
import type { Card } from './card.ts';
import { encodeCbor } from './cbor.ts';

const request = { payeeId: 'pos_1', amount: { minor: 1250n, currency: 'EUR' }, idempotencyKey: 'key-1', memo: 'Two coffees' };
const credential: DeliveredCredential = { ssid: 'Café', password: 'a;b\\c:d"e', security: 'wpa2-psk', endsAt: new Date('2026-11-30T18:00:00.000Z') };
const claim: AccessClaim = { kind: 'terminal', token: { accountId: 'acc_1', terminalId: 'trm_1', codeNumber: 8, at: new Date('2026-11-30T16:00:00.000Z'), mac: new Uint8Array(32).fill(3) } };
const network = { network: 'Café', apId: 'ap_1' };
const info: PaymentInfo = { accountId: 'acc_1', terminalId: 'trm_1', currencies: ['EUR'], algorithm: 'hmac-sha256' };

let heard: unknown[];
let failures: unknown[];
beforeEach(() => {
  [heard, failures] = [[], []];
});

function wallet(changes: { readonly pay?: Partial<WalletHandler['pay']>; readonly access?: Partial<WalletHandler['access']> } = {}): CardApplication {
  const hear = async <T>(value: unknown, answer: T) => {
    heard.push(value);
    return answer;
  };
  return new CardApplication({
    pay: {
      paymentInfo: () => hear('info', info),
      authorise: (given) => hear(given, { password: 'x'.repeat(43), codeNumber: 7 }),
      result: (given) => hear(given, undefined),
      ...changes.pay,
    },
    access: { request: (given) => hear(given, claim), deliver: (given) => hear(given, undefined), ...changes.access },
    failed: (error) => failures.push(error),
  });
}

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const hex = (given: Uint8Array) => Buffer.from(given).toString('hex');
const select = encodeCommand({ cla: 0, ins: 0xa4, p1: 4, p2: 0, data: walletAid, le: 256 });

/** Status words of commands, one after the other. */
async function statuses(card: Card, ...commands: readonly (string | Uint8Array)[]): Promise<string[]> {
  const words: string[] = [];
  for (const command of commands) {
    words.push(hex(await card.transmit(typeof command === 'string' ? bytes(command) : command)).slice(-4));
  }
  return words;
}

describe('wallet and cash register', () => {
  test('pay, and hand over the Wi-Fi in the same tap', async () => {
    const card = wallet();
    expect(await selectWallet(card)).toEqual({ version: 1, capabilities: ['pay', 'access'] });
    expect(await readPaymentInfo(card)).toEqual(info);
    expect(await authorise(card, request)).toEqual({ password: 'x'.repeat(43), codeNumber: 7 });
    const outcome: PaymentOutcome = {
      idempotencyKey: 'key-1',
      status: 'paid',
      paymentId: 'pay_1',
      payeeName: 'Café',
      at: new Date('2026-11-30T16:00:00.000Z'),
      renewal: { rotation: new Uint8Array(32).fill(5) },
    };
    await deliverResult(card, outcome);
    expect(await requestAccess(card, network)).toEqual(claim);
    await deliver(card, credential);
    expect(heard).toEqual(['info', request, outcome, network, credential]);
    expect(failures).toEqual([]);
  });

  test('a result comes in a later tap as well', async () => {
    const card = wallet();
    await selectWallet(card);
    card.reset();
    await selectWallet(card);
    await deliverResult(card, { idempotencyKey: 'key-1', status: 'refused', reason: 'insufficient_funds' });
    expect(heard).toEqual([{ idempotencyKey: 'key-1', status: 'refused', reason: 'insufficient_funds' }]);
  });

  test('each kind of outcome and of claim arrives as it was', async () => {
    const at = new Date('2026-11-30T16:00:00.000Z');
    const accepted = { idempotencyKey: 'k', paymentId: 'pay_1', payeeName: 'Café', at };
    const outcomes: readonly PaymentOutcome[] = [
      { ...accepted, status: 'held', expiresAt: new Date('2026-12-01T16:00:00.000Z'), renewal: { nextCode: new Uint8Array(32) } },
      { ...accepted, status: 'paid' },
      { idempotencyKey: 'k', status: 'refused', reason: 'password_wrong' },
    ];
    const phone: AccessClaim = { kind: 'phone', token: 'abc_1' };
    const card = wallet({ access: { request: async () => phone } });
    await selectWallet(card);
    for (const outcome of outcomes) {
      await deliverResult(card, outcome);
    }
    expect(heard).toEqual(outcomes);
    expect(await requestAccess(card, network)).toEqual(phone);
  });

  test('what the wallet refuses is refused', async () => {
    const card = wallet({ pay: { authorise: () => Promise.reject(new LatchkeyError('card_refused')) } });
    await selectWallet(card);
    await expect(authorise(card, request)).rejects.toMatchObject({ code: 'card_refused' });
    expect(failures).toEqual([]);
  });

  test('what goes wrong inside the wallet is told to it and not to the reader', async () => {
    const card = wallet({ pay: { paymentInfo: () => Promise.reject(new Error('secret')) } });
    await selectWallet(card);
    await expect(readPaymentInfo(card)).rejects.toMatchObject({ code: 'card_answer_malformed', message: expect.not.stringContaining('secret') });
    expect(failures).toEqual([new Error('secret')]);
  });

  test('a wallet says what it has', async () => {
    const card = new CardApplication({ failed: () => {} });
    expect(await selectWallet(card)).toEqual({ version: 1, capabilities: [] });
    await expect(readPaymentInfo(card)).rejects.toMatchObject({ code: 'card_answer_malformed', message: expect.stringContaining('6D00') });
  });
});

describe('commands', () => {
  const body = authoriseRequest.encode({ ...request, memo: 'm'.repeat(64), payeeId: 'p'.repeat(64), idempotencyKey: 'k'.repeat(30) });

  test('SELECT gives what the specification says', async () => {
    const card = wallet();
    expect(hex(await card.transmit(select))).toBe(hex(encodeCbor(new Map<string, number | string[]>([['version', 1], ['capabilities', ['pay', 'access']]]))) + '9000');
  });

  test('nothing is answered before SELECT, nor after a reset', async () => {
    const card = wallet();
    expect(await statuses(card, '8010000000', '00c0000000', select, '8010000000')).toEqual(['6985', '6985', '9000', '9000']);
    card.reset();
    expect(await statuses(card, '8010000000')).toEqual(['6985']);
  });

  test('a wrong class, instruction, parameter, length or body has its own word', async () => {
    const card = wallet();
    await card.transmit(select);
    expect(
      await statuses(card, '0010000000', 'ff10000000', 'ffca000000', '8011000000', '8010010000', '8010000100', '801000', '80100000020100', '8010000001aa00', '8020000000', '8020000001a000', '802000000301020300'),
    ).toEqual(['6d00', '6e00', '6e00', '6d00', '6a86', '6a86', '6700', '6700', '6700', '6700', '6a80', '6a80']);
    expect(heard).toEqual([]);
  });

  test('another application is not there, and ours stays selected', async () => {
    const card = wallet();
    const other = '00a4040007d276000085010100';
    const prefix = '00a4040005f04c4b455900';
    expect(await statuses(card, other, select, other, prefix, '00a4000002e10300', '8010000000')).toEqual(['6a82', '9000', '6a82', '6a82', '6a86', '9000']);
  });

  test('a request with a member that is not known is refused', async () => {
    const card = wallet();
    await card.transmit(select);
    const unknown = encodeCbor(new Map([['network', 'Home'], ['ap_id', 'ap_1'], ['x', 'y']]));
    expect(await statuses(card, encodeCommand({ cla: 0x80, ins: 0x30, p1: 0, p2: 0, data: unknown, le: 256 }))).toEqual(['6a80']);
  });

  test('a credential is delivered once for each request, in the same selection', async () => {
    const card = wallet();
    const ask = encodeCommand({ cla: 0x80, ins: 0x30, p1: 0, p2: 0, data: networkRequest.encode(network), le: 256 });
    const give = encodeCommand({ cla: 0x80, ins: 0x32, p1: 0, p2: 0, data: deliveredCredential.encode(credential), le: 256 });
    expect(await statuses(card, select, give, ask, give, give, ask, select, give)).toEqual(['9000', '6985', '9000', '9000', '6985', '9000', '9000', '6985']);
  });

  test('an answer comes by as many bytes as are asked for', async () => {
    const card = wallet();
    const whole = hex(await card.transmit(select)).slice(0, -4);
    const [first, second, rest] = [await card.transmit(Buffer.concat([select.subarray(0, -1), Buffer.of(4)])), await card.transmit(bytes('00c0000003')), await card.transmit(bytes('00c0000000'))];
    expect(hex(first).slice(-4)).toBe(`61${(whole.length / 2 - 4).toString(16).padStart(2, '0')}`);
    expect([first, second, rest].map((part) => hex(part).slice(0, -4)).join('')).toBe(whole);
    expect(hex(await card.transmit(select.subarray(0, -1)))).toMatch(/^61/);
    expect(await statuses(card, '8011000000', '00c0000000', '00c00000', '00c0010000')).toEqual(['6d00', '6985', '6700', '6a86']);
  });

  test('a chain is one command, ended by any other', async () => {
    const card = wallet();
    const part = (chained: boolean, data: Uint8Array, ins = 0x20) => encodeCommand({ cla: chained ? 0x90 : 0x80, ins, p1: 0, p2: 0, data, le: chained ? undefined : 256 });
    expect(await statuses(card, select, part(true, body.subarray(0, 100)), part(true, body.subarray(100, 200)), part(false, body.subarray(200)))).toEqual(['9000', '9000', '9000', '9000']);
    expect(heard).toHaveLength(1);
    expect(await statuses(card, part(true, body.subarray(0, 100)), part(false, body, 0x30), part(false, body))).toEqual(['9000', '6883', '9000']);
    expect(await statuses(card, part(true, body.subarray(0, 100)), '00c0000000', part(false, body))).toEqual(['9000', '6883', '9000']);
    expect(await statuses(card, part(true, body.subarray(0, 100)), select, part(false, body.subarray(100)), '9010000000')).toEqual(['9000', '9000', '6a80', '6700']);
  });

  test('a chain of more than 4 KiB is refused, and forgotten', async () => {
    const card = wallet();
    const part = encodeCommand({ cla: 0x90, ins: 0x20, p1: 0, p2: 0, data: new Uint8Array(255), le: undefined });
    const words = await statuses(card, select, ...Array.from({ length: 17 }, () => part));
    expect(words.slice(0, 17)).toEqual(Array.from({ length: 17 }, () => '9000'));
    expect(words.at(-1)).toBe('6a84');
    expect(await statuses(card, encodeCommand({ cla: 0x80, ins: 0x20, p1: 0, p2: 0, data: body, le: 256 }))).toEqual(['9000']);
  });

  test('a command that was under way when the card was taken away has no part in the next tap', async () => {
    const asked = Promise.withResolvers<AccessClaim>();
    const card = wallet({ access: { request: () => asked.promise } });
    await selectWallet(card);
    const asking = requestAccess(card, network);
    card.reset();
    await selectWallet(card);
    asked.resolve(claim);
    await asking;
    await expect(deliver(card, credential)).rejects.toMatchObject({ code: 'card_refused' });
  });
});
