import { LatchkeyError } from '../../domain/errors.ts';
import type { Quantity } from '../../domain/quantity.ts';
import type { ShareRequest } from '../../domain/share-request.ts';
import { withOutcome } from '../../domain/with-outcome.ts';
import type { AccessCode } from '../../protocol/access-code.ts';
import type { NetworkJoiner, OnNetwork } from '../../roles/device/ports.ts';
import { patiently } from '../../roles/guest/awaiting.ts';
import { buy, nothingCame, over, type Bought } from '../../roles/guest/buying.ts';
import type { GuestPurchase } from '../../roles/guest/ports.ts';
import { newMeter } from '../../domain/interface-meter.ts';
import { handOver, isOnScreen, type ShownFlags } from '../credential-output.ts';
import { toLatchkeyError } from '../failure.ts';
import { systemClock, systemRandom } from '../local-registry.ts';
import { openJoiner, type NetworkProgram } from '../open-joiner.ts';
import { accessToWire, stateSentence, type AccessWire } from '../present/share-access.ts';
import { compareKeys, sharerAddress, type SharerAddress } from './compare-keys.ts';
import { interfaceCounters } from './interface-counters.ts';
import { openGuest, purchaseFor, purchaseOf, withPurchase, type OpenedGuest } from './open-guest.ts';
import { payFee, requireConsent, type FeeFlags, type FeeOptions } from './pay-fee.ts';
import { UseFile } from './use-file.ts';

export interface RequestFlags extends FeeFlags, ShownFlags {
  readonly buy?: Quantity | undefined;
  readonly resume?: string | undefined;
  readonly account?: string | undefined;
  readonly 'no-wait': boolean;
  readonly reveal: boolean;
  readonly join?: NetworkProgram | undefined;
  readonly interface?: string | undefined;
  readonly sharer?: string | undefined;
  readonly 'idempotency-key'?: string | undefined;
}

export interface RequestOptions extends FeeOptions {
  readonly signal: AbortSignal;
  readonly note: (text: string) => Promise<void>;
}

/**
 * Buys access, or goes on with what was begun, and hands it over. Errors: those of `buy`, of paying and joining;
 * `missing_input`, `access_code_mismatch`.
 */
export async function requestAccess(offerId: string | undefined, flags: RequestFlags, options: RequestOptions): Promise<AccessWire> {
  const sharer = await sharerAddress(flags.sharer);
  const joiner = await joinerFor(flags, options);
  const guest = await openGuest(flags, options);
  const purchase = await begun(guest, offerId, flags, options);
  return withPurchase(purchase, async () => {
    const bought = await buy(buying(guest, flags, options), purchase);
    await forgetOver(guest).catch((error: unknown) => options.caution(`Keys of earlier purchases could not be thrown away. ${toLatchkeyError(error).message}`));
    return bought.code === undefined ? accessToWire(bought.request, {}) : handedOver(guest, { ...bought, code: bought.code }, { joiner, sharer }, flags, options);
  });
}

/** How it gets onto the network, and where it compares keys there. */
interface Way {
  readonly joiner: NetworkJoiner | undefined;
  readonly sharer: SharerAddress | undefined;
}

/** Opened before anything is sent: what is to join must be there, and be counted. Errors: `missing_input`, `interface_not_found`, `wifi_unavailable`. */
async function joinerFor({ join, interface: name }: RequestFlags, options: RequestOptions): Promise<NetworkJoiner | undefined> {
  if (join === undefined) {
    return undefined;
  }
  if (name === undefined) {
    throw new LatchkeyError('missing_input', '--interface is missing: which one is to join, such as wlan0.');
  }
  await interfaceCounters(name);
  return openJoiner(join, name, options);
}

