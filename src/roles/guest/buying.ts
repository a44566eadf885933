import type { Random } from '../../domain/clock.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { isServerAway } from '../../domain/server-away.ts';
import { endReasons, type ShareRequest } from '../../domain/share-request.ts';
import { quoted } from '../../domain/shown-text.ts';
import { withOutcome } from '../../domain/with-outcome.ts';
import { newAccessKey, openAccessCode, publicJwkOf, type AccessCode } from '../../protocol/access-code.ts';
import { newEd25519 } from '../../protocol/ed25519.ts';
import type { SharingRole } from '../sharing/ports.ts';
import { patiently, RequestWatch, type AwaitingContext } from './awaiting.ts';
import type { GuestKeys, GuestPurchase, KeptKeys, PurchaseJournal } from './ports.ts';

export interface BuyingContext extends AwaitingContext {
  readonly sharing: SharingRole;
  readonly journal: PurchaseJournal;
  readonly keys: KeptKeys;
  readonly random: Random;
  /** Asks whether to, and holds the fee; what it wrote down before is finished first. Errors: why it is not held. */
  pay(request: ShareRequest): Promise<void>;
  /** Told of each state that it is seen in. */
  readonly onState?: ((request: ShareRequest) => void) | undefined;
  /** Not beyond the payment. */
  readonly noWait?: boolean | undefined;
}

export interface Bought {
  readonly purchase: GuestPurchase;
  readonly request: ShareRequest;
  /** Of access that is there. */
  readonly code: AccessCode | undefined;
}

/**
 * Brings a purchase that is written down to its end, from wherever it is: asked for, paid, answered, the code opened and
 * acknowledged. Each step may be repeated, so that whoever is interrupted anywhere goes on by the same call.
 * Errors: those of `SharingRole.request`, why it is not paid, `share_refused`, `share_expired`, `share_cancelled`,
 * `access_code_invalid`, the signal's reason.
 */
export async function buy(context: BuyingContext, begun: GuestPurchase): Promise<Bought> {
  const { sharing, onState, noWait } = context;
  let { purchase, request } = await asked(context, begun);
  const watch = new RequestWatch(context, request.id);
  for (;;) {
    onState?.(request);
    switch (request.state) {
      case 'priced':
        await context.pay(request);
        request = await watch.until(({ state }) => state !== 'priced');
        break;
      case 'held':
      case 'approved':
        if (noWait === true) {
          return { purchase, request, code: undefined };
        }
        request = await watch.until(({ state }) => state !== 'held' && state !== 'approved');
        break;
      case 'ready':
      case 'active':
        return purchase.order.kind === 'increase'
          ? { purchase: await over(context, purchase), request, code: undefined }
          : { purchase, ...(await collected(context, purchase, request)) };
      case 'ending':
        return { purchase, request, code: undefined };
      case 'ended':
        return { purchase: await over(context, purchase), request, code: undefined };
      default:
        await over(context, purchase);
        throw nothingCame(request);
    }
  }

  async function asked(of: BuyingContext, { key, order, requestId }: GuestPurchase): Promise<{ purchase: GuestPurchase; request: ShareRequest }> {
    if (requestId !== undefined) {
      return { purchase: begun, request: await patiently(of, () => sharing.show(requestId)) };
    }
    const made = await (order.kind === 'increase' ? sharing.increase(order.accessId, order.quantity, key) : requested(of, key, order)).catch((error: unknown) => unmade(of, begun, error));
    return { purchase: await of.journal.note(key, { requestId: made.id }), request: made };
  }
}

/** Nothing was asked for where it was refused; where no answer came, it may have been. */
async function unmade(context: BuyingContext, begun: GuestPurchase, error: unknown): Promise<never> {
  const isAnswer = error instanceof LatchkeyError && !unclear.includes(error.exit);
  if (isAnswer && !isServerAway(error)) {
    await over(context, begun);
  }
  throw error;
}

/** Exits of a bug, of a side that cannot be understood, and of whoever gave up. */
const unclear: readonly number[] = [1, 6, 130];

/** The keys are kept before anything is sent, so that the same request can be sent again. */
async function requested({ sharing, keys, random }: BuyingContext, key: string, { offerId, quantity, account }: Extract<GuestPurchase['order'], { kind: 'access' }>): Promise<ShareRequest> {
  let kept = await keys.get(key);
  if (kept === undefined) {
    kept = { accessKey: newAccessKey(), meterSeed: random.bytes(32) };
    await keys.set(key, kept);
  }
  const { publicKey } = newEd25519(kept.meterSeed);
  return sharing.request({ offerId, quantity, account, jwk: JSON.stringify(publicJwkOf(kept.accessKey)), meterKey: publicKey }, key);
}

