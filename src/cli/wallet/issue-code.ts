import { LatchkeyError } from '../../domain/errors.ts';
import { amountText, type Amount } from '../../domain/money.ts';
import { parseIdentityCode } from '../../domain/payment.ts';
import { asSentence } from '../../domain/shown-text.ts';
import { forgetOver, isAlike, wishOf, type CodeWish, type OwnCode } from '../../roles/wallet/own-codes.ts';
import type { RoleFlags } from '../destination.ts';
import { systemClock } from '../local-registry.ts';
import type { Opening } from '../open-role.ts';
import { walletCodeToWire, type WalletCodeWire } from '../present/wallet-codes.ts';
import { settledSentence } from '../present/wallet.ts';
import { readSecret } from '../secret-input.ts';
import { boundAccount, withAccount } from './open-payer.ts';
import { known, openOwnCodes, type OpenedCodes } from './open-own-codes.ts';
import { askingServer } from './pay-order.ts';

export interface IssueFlags extends RoleFlags {
  readonly limit: Amount;
  readonly 'max-each'?: Amount | undefined;
  readonly uses?: number | undefined;
  readonly valid: number;
  readonly payee?: readonly string[] | undefined;
  readonly account?: string | undefined;
  readonly 'identity-code-file'?: string | undefined;
  readonly 'idempotency-key'?: string | undefined;
}

export interface IssueOptions extends Opening {
  readonly caution: (text: string) => Promise<void>;
}

/** Each showing is a line in the wallet's journal, and all are read. */
export const mostUsesAtIssue = 1000;
const nothingIssued = 'No code was issued.';

/**
 * Brings what an earlier run left open to its end; if that was for just such a code, it is the one. Else has one issued.
 * Errors: why it is refused, and what leaves it open.
 */
export async function issueCode(flags: IssueFlags, options: IssueOptions): Promise<WalletCodeWire> {
  const limits = limitsOf(flags);
  const opened = await openOwnCodes(flags, options);
  const { wallet, own, journal } = opened;
  const { accountId } = await askingServer(nothingIssued, () => boundAccount(wallet, flags.account));
  await forgetOver(opened, systemClock.now());
  const code = await withAccount(accountId, async () => {
    const finished = await finishIssues(accountId, opened, options.caution);
    const payees = flags.payee && (await askingServer(nothingIssued, () => Promise.all(flags.payee!.map(async (name) => (await wallet.payee(name)).id))));
    const wish: CodeWish = { accountId, ...limits, payees: payees && [...new Set(payees)] };
    const key = flags['idempotency-key'];
    const meant = finished.find((each) => (key === undefined ? isAlike(wish, wishOf(each)) : each.key === key));
    for (const { token } of finished.filter((each) => each !== meant)) {
      await options.caution(`An earlier code over ${amountText({ minor: token.maxTotal, currency: token.currency })} was being issued: it is ${token.id}.`);
    }
    return meant !== undefined && key === undefined ? meant : sayingWhatIsLacking(() => own.issue(wish, key, () => identityCode(flags, options)));
  });
  return walletCodeToWire(await known(code, journal), systemClock.now());
}

/** What is held at an issue may be credit as well. */
async function sayingWhatIsLacking(issue: () => Promise<OwnCode>): Promise<OwnCode> {
  try {
    return await issue();
  } catch (error) {
    if (error instanceof LatchkeyError && error.code === 'insufficient_funds') {
      const hint = `${nothingIssued} Choose a smaller --limit, or ask who keeps the accounts to top it up (\`latchkey account topup\`) or to give it credit (\`latchkey account credit set\`).`;
      throw new LatchkeyError(error.code, 'The account has less than the whole limit, which an issue holds.', { hint, cause: error });
    }
    throw error;
  }
}

/** What was open of the account, and codes that were not fetched yet. The account's lock is held. Errors: what keeps one open. */
export async function finishIssues(accountId: string, { payer, own }: Pick<OpenedCodes, 'payer' | 'own'>, caution: IssueOptions['caution']): Promise<readonly OwnCode[]> {
  const settled = await payer.settle(accountId);
  if (settled !== undefined && (settled.request.code === undefined || settled.end.kind !== 'accepted')) {
    await caution(settledSentence(settled));
  }
  const { fetched, withheld } = await own.finish(accountId);
  for (const { message, hint } of withheld) {
    await caution(`${asSentence(message)} ${hint}`);
  }
  return fetched;
}

/** A code may pay all of its limit at once, and as often as it takes to spend it in the largest amounts, if nothing else is said. */
function limitsOf({ limit, 'max-each': each = limit, uses, valid }: IssueFlags): Pick<CodeWish, 'limit' | 'maxEach' | 'uses' | 'validMs'> {
  if (each.currency !== limit.currency) {
    throw new LatchkeyError('currency_mismatch', `--max-each: ${each.currency} is not ${limit.currency}, the currency of --limit.`);
  }
  if (each.minor > limit.minor) {
    throw new LatchkeyError('invalid_input', `--max-each: ${amountText(each)} is more than the whole limit, ${amountText(limit)}.`);
  }
  return { limit, maxEach: each.minor, uses: uses ?? Math.min(mostUsesAtIssue, Number(limit.minor / each.minor)), validMs: valid };
}

async function identityCode(flags: IssueFlags, { sources }: IssueOptions): Promise<string> {
  const typed = await readSecret({ name: 'identity-code', file: flags['identity-code-file'], message: 'Identity code:', ...sources });
  return parseIdentityCode(typed.normalize('NFC'));
}
