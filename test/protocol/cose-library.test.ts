import { Buffer } from 'node:buffer';
import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { CodeReceipt, CreditProof, CreditToken } from '../../src/domain/credit-code.ts';
import { decodeCbor } from '../../src/protocol/cbor.ts';
import { signReceipt } from '../../src/protocol/code-receipt.ts';
import { keyIdOf, signProof, signToken } from '../../src/protocol/credit-code.ts';
import { newEd25519 } from '../../src/protocol/ed25519.ts';
import { requires } from '../requirements.ts';

interface Message {
  readonly signed: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly kid?: string;
  readonly externalAad?: Uint8Array;
}

const server = newEd25519(Buffer.alloc(32, 1));
const holder = newEd25519(Buffer.alloc(32, 2));
const register = newEd25519(Buffer.alloc(32, 3));
const id = (prefix: string, byte: number) => `${prefix}_${Buffer.alloc(16, byte).toString('base64url')}`;
const at = new Date('2026-12-01T09:00:00Z');

const token: CreditToken = {
  id: id('code', 1), issuer: 'kXWqv0pOc3o', currency: 'EUR', maxEach: 500n, maxTotal: 2000n, uses: 10, payees: [id('acc', 1), id('acc', 2)],
  issuedAt: at, expiresAt: new Date('2026-12-02T09:00:00Z'), holderKey: holder.publicKey,
};
const proof: CreditProof = { counter: 1, at, amount: 450n, payeeId: id('acc', 2) };
const receipt: CodeReceipt = {
  registerId: 'reg_1', payeeId: id('acc', 2), tokenId: token.id, counter: 1, amount: { minor: 450n, currency: 'EUR' }, at, trustAsOf: at, codeHash: new Uint8Array(32),
};
const signedToken = signToken(token, server);
const tokenMessage: Message = { signed: signedToken, publicKey: server.publicKey, kid: keyIdOf(server.publicKey) };
const proofMessage: Message = { signed: signProof(proof, signedToken, holder.privateKey), publicKey: holder.publicKey, externalAad: hash('sha256', signedToken, 'buffer') };
const receiptMessage: Message = { signed: signReceipt(receipt, register.privateKey), publicKey: register.publicKey };

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function verified(messages: readonly Message[]): readonly { readonly payload?: string; readonly error?: string }[] {
  const input = JSON.stringify(messages.map(({ signed, publicKey, kid, externalAad = new Uint8Array() }) => ({
    signed: hex(signed), public_key: hex(publicKey), kid: kid === undefined ? null : hex(Buffer.from(kid, 'base64url')), external_aad: hex(externalAad),
  })));
  const { stdout, stderr, status } = spawnSync('ruby', [join(import.meta.dirname, 'verify-sign1.rb')], { input, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as ReturnType<typeof verified>;
}

requires('ruby-cose')('a COSE library that is not ours', () => {
  test('verifies tokens, proofs and receipts, and finds in them what was signed', () => {
    const payloads = verified([tokenMessage, proofMessage, receiptMessage]).map(({ payload }) => decodeCbor(Uint8Array.from(Buffer.from(payload!, 'hex'))));
    expect((payloads[0] as ReadonlyMap<number, unknown>).get(-65_537)).toEqual(['EUR', 500, 2000, 10, [1, 2].map((byte) => new Uint8Array(16).fill(byte))]);
    expect(payloads[1]).toEqual([1, at.getTime() / 1000, 450, new Uint8Array(16).fill(2)]);
    expect((payloads[2] as ReadonlyMap<number, unknown>).get(5)).toBe(450);
  });

  test('refuses them by another key, for another token or changed', () => {
    const changed = Buffer.from(tokenMessage.signed);
    changed[changed.indexOf('EUR')]! += 1;
    const messages: readonly Message[] = [
      { ...tokenMessage, publicKey: holder.publicKey },
      { ...tokenMessage, signed: changed },
      { ...proofMessage, externalAad: hash('sha256', signToken({ ...token, uses: 11 }, server), 'buffer') },
      { ...receiptMessage, externalAad: Buffer.from('more') },
    ];
    expect(verified(messages)).toEqual(messages.map(() => ({ error: 'Signature verification failed' })));
    expect(verified([{ ...tokenMessage, kid: keyIdOf(holder.publicKey) }])).toEqual([{ error: 'Non matching kid' }]);
  });
});
