import type { Payee } from '../../domain/account.ts';
import type { Random } from '../../domain/clock.ts';
import { checkedCodeOrder, longestValidityMs, settlementGraceMs, type CodeOrder, type CreditToken } from '../../domain/credit-code.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { amountText, type Amount } from '../../domain/money.ts';
import { codesAccountId } from '../../domain/posting.ts';
import { withOutcome } from '../../domain/with-outcome.ts';
import { readToken } from '../../protocol/credit-code.ts';
import { newEd25519 } from '../../protocol/ed25519.ts';
import { base64url } from '../../protocol/encoding.ts';
import type { CodesRole } from '../codes/ports.ts';
import type { EndedPayment, Payer } from './payer.ts';
import type { WalletRole } from './ports.ts';
import { correctionBy, type ShowingJournal } from './showing.ts';

/** A credit payment code in the secret store: who has its private key spends it. */
export interface KeptCode {
  readonly accountId: string;
  /** Of the payment that brings it. */
  readonly key: string;
  /** Its private key, 32 bytes (RFC 8032). */
  readonly seed: Uint8Array;
  /** The token as the server signed it; undefined while it is not known to be issued. */
  readonly signed: Uint8Array | undefined;
}

export interface KeptCodes {
  /** Those that can be read: each token that is there is one. */
  list(): Promise<readonly KeptCode[]>;
  get(accountId: string, key: string): Promise<KeptCode | undefined>;
  /** Durable when the promise resolves. */
  set(code: KeptCode): Promise<void>;
  remove(code: Pick<KeptCode, 'accountId' | 'key'>): Promise<void>;
}

/** One that was issued. */
export interface OwnCode extends KeptCode {
  readonly signed: Uint8Array;
  readonly token: CreditToken;
}

/** What a code is to allow. */
export interface CodeWish extends Omit<CodeOrder, 'holderKey'> {
  readonly accountId: string;
  /** All its payments together. */
  readonly limit: Amount;
}

export interface OwnCodesContext {
  readonly kept: KeptCodes;
  readonly journal: ShowingJournal;
  readonly random: Random;
  readonly payer: Payer;
  readonly codes: Pick<CodesRole, 'issued' | 'code'>;
  readonly wallet: Pick<WalletRole, 'payee'>;
  /** Keeps others away from a code's journal meanwhile. */
  readonly withCode: <T>(codeId: string, work: () => Promise<T>) => Promise<T>;
}

/** Those that were issued, newest first; no server is asked. */
export async function issuedCodes(kept: KeptCodes): Promise<OwnCode[]> {
  const issued = (await kept.list()).flatMap((code) => (code.signed === undefined ? [] : [{ ...code, signed: code.signed, token: readToken(code.signed) }]));
  return issued.sort((one, other) => other.token.issuedAt.getTime() - one.token.issuedAt.getTime());
}

/** Forgets what no register can settle any more, also of what was never fetched. */
export async function forgetOver({ kept, journal, payer }: Pick<OwnCodesContext, 'kept' | 'journal'> & { readonly payer: Pick<Payer, 'known'> }, now: Date): Promise<void> {
  for (const code of await issuedCodes(kept)) {
    if (isPastSettling(code.token.expiresAt, now)) {
      await kept.remove(code);
      await journal.forget(code.token.id);
    }
  }
  for (const code of (await kept.list()).filter(({ signed }) => signed === undefined)) {
    const known = await payer.known(code.accountId, code.key);
    const paid = known !== undefined && 'end' in known && known.end.kind === 'accepted' ? known.end.reply.at : undefined;
    if (paid !== undefined && isPastSettling(new Date(paid.getTime() + (known?.request.code?.validMs ?? longestValidityMs)), now)) {
      await kept.remove(code);
    }
  }
}

function isPastSettling(expiresAt: Date, now: Date): boolean {
  return now.getTime() > expiresAt.getTime() + settlementGraceMs;
}

/** What `finish` came to. */
export interface FinishedCodes {
  readonly fetched: readonly OwnCode[];
  /** Why others were not: they were paid for, and the server does not give them to this terminal. Their keys are kept. */
  readonly withheld: readonly LatchkeyError[];
}

/**
 * A wallet's credit payment codes, as far as they need the server: issuing and correcting. Whoever uses it keeps other
 * processes away from the account meanwhile.
 */
export class OwnCodes {
  readonly #context: OwnCodesContext;

  constructor(context: OwnCodesContext) {
    this.#context = context;
  }

