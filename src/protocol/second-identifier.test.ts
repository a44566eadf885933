import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { secondIdentifier } from './second-identifier.ts';

type Vector = Readonly<Record<'server_key' | 'first' | 'account_id' | 'bssid' | 'challenge_id' | 'second', string>>;

const file = new URL('../../test/vectors/second-identifier.json', import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vector[] };

const of = { accountId: 'acc_1', bssid: '02:00:00:00:01:00', challengeId: 'chl_1' };
const key = Buffer.alloc(32, 7);

function second(first: Uint8Array): Buffer {
  return Buffer.from(secondIdentifier(key, first, of));
}

test.each(vectors)('the name for $first is $second', (vector) => {
  const made = secondIdentifier(Buffer.from(vector.server_key, 'base64url'), Buffer.from(vector.first), {
    accountId: vector.account_id,
    bssid: vector.bssid.match(/../g)!.join(':'),
    challengeId: vector.challenge_id,
  });
  expect(Buffer.from(made).toString()).toBe(vector.second);
});

describe('whatever the first identifier is', () => {
  const characters = ['a', 'é', '日', '😀'];
  const names = [
    ...Array.from({ length: 400 }, (_, index) => randomBytes(1 + (index % 32))),
    ...Array.from({ length: 400 }, (_, index) => {
      let name = Buffer.alloc(0);
      while (true) {
        const next = Buffer.concat([name, Buffer.from(characters[randomBytes(1)[0]! % 4]!)]);
        if (next.length > 1 + (index % 32)) break;
        name = next;
      }
      return name.length === 0 ? Buffer.from('a') : name;
    }),
  ];
  const withNoMap = names.filter(({ length }) => length <= 26).map((name) => Buffer.concat([name, Buffer.from('_nomap')]));

  test('the second has at most 32 bytes, begins with it, and ends with the code', () => {
    for (const name of names) {
      const made = second(name);
      expect(made.length).toBeLessThanOrEqual(32);
      expect(made.subarray(-11).toString()).toMatch(/^-[a-z2-7]{10}$/);
      const stem = made.subarray(0, -11);
      expect(name.subarray(0, stem.length)).toEqual(stem);
    }
  });

  test('it is UTF-8 if the first is, cut by less than a character', () => {
    for (const name of names) {
      const isUtf8 = Buffer.from(name.toString()).equals(name);
      const made = second(name);
      const stem = made.subarray(0, -11);
      const least = Math.min(name.length, isUtf8 ? 18 : 21);
      expect(stem.length).toBeGreaterThanOrEqual(least);
      if (isUtf8) {
        expect(Buffer.from(made.toString())).toEqual(made);
      } else {
        expect(stem.length).toBe(least);
      }
    }
  });

  test('a _nomap stays at the end, behind at most 15 bytes', () => {
    for (const name of withNoMap) {
      const made = second(name);
      expect(made.length).toBeLessThanOrEqual(32);
      expect(made.subarray(-17).toString()).toMatch(/^-[a-z2-7]{10}_nomap$/);
      expect(name.subarray(0, made.length - 17)).toEqual(made.subarray(0, -17));
    }
    expect(second(Buffer.from('_nomap')).toString()).toMatch(/^-[a-z2-7]{10}_nomap$/);
    expect(second(Buffer.from('x_nomap2')).toString()).toMatch(/^x_nomap2-[a-z2-7]{10}$/);
  });

  test('accounts, radios, challenges and keys all have names of their own', () => {
    const first = Buffer.from('CoffeeHouse');
    const made = [
      secondIdentifier(key, first, of),
      secondIdentifier(Buffer.alloc(32, 8), first, of),
      secondIdentifier(key, first, { ...of, accountId: 'acc_2' }),
      secondIdentifier(key, first, { ...of, bssid: '02:00:00:00:01:01' }),
      secondIdentifier(key, first, { ...of, challengeId: 'chl_2' }),
    ].map((name) => Buffer.from(name).toString());
    expect(new Set(made).size).toBe(5);
  });
});
