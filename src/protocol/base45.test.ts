import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LatchkeyError } from '../domain/errors.ts';
import { base45, parseBase45 } from './base45.ts';

const refuse = (detail: string) => new LatchkeyError('invalid_input', detail);
const parsed = (text: string) => Buffer.from(parseBase45(text, 0, refuse)).toString();

test.each([
  ['AB', 'BB8'],
  ['Hello!!', '%69 VD92EX0'],
  ['base-45', 'UJCLQE7W581'],
  ['ietf!', 'QED8WEX0'],
  ['', ''],
])('%o is %o, as in RFC 9285, 4.3 and 4.4', (plain, text) => {
  expect(base45(Buffer.from(plain))).toBe(text);
  expect(parsed(text)).toBe(plain);
});

test.each([
  ['GGW', 'the base45 at character 0 stands for no two bytes'],
  ['BB8:::', 'the base45 at character 3 stands for no two bytes'],
  ['BB8V5', 'the base45 at character 3 stands for no byte'],
  ['BB8B', 'its base45 is cut off'],
  ['bb8', 'character 0 is none of base45'],
  ['BB8Bé', 'character 4 is none of base45'],
  ['BB\n', 'character 2 is none of base45'],
  ['B😀', 'character 1 is none of base45'],
])('%o is refused: %s', (text, reason) => {
  expect(() => parsed(text)).toThrow(new LatchkeyError('invalid_input', reason));
});

test('65535 is the most that three characters stand for', () => {
  expect(base45(Buffer.from([255, 255]))).toBe('FGW');
});

test('whatever is written is read again, from its place on', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    const text = base45(bytes);
    expect(text).toMatch(/^[0-9A-Z $%*+./:-]*$/);
    expect(Uint8Array.from(parseBase45(`LK1:${text}`, 4, refuse))).toEqual(bytes);
  }));
});

test('whatever is read is what would be written', () => {
  const letters = fc.constantFrom(...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:');
  fc.assert(fc.property(fc.string({ unit: letters, maxLength: 30 }), (text) => {
    try {
      expect(base45(parseBase45(text, 0, refuse))).toBe(text);
    } catch (error) {
      if (!(error instanceof LatchkeyError)) throw error;
      expect(error.message).toMatch(/cut off|stands for no/);
    }
  }));
});