  /**
   * Fetches what was paid for and not fetched, and forgets the keys of what will never be; nothing of the account may be
   * open any more. Errors: what keeps one from being fetched now.
   */
  async finish(accountId: string): Promise<FinishedCodes> {
    const { kept, payer } = this.#context;
    const fetched: OwnCode[] = [];
    const withheld: LatchkeyError[] = [];
    for (const code of (await kept.list()).filter((each) => each.accountId === accountId && each.signed === undefined)) {
      const known = await payer.known(accountId, code.key);
      const ended = known !== undefined && 'end' in known ? known : undefined;
      try {
        if (ended === undefined || ended.end.kind === 'accepted') {
          fetched.push(ended === undefined ? await this.#fetch(code) : await this.#outcome(code, ended));
        } else {
          await kept.remove(code);
        }
      } catch (error) {
        if (!(error instanceof LatchkeyError) || error.code !== 'code_not_found') {
          throw error;
        }
        // What was written down may never have been sent; what was paid is another terminal's, or another server's, to fetch.
        if (known === undefined) {
          await kept.remove(code);
        } else {
          withheld.push(error);
        }
      }
    }
    return { fetched, withheld };
  }

  /**
   * Has a code issued: its private key is in the secret store before anything is sent. The same key brings the same code.
   * Errors: `invalid_input` for what no code allows, why it is refused, `idempotency_mismatch`, `code_over` if the key's code is not kept any more, and what
   * leaves it open.
   */
  async issue(wish: CodeWish, givenKey: string | undefined, identityCode: () => Promise<string>): Promise<OwnCode> {
    const { kept, payer, random } = this.#context;
    const { accountId, limit, ...allowed } = wish;
    const key = givenKey ?? base64url(random.bytes(16));
    const known = await payer.known(accountId, key);
    if (known !== undefined && 'end' in known) {
      return this.#earlier(wish, known);
    }
    const code = (await kept.get(accountId, key)) ?? { accountId, key, seed: random.bytes(32), signed: undefined };
    const order = checkedCodeOrder({ ...allowed, holderKey: newEd25519(code.seed).publicKey }, limit.minor);
    const typed = await identityCode();
    await kept.set(code);
    const payee = { id: codesAccountId(limit.currency), name: 'credit payment codes', currency: limit.currency };
    return this.#outcome(code, await payer.pay({ accountId, payee, amount: limit, key, code: order }, typed));
  }

  /** Errors: as `correctCode`. */
  correct({ token: { id } }: OwnCode): Promise<void> {
    return correctCode(this.#context, id);
  }

  async #earlier(wish: CodeWish, ended: EndedPayment): Promise<OwnCode> {
    const { accountId, request } = ended;
    if (request.code === undefined || !isAlike(wish, { ...request.code, limit: request.amount })) {
      throw new LatchkeyError('idempotency_mismatch');
    }
    const code = await this.#context.kept.get(accountId, request.key);
    if (code === undefined && ended.end.kind === 'accepted') {
      throw new LatchkeyError('code_over', 'The code that this key brought is not kept any more.');
    }
    return this.#outcome(code ?? { accountId, key: request.key }, ended);
  }

  async #outcome(code: KeptCode | Pick<KeptCode, 'accountId' | 'key'>, { end, request }: EndedPayment): Promise<OwnCode> {
    if (end.kind === 'accepted' && 'seed' in code) {
      try {
        return await this.#fetch(code);
      } catch (error) {
        const hint = error instanceof LatchkeyError && error.code === 'code_not_found'
          ? 'Its server gives it to the terminal that paid for it: run `latchkey code list` with the profile of that. Its private key is kept until then.'
          : 'The next `latchkey code issue` or `latchkey code list` fetches it; it is issued once.';
        throw withOutcome(error, `The code over ${amountText(request.amount)} was issued, and is not here yet.`, hint);
      }
    }
    await this.#context.kept.remove(code);
    throw end.kind === 'refused' ? new LatchkeyError(end.code, end.message) : new LatchkeyError('payment_cancelled');
  }

  /** The journal first: a code without one could not be shown. */
  async #fetch(code: KeptCode): Promise<OwnCode> {
    const { kept, journal, codes } = this.#context;
    const signed = code.signed ?? (await codes.issued(code.accountId, code.key)).signed;
    const token = readToken(signed);
    if (base64url(token.holderKey) !== base64url(newEd25519(code.seed).publicKey)) {
      throw new LatchkeyError('bad_reply', 'The server signed another key than this wallet’s.');
    }
    const own: OwnCode = { ...code, signed, token };
    if (code.signed === undefined) {
      await journal.begin(token.id, await Promise.all((token.payees ?? []).map((id) => this.#named(id, token.currency))));
      await kept.set(own);
    }
    return own;
  }

  /** One that was closed meanwhile keeps its id. */
  async #named(id: string, currency: string): Promise<Payee> {
    try {
      return await this.#context.wallet.payee(id);
    } catch (error) {
      if (error instanceof LatchkeyError && (error.code === 'account_closed' || error.code === 'account_not_found')) {
        return { id, name: id, currency };
      }
      throw error;
    }
  }
}

/** Learns from the server what was paid by a code, and whether it is revoked. Errors: those of `CodesRole.code` and of the journal. */
export async function correctCode({ codes, journal, withCode }: Pick<OwnCodesContext, 'journal' | 'withCode'> & { readonly codes: Pick<CodesRole, 'code'> }, id: string): Promise<void> {
  const known = await codes.code(id);
  await withCode(id, async () => {
    const correction = correctionBy(known, await journal.of(id));
    if (correction.settled.length > 0 || correction.revokedAt !== undefined) {
      await journal.correct(id, correction);
    }
  });
}

/** Whether a wish is for just such a code. */
export function isAlike(wish: Omit<CodeWish, 'accountId'>, other: Omit<CodeWish, 'accountId'>): boolean {
  return (
    amountText(wish.limit) === amountText(other.limit) &&
    wish.maxEach === other.maxEach &&
    wish.uses === other.uses &&
    wish.validMs === other.validMs &&
    wish.payees?.join() === other.payees?.join()
  );
}

/** What was wished for with a code. */
export function wishOf({ accountId, token: { currency, maxEach, maxTotal, uses, payees, issuedAt, expiresAt } }: OwnCode): CodeWish {
  return { accountId, limit: { minor: maxTotal, currency }, maxEach, uses, payees, validMs: expiresAt.getTime() - issuedAt.getTime() };
}