async function begun(guest: OpenedGuest, offerId: string | undefined, flags: RequestFlags, options: RequestOptions): Promise<GuestPurchase> {
  const { resume, buy: quantity, account, 'idempotency-key': key } = flags;
  if (resume !== undefined) {
    return purchaseOf(guest, resume);
  }
  if (offerId === undefined || quantity === undefined) {
    throw new LatchkeyError('missing_input', offerId === undefined ? 'The offer is missing: give its id, or --resume REQUEST.' : 'How much to buy is missing: give --buy 500MB or --buy 2h.');
  }
  const order = { kind: 'access', offerId, quantity, account } as const;
  requireConsent(flags, options.interactive);
  const found = await purchaseFor(guest, order, key);
  if (found.isNew || key !== undefined || found.requestId === undefined) {
    return found;
  }
  const earlier = await patiently({ signal: options.signal }, () => guest.sharing.show(found.requestId!));
  if (!isOver(earlier)) {
    await options.note(`Going on with request ${earlier.id}.`);
    return found;
  }
  await over(guest, found);
  await options.caution(earlier.state === 'ended' ? `An earlier request for this offer, ${earlier.id}, is used up or ended.` : `An earlier request for this offer came to nothing. ${nothingCame(earlier).message}`);
  return begun(guest, offerId, flags, options);
}

/** What other purchases came to, which nobody followed to their end, needs no keys any more. */
async function forgetOver(guest: OpenedGuest): Promise<void> {
  const others = (await guest.journal.all()).filter(({ isOver: wasOver, requestId, at }) => !wasOver && requestId !== undefined && at === guest.at);
  for (const purchase of others) {
    const request = await guest.sharing.show(purchase.requestId!).catch((error: unknown) => {
      if (!(error instanceof LatchkeyError)) throw error;
      return error.code === 'share_request_not_found' ? undefined : 'unknown';
    });
    if (request === undefined || (request !== 'unknown' && isOver(request) && request.state !== 'ending')) {
      await over(guest, purchase);
    }
  }
}

function isOver({ state }: ShareRequest): boolean {
  return !['priced', 'held', 'approved', 'ready', 'active'].includes(state);
}

export function buying(guest: OpenedGuest, flags: FeeFlags & { readonly 'no-wait': boolean }, options: RequestOptions) {
  const { signal, note, caution } = options;
  return {
    ...guest,
    clock: systemClock,
    random: systemRandom,
    signal,
    noWait: flags['no-wait'],
    pay: (request: ShareRequest) => payFee(request, guest.sharing, flags, options),
    onState: (request: ShareRequest) => void note(stateSentence(request)),
    onAway: (error: Error) => void caution(`The server cannot be asked: ${error.message} Trying again.`),
  };
}

async function handedOver(guest: OpenedGuest, { purchase, request, code }: Bought & { readonly code: AccessCode }, { joiner, sharer }: Way, flags: RequestFlags, options: RequestOptions): Promise<AccessWire> {
  const { signal } = options;
  const files = await handOver(code, flags, { format: flags.format, onScreen: flags.reveal || (joiner === undefined && isOnScreen(flags)) || flags.qr || flags.format !== 'text' });
  const on = joiner === undefined ? undefined : await joined(joiner, request, code, flags, signal);
  const isToCompare = joiner !== undefined || sharer !== undefined || purchase.compared?.isSame === false;
  try {
    const compared = isToCompare ? await compareKeys(guest, purchase, sharer, options) : knownComparison(purchase);
    return accessToWire(request, { handedOver: files, on, compared });
  } catch (error) {
    if (error instanceof LatchkeyError && error.code === 'access_code_mismatch') {
      await joiner?.back().catch(() => {});
    }
    throw error;
  }
}

function knownComparison({ compared }: GuestPurchase): 'same' | undefined {
  return compared?.isSame === true ? 'same' : undefined;
}

/** Counts from before: what goes over the interface then is the guest's use. */
async function joined(joiner: NetworkJoiner, request: ShareRequest, code: AccessCode, { interface: name = '' }: RequestFlags, signal: AbortSignal): Promise<OnNetwork> {
  const file = new UseFile(request.id);
  const kept = await file.get();
  if (kept.meter === undefined) {
    await file.set({ ...kept, meter: newMeter(name, await interfaceCounters(name), systemClock.now()) });
  }
  try {
    return await joiner.join(code, signal);
  } catch (error) {
    throw withOutcome(error, 'The access is paid for and yours.', `Try again with \`latchkey share request --resume ${request.id}\`; \`latchkey share end ${request.id}\` gives it up, and what is unused goes back by the tariff's rule.`);
  }
}
