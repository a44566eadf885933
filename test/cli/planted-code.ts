import { randomBytes } from 'node:crypto';
import { StoredCreditCodes } from '../../src/cli/wallet/kept-codes.ts';
import { ShowingFile } from '../../src/cli/wallet/showing-file.ts';
import { pathsFrom } from '../../src/cli/paths.ts';
import type { Payee } from '../../src/domain/account.ts';
import type { CreditToken } from '../../src/domain/credit-code.ts';
import { signToken } from '../../src/protocol/credit-code.ts';
import { newEd25519, type Ed25519KeyPair } from '../../src/protocol/ed25519.ts';
import { openSecretStore } from '../../src/secrets/open-secret-store.ts';
import type { CommandLine } from './command-line.ts';

export interface PlantedCode {
  readonly token: CreditToken;
  /** Of the server that never was. */
  readonly serverKey: Ed25519KeyPair;
  /** The private key, as 43 characters. */
  readonly secret: string;
  readonly journalPath: string;
}

/** A credit payment code in a wallet that no server has ever been asked for: 20.00EUR, at most 5.00EUR each, 5 uses, valid for a day. */
export async function plantCode({ env, folder }: CommandLine, limits: Partial<CreditToken> & { readonly named?: readonly Payee[] } = {}): Promise<PlantedCode> {
  const { named = [], ...changed } = limits;
  const [serverKey, seed] = [newEd25519(randomBytes(32)), randomBytes(32)];
  const issuedAt = new Date(Math.floor(Date.now() / 1000) * 1000 - 60_000);
  const token: CreditToken = {
    id: `code_${randomBytes(16).toString('base64url')}`,
    issuer: randomBytes(8).toString('base64url'),
    holderKey: newEd25519(seed).publicKey,
    currency: 'EUR',
    maxEach: 500n,
    maxTotal: 2000n,
    uses: 5,
    payees: undefined,
    issuedAt,
    expiresAt: new Date(issuedAt.getTime() + 86_400_000),
    ...changed,
  };
  const { data, state } = pathsFrom(env, process.platform, folder);
  const store = await openSecretStore(env, { data });
  await new StoredCreditCodes(store).set({ accountId: 'acc_planted', key: randomBytes(16).toString('base64url'), seed, signed: signToken(token, serverKey) });
  const journal = `${state}/wallet`;
  await new ShowingFile(journal).begin(token.id, named);
  return { token, serverKey, secret: seed.toString('base64url'), journalPath: `${journal}/${token.id}.showings.ndjson` };
}
