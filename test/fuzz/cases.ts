import { Buffer } from 'node:buffer';
import { hash, sign } from 'node:crypto';
import { base45, parseBase45 } from '../../src/protocol/base45.ts';
import { newEd25519 } from '../../src/protocol/ed25519.ts';
import { keyIdOf } from '../../src/protocol/credit-code.ts';
import { LatchkeyError } from '../../src/domain/errors.ts';
import { blob, encoded, list, map, mutated, nil, whole, words, type Item } from './item.ts';
import type { Random } from './random.ts';

/** Keys of the vectors, so that those are accepted, too. */
export const server = newEd25519(Buffer.alloc(32, 1));
export const holder = newEd25519(Buffer.alloc(32, 3));
export const register = newEd25519(Buffer.alloc(32, 5));
const kid = Buffer.from(keyIdOf(server.publicKey), 'base64url');

/** What is shown or handed over, as text: well made, then changed somewhere; now and then not at all. */
export function newCase(random: Random, known: readonly string[]): string {
  switch (random.below(4)) {
    case 0:
      return changedText(random.pick(known), random);
    case 1:
      return changedBytes(random.pick(known), random);
    case 2:
      return `LKR1:${base45(encoded(random.oneIn(6) ? receipt(random, 0) : receipt(random, 1 + random.below(2))))}`;
    default:
      return `LK1:${base45(encoded(random.oneIn(6) ? code(random, 0) : code(random, 1 + random.below(2))))}`;
  }
}

function account(random: Random): Item {
  return random.oneIn(4) ? words(random.pick(['codes_EUR', 'acc_short', `acc_${'A'.repeat(21)}B`, 'x'.repeat(64)])) : blob(Buffer.alloc(16, random.below(256)));
}

function amount(random: Random): number {
  return random.pick([1, 23, 24, 255, 256, 500, 65_536, 2 ** 32, 999_999_999_999]);
}

function code(random: Random, changes: number): Item {
  const total = amount(random);
  const parts = changed(
    {
      claims: map(
        whole(1), words('kXWqv0pOc3o'),
        whole(4), whole(1_796_198_400 + random.below(100)),
        whole(6), whole(1_796_112_000),
        whole(7), blob(random.bytes(16)),
        whole(8), map(whole(1), map(whole(1), whole(1), whole(-1), whole(6), whole(-2), blob(holder.publicKey))),
        whole(-65_537), list(words(random.pick(['EUR', 'JPY'])), whole(1 + random.below(Math.min(total, 500))), whole(total), whole(1 + random.below(20)), ...(random.oneIn(3) ? [] : [list(...Array.from({ length: 1 + random.below(3) }, () => account(random)))])),
      ),
      tokenHeader: map(whole(1), whole(-8), whole(4), blob(kid)),
      tokenRest: map(),
      shown: list(whole(1 + random.below(300)), whole(1_796_115_600), random.oneIn(2) ? nil : whole(amount(random)), random.oneIn(2) ? nil : account(random)),
      proofHeader: map(whole(1), whole(-8)),
      proofRest: map(),
    },
    changes,
    random,
  );
  const token = { major: 6, argument: 18n, items: [sign1(parts.claims, parts.tokenHeader, parts.tokenRest, server, Buffer.alloc(0))] };
  const signedToken = encoded(token);
  const proof = sign1(parts.shown, parts.proofHeader, parts.proofRest, holder, hash('sha256', signedToken, 'buffer'));
  const both = list(token, proof);
  return changes > 0 && random.oneIn(4) ? mutated(both, random) : both;
}

function receipt(random: Random, changes: number): Item {
  const parts = changed(
    {
      content: map(
        whole(1), words('reg_1'), whole(2), account(random), whole(3), blob(random.bytes(16)), whole(4), whole(1 + random.below(300)), whole(5), whole(amount(random)),
        whole(6), words(random.pick(['EUR', 'JPY'])), whole(7), whole(1_796_115_605), whole(8), whole(1_796_112_000), whole(9), blob(random.bytes(32)),
      ),
      header: map(whole(1), whole(-8)),
      rest: map(),
    },
    changes,
    random,
  );
  const signed = { major: 6, argument: 18n, items: [sign1(parts.content, parts.header, parts.rest, register, Buffer.alloc(0))] };
  return changes > 0 && random.oneIn(6) ? mutated(signed, random) : signed;
}

/** Some of the parts changed: what is signed is signed rightly all the same, so that what it says is looked at. */
function changed<K extends string>(parts: Readonly<Record<K, Item>>, changes: number, random: Random): Readonly<Record<K, Item>> {
  const names = Object.keys(parts) as K[];
  const result: Record<K, Item> = { ...parts };
  for (let left = changes; left > 0; left -= 1) {
    // What is said, more often than what is around it.
    const name = random.oneIn(3) ? random.pick(names) : random.pick(names.filter((one) => ['claims', 'shown', 'content'].includes(one)));
    result[name] = mutated(result[name], random);
  }
  return result;
}

function sign1(payload: Item, header: Item, rest: Item, { privateKey }: typeof server, externalAad: Uint8Array): Item {
  const protectedHeader = encoded(header);
  const said = encoded(payload);
  const signature = sign(null, encoded(list(words('Signature1'), blob(protectedHeader), blob(externalAad), blob(said))), privateKey);
  return list(blob(protectedHeader), rest, blob(said), blob(signature));
}

const letters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';

function changedText(text: string, random: Random): string {
  const at = random.below(text.length + 1);
  const letter = random.oneIn(3) ? random.pick(['a', '\n', 'é', '😀', '\0', '_', '~', '\u007f', '\u0080']) : random.pick([...letters]);
  switch (random.below(6)) {
    case 0:
      return text.slice(0, at) + letter + text.slice(at);
    case 1:
      return text.slice(0, at) + letter + text.slice(at + 1);
    case 2:
      return text.slice(0, at);
    case 3:
      return text.slice(0, at) + text.slice(at + 1 + random.below(6));
    case 4:
      return text + text.slice(at).repeat(1 + random.below(20));
    default:
      return text.slice(0, at) + text.slice(at).toLowerCase();
  }
}

function changedBytes(text: string, random: Random): string {
  const prefix = text.slice(0, text.indexOf(':') + 1);
  let bytes: Buffer;
  try {
    bytes = Buffer.from(parseBase45(text, prefix.length, (detail) => new LatchkeyError('invalid_input', detail)));
  } catch {
    return changedText(text, random);
  }
  const at = random.below(bytes.length + 1);
  const other = random.below(bytes.length + 1);
  switch (random.below(5)) {
    case 0:
      if (at < bytes.length) bytes[at]! ^= 1 << random.below(8);
      break;
    case 1:
      if (at < bytes.length) bytes[at] = random.pick([0x00, 0x18, 0x1b, 0x40, 0x5b, 0x5f, 0x80, 0x9b, 0x9f, 0xa0, 0xbf, 0xd2, 0xf6, 0xfb, 0xff]);
      break;
    case 2:
      bytes = Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(4)), bytes.subarray(at)]);
      break;
    case 3:
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(8))]);
      break;
    default:
      bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(other)]);
  }
  return prefix + base45(bytes);
}
