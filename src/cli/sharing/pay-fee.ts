import { LatchkeyError } from '../../domain/errors.ts';
import { amountText, type Amount } from '../../domain/money.ts';
import { parseIdentityCode } from '../../domain/payment.ts';
import { allowanceForPeople } from '../../domain/quantity.ts';
import { moneyBackMs, type ShareRequest } from '../../domain/share-request.ts';
import type { SharingRole } from '../../roles/sharing/ports.ts';
import type { EndedPayment, Order, Payer } from '../../roles/wallet/payer.ts';
import { AccountGuard } from '../cards/wallet-guard.ts';
import type { RoleFlags } from '../destination.ts';
import type { Opening } from '../open-role.ts';
import { moneyForPeople } from '../present/money.ts';
import { duration } from '../present/time.ts';
import { settledSentence } from '../present/wallet.ts';
import { readSecret } from '../secret-input.ts';
import { openPayer, withAccount } from '../wallet/open-payer.ts';

export interface FeeFlags extends RoleFlags {
  readonly 'max-fee'?: Amount | undefined;
  readonly yes: boolean;
  readonly 'identity-code-file'?: string | undefined;
}

export interface FeeOptions extends Opening {
  readonly interactive: boolean;
  readonly ask: (question: string) => Promise<boolean>;
  readonly caution: (text: string) => Promise<void>;
}

/** Somebody was asked, and said no. */
export class FeeDeclined extends LatchkeyError {
  constructor() {
    super('interrupted', 'Nothing was paid, and the request is given up.');
  }
}

/** Before anything is asked for: somebody has to say yes to the fee. Errors: `missing_input`. */
export function requireConsent({ 'max-fee': most, yes }: FeeFlags, interactive: boolean): void {
  if (most === undefined && !yes && !interactive) {
    throw new LatchkeyError('missing_input', 'Nobody is here to say yes to the fee: give --max-fee AMOUNT, or --yes for whatever it is.');
  }
}

/**
 * Holds the fee of a request by this machine's wallet, once it was said yes to. What an earlier run left open is brought to
 * its end first; where that was this payment, nobody is asked. Who says no has the request given up. Errors:
 * `missing_input`, `interrupted`, `fee_too_high`, `offer_closed`, why it is not held, and what leaves it open.
 */
export async function payFee(request: ShareRequest, sharing: Pick<SharingRole, 'cancel' | 'show'>, flags: FeeFlags, options: FeeOptions): Promise<void> {
  const { accountId } = request.guest;
  const { wallet, payer } = await openPayer(flags, options);
  const guard = new AccountGuard({ ...options, role: wallet, payer, accountId });
  await withAccount(accountId, async () => {
    const settled = await payer.settle(accountId);
    await guard.reconcile();
    if (settled !== undefined && settled.request.shareRequestId !== request.id) {
      await options.caution(settledSentence(settled));
    }
    const attempt = await nextAttempt(payer, request);
    if (attempt === undefined) {
      return;
    }
    await consented(request, sharing, flags, options);
    const payee = await wallet.payee(request.sharer.accountId);
    const order = { accountId, payee, amount: request.fee, shareRequestId: request.id, key: attempt };
    try {
      // For the security check it is a hold, as it is for the account.
      await guard.pay({ ...order, holdMs: moneyBackMs(request) });
      const identityCode = await readSecret({ name: 'identity-code', file: flags['identity-code-file'], message: 'Identity code:', ...options.sources });
      await held(await payer.pay(order satisfies Order, parseIdentityCode(identityCode.normalize('NFC'))), request, sharing);
    } finally {
      await guard.reconcile();
    }
  });
}

/** A payment's key is good for one answer: one that was refused is followed by another. Undefined once it is held. */
async function nextAttempt(payer: Payer, { id, guest }: ShareRequest): Promise<string | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const key = attempt === 1 ? id : `${id}-${attempt}`;
    const known = await payer.known(guest.accountId, key);
    if (known === undefined) {
      return key;
    }
    if ('end' in known && known.end.kind === 'accepted') {
      return undefined;
    }
  }
}

async function consented(request: ShareRequest, sharing: Pick<SharingRole, 'cancel'>, flags: FeeFlags, options: FeeOptions): Promise<void> {
  const { fee, id } = request;
  const { 'max-fee': most, yes } = flags;
  if (most !== undefined && (most.currency !== fee.currency || fee.minor > most.minor)) {
    await sharing.cancel(id);
    throw new LatchkeyError('fee_too_high', `The fee is ${moneyForPeople(fee)}, and --max-fee allows ${amountText(most)}. Nothing was paid.`);
  }
  requireConsent(flags, options.interactive);
  if (most === undefined && !yes && !(await options.ask(question(request)))) {
    await sharing.cancel(id);
    throw new FeeDeclined();
  }
}

function question({ kind, quantity, fee, answerMs }: ShareRequest): string {
  const what = `${allowanceForPeople(quantity)}${kind === 'increase' ? ' more' : ''}`;
  const back = duration(kind === 'increase' ? answerMs : moneyBackMs({ answerMs }));
  return `${what} for ${moneyForPeople(fee)}: hold it now? If nothing comes of it, it is back within ${back}.`;
}

/** Errors: why it is not. */
async function held({ end }: EndedPayment, { id }: ShareRequest, sharing: Pick<SharingRole, 'cancel' | 'show'>): Promise<void> {
  if (end.kind === 'accepted') {
    return;
  }
  if (end.kind === 'refused' && end.code === 'share_request_over') {
    if ((await sharing.show(id)).state !== 'priced') {
      // Its own state says why.
      return;
    }
    await sharing.cancel(id);
    throw new LatchkeyError('offer_closed', 'The offer takes nobody any more. Nothing was paid.');
  }
  throw end.kind === 'refused' ? new LatchkeyError(end.code, end.message) : new LatchkeyError('payment_cancelled');
}
