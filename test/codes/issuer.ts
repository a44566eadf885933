import { randomBytes } from 'node:crypto';
import type { CreditProof, CreditToken } from '../../src/domain/credit-code.ts';
import { codeText, joinCode, keyIdOf, signProof, signToken } from '../../src/protocol/credit-code.ts';
import { newEd25519, type Ed25519KeyPair } from '../../src/protocol/ed25519.ts';
import { base64url } from '../../src/protocol/encoding.ts';
import type { TrustedKey, TrustList } from '../../src/roles/codes/ports.ts';

export const payeeId = 'acc_AAAAAAAAAAAAAAAAAAAAAA';
const hourMs = 3_600_000;

/** A server that signs tokens, without anything behind it. */
export class Issuer {
  readonly key = newKey();
  readonly revoked: string[] = [];
  keyRevokedAt: Date | undefined;

  get trusted(): TrustedKey {
    return { id: keyIdOf(this.key.publicKey), publicKey: this.key.publicKey, revokedAt: this.keyRevokedAt };
  }

  trustList(asOf: Date): TrustList {
    return { issuer: 'issuer_1', asOf, keys: [this.trusted], revoked: this.revoked };
  }

  /** For 20.00EUR in payments of at most 5.00EUR, an hour long. */
  wallet(at: Date, limits: Partial<CreditToken> = {}): IssuedWallet {
    const holder = newKey();
    const token: CreditToken = {
      id: `code_${base64url(randomBytes(16))}`,
      issuer: 'issuer_1',
      currency: 'EUR',
      maxEach: 500n,
      maxTotal: 2000n,
      uses: 10,
      payees: undefined,
      issuedAt: at,
      expiresAt: new Date(at.getTime() + hourMs),
      holderKey: holder.publicKey,
      ...limits,
    };
    return new IssuedWallet(token, signToken(token, this.key), holder);
  }
}

/** Who has a token and shows it. */
export class IssuedWallet {
  readonly token: CreditToken;
  readonly signedToken: Uint8Array;
  readonly holder: Ed25519KeyPair;

  constructor(token: CreditToken, signedToken: Uint8Array, holder: Ed25519KeyPair) {
    this.token = token;
    this.signedToken = signedToken;
    this.holder = holder;
  }

  shows(counter: number, at: Date, bound: Partial<Pick<CreditProof, 'amount' | 'payeeId'>> = {}): string {
    return codeText(this.code(counter, at, bound));
  }

  code(counter: number, at: Date, bound: Partial<Pick<CreditProof, 'amount' | 'payeeId'>> = {}): Uint8Array {
    const proof = signProof({ counter, at, amount: undefined, payeeId: undefined, ...bound }, this.signedToken, this.holder.privateKey);
    return joinCode(this.signedToken, proof);
  }
}

export function newKey(): Ed25519KeyPair {
  return newEd25519(randomBytes(32));
}