/** Opened and kept first, acknowledged then: from there on nobody else has it. */
async function collected(context: BuyingContext, purchase: GuestPurchase, request: ShareRequest): Promise<{ readonly request: ShareRequest; readonly code: AccessCode }> {
  const { sharing, keys } = context;
  const kept = await keys.get(purchase.key);
  if (kept === undefined) {
    throw new LatchkeyError('secret_not_found', `The keys of request ${request.id} are not in the secret store of this machine.`, {
      hint: `End it with \`latchkey share end ${request.id}\`, or give it up with \`latchkey share cancel ${request.id}\`.`,
    });
  }
  const code = kept.code ?? (await opened(context, purchase, request, kept));
  const acknowledged = await patiently(context, () => sharing.acknowledge(request.id));
  return { request: acknowledged, code };
}

async function opened(context: BuyingContext, { key }: GuestPurchase, request: ShareRequest, kept: GuestKeys): Promise<AccessCode> {
  const { sharing, keys } = context;
  const sealed = await patiently(context, () => sharing.accessCode(request.id));
  let code: AccessCode;
  try {
    if (sealed === undefined) {
      throw new LatchkeyError('access_code_invalid', `The access code of request ${request.id} is gone.`);
    }
    code = await openAccessCode(sealed, kept.accessKey, request.id);
  } catch (error) {
    if (!(error instanceof LatchkeyError) || error.code !== 'access_code_invalid') {
      throw error;
    }
    throw await givenUp(context, request, error);
  }
  await keys.set(key, { ...kept, code });
  return code;
}

/** Sealed to another key than this terminal's, it opens nothing: what is held goes back. */
async function givenUp(context: BuyingContext, { id }: ShareRequest, error: LatchkeyError): Promise<unknown> {
  const { sharing } = context;
  try {
    await patiently(context, () => sharing.cancel(id));
  } catch (refusal) {
    if (!(refusal instanceof LatchkeyError) || refusal.code !== 'share_request_over') {
      throw refusal;
    }
    await patiently(context, () => sharing.end(id));
  }
  return withOutcome(error, 'The money goes back.', 'Ask again. If it stays so, somebody between you and the sharer puts in a key of their own: tell the sharer.');
}

/** Nothing of it goes on any more: its keys are good for nothing. */
export async function over({ journal, keys }: Pick<BuyingContext, 'journal' | 'keys'>, purchase: GuestPurchase): Promise<GuestPurchase> {
  if (purchase.isOver) {
    return purchase;
  }
  await keys.remove(purchase.key);
  return journal.note(purchase.key, { isOver: true });
}

const because: Readonly<Record<string, string>> = {
  [endReasons.unpaid]: 'The fee was not paid in time.',
  [endReasons.unanswered]: 'The sharer did not answer in time.',
  [endReasons.undelivered]: 'The sharer did not bring the access code in time.',
  [endReasons.uncollected]: 'The access code was not collected in time.',
  [endReasons.replaced]: 'This terminal has asked again since.',
  [endReasons.payeeClosed]: 'The sharer’s account takes no money.',
  [endReasons.grantOver]: 'What was to be increased is over.',
  [endReasons.givenUp]: 'It was not used.',
  [endReasons.keyMismatch]: 'The server had put in a key of its own.',
};

/** The error of a request that came to nothing, with what became of the money. */
export function nothingCame({ id, state, reason, paymentId }: ShareRequest): LatchkeyError {
  const money = paymentId === undefined ? 'Nothing was paid.' : 'The money is back.';
  const known = reason === undefined ? undefined : because[reason];
  const sentence = (...parts: readonly (string | undefined)[]) => [...parts, money].filter((part) => part !== undefined).join(' ');
  switch (state) {
    case 'refused':
      return new LatchkeyError('share_refused', sentence(`The sharer has refused request ${id}${reason === undefined ? '.' : `: ${quoted(reason)}.`}`));
    case 'expired':
      return new LatchkeyError('share_expired', sentence(`Request ${id} is over.`, known));
    default:
      return new LatchkeyError('share_cancelled', sentence(`Request ${id} was given up.`, known));
  }
}
