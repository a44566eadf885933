import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { authorise, deliverResult, readPaymentInfo, requestAccess, selectWallet } from './card-reading.ts';
import { exchange, type Card } from './card.ts';
import { encodeCbor, type CborValue } from './cbor.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const hex = (given: Uint8Array) => Buffer.from(given).toString('hex');

/** A card that gives these answers in turn, and keeps what it was sent. */
function answering(...answers: readonly (string | Uint8Array)[]): Card & { readonly sent: string[] } {
  const left = [...answers];
  const sent: string[] = [];
  return {
    sent,
    transmit: async (apdu) => {
      sent.push(hex(apdu));
      const answer = left.shift() ?? '6f00';
      return typeof answer === 'string' ? bytes(answer) : answer;
    },
  };
}

const body = (members: Readonly<Record<string, CborValue>>) => Buffer.concat([encodeCbor(new Map(Object.entries(members))), bytes('9000')]);
const malformed = { code: 'card_answer_malformed' };
const payment = { payeeId: 'pos_1', amount: { minor: 1250n, currency: 'EUR' }, idempotencyKey: 'key-1' };

describe('exchange', () => {
  test('sends more than 255 bytes in a chain, and fetches an answer in parts', async () => {
    const card = answering('9000', '9000', 'aa6102', 'bbcc9000');
    expect(await exchange(card, { cla: 0x80, ins: 0x20, data: new Uint8Array(600).fill(1) })).toEqual({ data: Buffer.from(bytes('aabbcc')), status: 0x9000 });
    expect(card.sent).toEqual([`90200000ff${'01'.repeat(255)}`, `90200000ff${'01'.repeat(255)}`, `802000005a${'01'.repeat(90)}00`, '00c0000002']);
  });

  test('255 bytes are one command', async () => {
    const card = answering('9000');
    await exchange(card, { cla: 0x80, ins: 0x20, data: new Uint8Array(255) });
    expect(card.sent).toHaveLength(1);
  });

  test('a chain ends where the card does not take more', async () => {
    const card = answering('9000', '6a84');
    expect(await exchange(card, { cla: 0x80, ins: 0x20, data: new Uint8Array(900) })).toMatchObject({ status: 0x6a84 });
    expect(card.sent).toHaveLength(2);
  });

  test('asks again for the length that the card wants', async () => {
    const card = answering('6c02', 'aabb9000');
    expect(await exchange(card, { cla: 0x80, ins: 0x10 })).toMatchObject({ status: 0x9000 });
    expect(card.sent).toEqual(['8010000000', '8010000002']);
  });

  test.each([
    ['no status', ['']],
    ['half a status', ['90']],
    ['more than a short answer', [new Uint8Array(300)]],
    ['an answer without an end', Array.from({ length: 40 }, () => Buffer.concat([new Uint8Array(256), bytes('6100')]))],
    ['a rest of nothing', ['6110', '6110']],
  ])('%s makes no sense', async (_, answers) => {
    await expect(exchange(answering(...answers), { cla: 0x80, ins: 0x10 })).rejects.toMatchObject(malformed);
  });
});

describe('a card', () => {
  test.each(['6a82', '6a86', '6d00', '6e00', '6700', '6a81', '6300'])('that answers %s to SELECT has no wallet', async (word) => {
    const card = answering(word);
    expect(await selectWallet(card)).toBeUndefined();
    expect(card.sent).toEqual(['00a4040006f04c4b45590100']);
  });

  test('may have more than we know', async () => {
    const card = answering(body({ version: 1, capabilities: ['pay', 'fly'], colour: 'red' }));
    expect(await selectWallet(card)).toEqual({ version: 1, capabilities: ['pay', 'fly'] });
  });

  test.each([
    ['nothing', '9000'],
    ['no map', '019000'],
    ['no version', body({ capabilities: [] })],
    ['a version that is none', body({ version: '1', capabilities: [] })],
    ['another version', body({ version: 2, capabilities: [] })],
    ['capabilities that are none', body({ version: 1, capabilities: [1] })],
    ['what is not deterministic', 'bf6776657273696f6e01ff9000'],
  ])('that answers %s is not understood', async (_, answer) => {
    await expect(selectWallet(answering(answer))).rejects.toMatchObject(malformed);
  });

  test.each([
    ['an account id that is none', { account_id: 'a b', terminal_id: 't', currencies: ['EUR'] }],
    ['no currency', { account_id: 'a', terminal_id: 't', currencies: [] }],
    ['a currency that is none', { account_id: 'a', terminal_id: 't', currencies: ['XXX'] }],
    ['an algorithm that is none', { account_id: 'a', terminal_id: 't', currencies: ['EUR'], algorithm: 'rot13' }],
    ['an account id that is bytes', { account_id: bytes('61'), terminal_id: 't', currencies: ['EUR'] }],
  ])('whose payment information has %s is not understood', async (_, members) => {
    await expect(readPaymentInfo(answering(body(members)))).rejects.toMatchObject(malformed);
  });

  test.each([
    ['a password with other characters', { password: 'a b', code_number: 1 }],
    ['no password', { password: '', code_number: 1 }],
    ['a code number below one', { password: 'a', code_number: 0 }],
    ['a code number beyond counting', { password: 'a', code_number: 2n ** 60n }],
  ])('that authorises with %s is not understood', async (_, members) => {
    await expect(authorise(answering(body(members)), payment)).rejects.toMatchObject(malformed);
  });

  test.each([
    ['nobody', {}],
    ['a phone without a token', { phone_token: '' }],
    ['a terminal that is a text', { terminal: 'trm_1' }],
    ['a terminal without its proof', { terminal: new Map([['account_id', 'a'], ['terminal_id', 't'], ['at', '2026-11-30T16:00:00Z']]) }],
  ])('that asks for access as %s is not understood', async (_, members) => {
    await expect(requestAccess(answering(body(members)), { network: 'Home', apId: 'ap_1' })).rejects.toMatchObject(malformed);
  });

  test.each([
    ['6985', 'card_refused'],
    ['6a80', 'card_answer_malformed'],
    ['6f00', 'card_answer_malformed'],
  ])('that answers %s: %s', async (word, code) => {
    await expect(authorise(answering(word), payment)).rejects.toMatchObject({ code });
    await expect(deliverResult(answering(word), { idempotencyKey: 'key-1', status: 'refused', reason: 'insufficient_funds' })).rejects.toMatchObject({ code });
  });

  test('may answer with any bytes', async () => {
    const answers = fc.array(fc.uint8Array({ maxLength: 20 }).map((data) => Buffer.concat([data, bytes('9000')])), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(answers, async (given) => {
        await expect(requestAccess(answering(...given), { network: 'Home', apId: 'ap_1' })).rejects.toMatchObject(malformed);
      }),
    );
  });
});
