import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { CreditProof, CreditToken } from '../domain/credit-code.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { codeText, joinCode, keyIdOf, parseCodeText, readToken, signProof, signToken, splitCode, verifyProof, verifyToken } from './credit-code.ts';
import { ed25519Public, newEd25519 } from './ed25519.ts';

interface Vector {
  readonly what: string;
  readonly token: {
    readonly id: string; readonly issuer: string; readonly currency: string; readonly max_each: number; readonly max_total: number;
    readonly uses: number; readonly payees: readonly string[] | null; readonly issued_at: number; readonly expires_at: number; readonly holder_key: string;
  };
  readonly proof: { readonly counter: number; readonly at: number; readonly amount: number | null; readonly payee_id: string | null };
  readonly kid: string;
  readonly signing_seed: string;
  readonly holder_seed: string;
  readonly token_hex: string;
  readonly proof_hex: string;
  readonly text: string;
}

interface Vectors {
  readonly trusted: readonly { readonly public: string; readonly kid: string }[];
  readonly vectors: readonly Vector[];
  readonly refused: readonly { readonly what: string; readonly text: string; readonly error: string; readonly reason: string }[];
  readonly same_kid: { readonly keys: readonly string[]; readonly text: string };
}

const file = new URL('../../test/vectors/credit-code.json', import.meta.url);
const { trusted, vectors, refused, same_kid: sameKid } = JSON.parse(readFileSync(file, 'utf8')) as Vectors;

const keyOf = (text: string) => ed25519Public(Buffer.from(text, 'base64url'));
const keys = new Map(trusted.map(({ kid, public: key }) => [kid, [keyOf(key)]]));

function tokenOf({ token: given }: Vector): CreditToken {
  return {
    id: given.id, issuer: given.issuer, currency: given.currency, maxEach: BigInt(given.max_each), maxTotal: BigInt(given.max_total), uses: given.uses,
    payees: given.payees ?? undefined, issuedAt: new Date(given.issued_at * 1000), expiresAt: new Date(given.expires_at * 1000),
    holderKey: Uint8Array.from(Buffer.from(given.holder_key, 'base64url')),
  };
}

function proofOf({ proof: given }: Vector): CreditProof {
  return { counter: given.counter, at: new Date(given.at * 1000), amount: given.amount === null ? undefined : BigInt(given.amount), payeeId: given.payee_id ?? undefined };
}

/** From the text to what it says, as a cash register does it. */
function accepted(text: string, trust: ReadonlyMap<string, readonly ReturnType<typeof keyOf>[]> = keys): { token: CreditToken; proof: CreditProof } {
  const { signedToken, signedProof, keyId } = splitCode(parseCodeText(text));
  const token = verifyToken(signedToken, trust.get(keyId) ?? []);
  return { token, proof: verifyProof(signedProof, signedToken, token) };
}

function refusal(work: () => unknown): LatchkeyError {
  try {
    work();
  } catch (error) {
    if (error instanceof LatchkeyError) return error;
    throw error;
  }
  throw new Error('This was accepted.');
}

describe('what another implementation made', () => {
  test.each(vectors)('$what: is accepted and understood', (vector) => {
    expect(accepted(vector.text)).toEqual({ token: tokenOf(vector), proof: proofOf(vector) });
  });

  test.each(vectors)('$what: is what is made here', (vector) => {
    const server = newEd25519(Buffer.from(vector.signing_seed, 'base64url'));
    const signedToken = signToken(tokenOf(vector), server);
    expect(Buffer.from(signedToken).toString('hex')).toBe(vector.token_hex);
    const signedProof = signProof(proofOf(vector), signedToken, newEd25519(Buffer.from(vector.holder_seed, 'base64url')).privateKey);
    expect(Buffer.from(signedProof).toString('hex')).toBe(vector.proof_hex);
    expect(codeText(joinCode(signedToken, signedProof))).toBe(vector.text);
    expect(keyIdOf(server.publicKey)).toBe(vector.kid);
  });
});

describe('refused', () => {
  test.each(refused)('$what', ({ text, error, reason }) => {
    const { code, message } = refusal(() => accepted(text));
    expect({ code, message }).toEqual({ code: error, message: code === 'code_malformed' ? `This is no credit payment code of ours: ${reason}.` : reason });
  });

  test('for reasons of which nearly each is its own', () => {
    const malformed = refused.filter(({ error }) => error === 'code_malformed').map(({ reason }) => reason);
    const twice = malformed.filter((reason, index) => malformed.indexOf(reason) !== index);
    // The same fault in two forms.
    expect(twice).toEqual(['the token is a list and not a tag', 'the keys of what the token says are not in order', 'the issuer is not UTF-8']);
  });
});

describe('two keys of one id', () => {
  const [first, second] = sameKid.keys.map(keyOf) as [ReturnType<typeof keyOf>, ReturnType<typeof keyOf>];
  const kid = trusted[0]!.kid;

  test.each([[[first, second]], [[second, first]], [[second]]])('all are tried', (list) => {
    expect(accepted(sameKid.text, new Map([[kid, list]])).proof.counter).toBe(1);
  });

  test('one that did not sign is not enough', () => {
    expect(refusal(() => accepted(sameKid.text, new Map([[kid, [first]]]))).code).toBe('code_signature_invalid');
  });
});

describe('10 MB', () => {
  const size = 10_000_000;
  const inputs: readonly (readonly [string, () => unknown])[] = [
    ['of text', () => parseCodeText(`LK1:${'0'.repeat(size)}`)],
    ['of text without a prefix', () => parseCodeText('x'.repeat(size))],
    ['of lists in lists', () => splitCode(Buffer.alloc(size, 0x81))],
    ['as a token', () => verifyToken(Buffer.alloc(size, 0xd2), [])],
    ['as a token that is read', () => readToken(Buffer.alloc(size, 0x5b))],
    ['as a proof', () => verifyProof(Buffer.alloc(size, 0x84), Buffer.alloc(1), tokenOf(vectors[0]!))],
  ];

  test.each(inputs)('%s: refused before anything is looked at', (_, work) => {
    const began = performance.now();
    const before = process.memoryUsage();
    expect(refusal(work).message).toBe('This is no credit payment code of ours: it is longer than what a QR code holds.');
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    // The input itself, once, and what the test costs.
    expect(heapUsed + arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(2.5 * size);
    expect(performance.now() - began).toBeLessThan(1000);
  });
});

test('what claims to be huge reserves nothing', () => {
  const claims = refused.filter(({ what }) => what.includes('2^'));
  expect(claims.length).toBeGreaterThan(5);
  const reserved = () => process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
  const before = reserved();
  for (const { text } of claims) {
    expect(refusal(() => accepted(text)).code).toBe('code_malformed');
  }
  expect(reserved() - before).toBeLessThan(4_000_000);
});
