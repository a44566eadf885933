import type { CodeReceipt } from '../../domain/credit-code.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { asSentence } from '../../domain/shown-text.ts';
import type { OwnCode } from '../../roles/wallet/own-codes.ts';
import { receiptMisfit, type CodeHistory } from '../../roles/wallet/showing.ts';
import { ShowingGuard } from '../cards/showing-guard.ts';
import { withCode } from './open-payer.ts';
import { knownCodes, openHeldCodes } from './open-own-codes.ts';
import type { ShowOptions } from './show-code.ts';

/** A receipt for a code of this wallet. */
export interface OwnReceipt {
  readonly code: OwnCode;
  readonly history: CodeHistory;
  /** The showing counts as what the receipt says, or as what the server has said before. */
  readonly isCounted: boolean;
  /** Why it cannot be for that showing, in a sentence. */
  readonly trouble: string | undefined;
}

/**
 * What a receipt means for this wallet; undefined if the code is none of its own. `isValid`: its signature was checked, and
 * so the showing counts as what was paid. What keeps it from being compared is a caution: the receipt says the same.
 */
export async function noteReceipt(receipt: CodeReceipt, isValid: boolean, options: ShowOptions): Promise<OwnReceipt | undefined> {
  try {
    return await note(receipt, isValid, options);
  } catch (error) {
    if (!(error instanceof LatchkeyError)) {
      throw error;
    }
    await options.caution(`${asSentence(error.message)} What the receipt means for this wallet’s codes is not known.`);
    return undefined;
  }
}

async function note(receipt: CodeReceipt, isValid: boolean, { sources, ...guarding }: ShowOptions): Promise<OwnReceipt | undefined> {
  const held = await openHeldCodes(sources);
  const { tokenId, counter, amount, at } = receipt;
  const code = (await knownCodes(held)).find((each) => each.code.token.id === tokenId)?.code;
  if (code === undefined) {
    return undefined;
  }
  return withCode(tokenId, async () => {
    let history = await held.journal.of(tokenId);
    const trouble = receiptMisfit(code.token, receipt, history);
    const isKnown = () => history.showings.some((showing) => showing.counter === counter && showing.settled !== undefined);
    if (isValid && trouble === undefined && !isKnown()) {
      await held.journal.correct(tokenId, { settled: [{ counter, amount: amount.minor, at }], revokedAt: undefined });
      history = await held.journal.of(tokenId);
      await new ShowingGuard(code, guarding).settle(history);
    }
    return { code, history, isCounted: trouble === undefined && isKnown(), trouble };
  });
}
