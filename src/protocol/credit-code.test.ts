import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { CreditProof, CreditToken } from '../domain/credit-code.ts';
import type { LatchkeyError } from '../domain/errors.ts';
import { codeText, joinCode, keyIdOf, parseCodeText, readToken, signProof, signToken, splitCode, verifyProof, verifyToken } from './credit-code.ts';
import { ed25519Public, newEd25519 } from './ed25519.ts';

const server = newEd25519(Buffer.alloc(32, 1));
const holder = newEd25519(Buffer.alloc(32, 2));
const stranger = newEd25519(Buffer.alloc(32, 3));
const serverKey = ed25519Public(server.publicKey);
const account = (byte: number) => `acc_${Buffer.alloc(16, byte).toString('base64url')}`;

const token: CreditToken = {
  id: `code_${Buffer.alloc(16, 7).toString('base64url')}`,
  issuer: 'kXWqv0pOc3o',
  currency: 'EUR',
  maxEach: 500n,
  maxTotal: 2000n,
  uses: 10,
  payees: [account(1), account(2), 'codes_EUR'],
  issuedAt: new Date('2026-12-01T08:00:00Z'),
  expiresAt: new Date('2026-12-02T08:00:00Z'),
  holderKey: Uint8Array.from(holder.publicKey),
};
const proof: CreditProof = { counter: 1, at: new Date('2026-12-01T09:00:00Z'), amount: 450n, payeeId: account(2) };
const signedToken = signToken(token, server);
const signedProof = signProof(proof, signedToken, holder.privateKey);
const codeOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return (error as LatchkeyError).code;
  }
};

describe('a code', () => {
  test('says what was signed, from its text', () => {
    const parts = splitCode(parseCodeText(codeText(joinCode(signedToken, signedProof))));
    expect(parts.keyId).toBe(keyIdOf(server.publicKey));
    expect(verifyToken(parts.signedToken, [serverKey])).toEqual(token);
    expect(verifyProof(parts.signedProof, parts.signedToken, token)).toEqual(proof);
  });

  test('may leave out payees, amount and payee', () => {
    const open: CreditToken = { ...token, payees: undefined };
    const signed = signToken(open, server);
    expect(verifyToken(signed, [serverKey])).toEqual(open);
    const anything: CreditProof = { ...proof, amount: undefined, payeeId: undefined };
    expect(verifyProof(signProof(anything, signed, holder.privateKey), signed, open)).toEqual(anything);
  });

  test('is what the holder of its token reads without a key', () => {
    expect(readToken(signedToken)).toEqual(token);
  });

  test('has whole seconds', () => {
    const signed = signToken({ ...token, issuedAt: new Date('2026-12-01T08:00:00.999Z') }, server);
    expect(readToken(signed).issuedAt).toEqual(token.issuedAt);
  });

  test('is signed the same each time', () => {
    expect(signToken(token, server)).toEqual(signedToken);
  });
});

describe('a signature', () => {
  test('of any key of that id is enough, and of no other', () => {
    expect(verifyToken(signedToken, [ed25519Public(stranger.publicKey), serverKey]).id).toBe(token.id);
    expect(codeOf(() => verifyToken(signedToken, [ed25519Public(stranger.publicKey)]))).toBe('code_signature_invalid');
    expect(codeOf(() => verifyToken(signedToken, []))).toBe('code_signature_invalid');
  });

  test('of a proof is the holder’s, for this token alone', () => {
    expect(codeOf(() => verifyProof(signProof(proof, signedToken, stranger.privateKey), signedToken, token))).toBe('code_proof_invalid');
    expect(codeOf(() => verifyProof(signedProof, signToken({ ...token, uses: 11 }, server), token))).toBe('code_proof_invalid');
  });

  test('comes before the content', () => {
    const nonsense = Buffer.from(signedToken);
    nonsense[nonsense.indexOf('EUR')] = 0;
    expect(codeOf(() => verifyToken(nonsense, [serverKey]))).toBe('code_signature_invalid');
    expect(codeOf(() => readToken(nonsense))).toBe('code_malformed');
  });

  test('any changed bit is refused', () => {
    for (let bit = 0; bit < signedToken.length * 8; bit += 1) {
      const changed = Buffer.from(signedToken);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(['code_malformed', 'code_signature_invalid']).toContain(codeOf(() => verifyToken(changed, [serverKey])));
    }
  });
});

test.each<[string, Partial<CreditToken>]>([
  ['the currency is none of ISO 4217', { currency: 'XXX' }],
  ['the largest amount is nothing', { maxEach: 0n }],
  ['the largest amount is more than the total', { maxEach: 2001n }],
  ['the total is more than is moved at once', { maxTotal: 1_000_000_000_000n }],
  ['it has no uses', { uses: 0 }],
  ['its list of payees is empty', { payees: [] }],
  ['it names a payee twice', { payees: [account(1), account(1)] }],
  ['its times are not between 1970 and 9999', { issuedAt: new Date(-1) }],
  ['it expires before it is valid', { expiresAt: token.issuedAt }],
])('a server does not sign that %s', (problem, change) => {
  expect(() => signToken({ ...token, ...change }, server)).toThrow(`No credit payment token can say that: ${problem}.`);
});

test('the key id is the beginning of the key’s hash', () => {
  expect(keyIdOf(server.publicKey)).toBe(hash('sha256', server.publicKey, 'buffer').subarray(0, 8).toString('base64url'));
});
