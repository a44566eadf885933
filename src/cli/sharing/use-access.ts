import { LatchkeyError } from '../../domain/errors.ts';
import { moneyForPeople } from '../present/money.ts';
import type { Amount } from '../../domain/money.ts';
import { allowanceForPeople, type Quantity } from '../../domain/quantity.ts';
import { asSentence } from '../../domain/shown-text.ts';
import type { ShareRequest } from '../../domain/share-request.ts';
import { over } from '../../roles/guest/buying.ts';
import type { GuestPurchase } from '../../roles/guest/ports.ts';
import { use, type UseNews, type UsingContext } from '../../roles/guest/using.ts';
import { lowHook } from '../../prompts/low-hook.ts';
import { toLatchkeyError } from '../failure.ts';
import { systemClock } from '../local-registry.ts';
import { remainingForPeople, useNewsToWire, type UseNewsWire } from '../present/share-access.ts';
import { compareKeys, sharerAddress } from './compare-keys.ts';
import { accessInUse, purchasesOf } from './guest-requests.ts';
import { interfaceCounters } from './interface-counters.ts';
import { openGuest, withUse, type OpenedGuest } from './open-guest.ts';
import { FeeDeclined, type FeeFlags } from './pay-fee.ts';
import type { RequestOptions } from './request-access.ts';
import { topUpBy } from './top-up.ts';
import { UseFile } from './use-file.ts';

export interface UseFlags extends FeeFlags {
  readonly interface?: string | undefined;
  readonly sharer?: string | undefined;
  readonly every: number;
  readonly 'auto-topup'?: Quantity | undefined;
  readonly 'auto-topup-max'?: Amount | undefined;
  readonly 'on-low'?: string | undefined;
}

export interface UseOptions extends RequestOptions {
  readonly stream: (news: UseNewsWire) => Promise<void>;
}

/**
 * Follows the use of a shared network until it is settled, counts this side, and has more bought where it runs low and that
 * is wanted. Errors: `share_request_not_found`, `missing_input`, `interface_not_found`, `access_code_mismatch`.
 */
export async function useAccess(requestId: string | undefined, flags: UseFlags, options: UseOptions): Promise<void> {
  const onLow = flags['on-low'] === undefined ? undefined : lowHook(flags['on-low']);
  requireWhole(flags);
  const sharer = await sharerAddress(flags.sharer);
  const guest = await openGuest(flags, options);
  const access = await accessInUse(guest.sharing, requestId, ['ready', 'active', 'ending']);
  const purchase = (await guest.journal.all()).find((each) => each.requestId === access.id && each.at === guest.at);
  const isOnIt = flags.interface !== undefined || sharer !== undefined;
  if (purchase?.compared?.isSame === false || (purchase !== undefined && purchase.compared === undefined && isOnIt)) {
    await compareKeys(guest, purchase, sharer, options);
  }
  const file = new UseFile(access.id);
  const context: UsingContext = {
    ...guest,
    clock: systemClock,
    signal: options.signal,
    everyMs: flags.every,
    kept: file,
    meter: await meterOf(guest, purchase, file, flags, options),
    onAway: onceUntil(options.caution),
  };
  const topUps = new TopUps(guest, access, flags, options);
  const work = async () => {
    for await (const news of use(context, access.id)) {
      await options.stream(useNewsToWire(news, systemClock.now(), news.kind === 'ended' ? await settled(guest, news.usage.request) : undefined));
      if (news.kind === 'low') {
        if (onLow !== undefined) void runOnLow(onLow, news, options);
        topUps.begin(news);
      }
      if (news.kind === 'increased') topUps.increased();
    }
  };
  await Promise.race([purchase === undefined ? work() : withUse(access, work), topUps.interrupted]);
  await Promise.race([topUps.ended, topUps.interrupted]);
  await file.remove();
  if (purchase !== undefined) {
    await over(guest, purchase);
  }
}

function requireWhole({ 'auto-topup': quantity, 'auto-topup-max': most }: UseFlags): void {
  if (quantity !== undefined && most === undefined) {
    throw new LatchkeyError('missing_input', 'How much --auto-topup may cost in all is missing: give --auto-topup-max AMOUNT.');
  }
}

async function meterOf(guest: OpenedGuest, purchase: GuestPurchase | undefined, file: UseFile, { interface: chosen }: UseFlags, { caution }: UseOptions): Promise<UsingContext['meter']> {
  const name = chosen ?? (await file.get()).meter?.interface;
  if (name === undefined) {
    await caution('This side counts nothing: give --interface NAME, the one that is on the shared network. Where no agent counts, all that was bought counts as used then.');
    return undefined;
  }
  await interfaceCounters(name);
  const keys = purchase === undefined ? undefined : await guest.keys.get(purchase.key);
  if (keys === undefined) {
    await caution('This side counts nothing: the key that signs what it counts is not on this machine.');
    return undefined;
  }
  return { interface: name, seed: keys.meterSeed, counters: () => interfaceCounters(name) };
}

/** The same once more tells nobody anything. */
function onceUntil(caution: (text: string) => Promise<void>): (error: Error) => void {
  let last = '';
  return (error) => {
    if (error.message !== last) {
      last = error.message;
      const isClock = error instanceof LatchkeyError && error.code === 'clock_wrong';
      void caution(isClock ? `${asSentence(error.message)} What is counted here is not taken until the clock is right.` : `The server cannot be asked: ${asSentence(error.message)} Counting on.`);
    }
  };
}

async function settled({ sharing }: OpenedGuest, access: ShareRequest) {
  const paid = (await purchasesOf(sharing, access)).filter(({ state }) => state === 'ended');
  const sum = (of: (request: ShareRequest) => bigint) => ({ minor: paid.reduce((total, each) => total + of(each), 0n).toString(), currency: access.fee.currency });
  return { cost: sum(({ fee, returned, owed }) => fee.minor - returned - owed), returned: sum(({ returned }) => returned) };
}

/** A script of the user's: what becomes of it changes nothing here. */
async function runOnLow(run: ReturnType<typeof lowHook>, { threshold, remaining, usage }: Extract<UseNews, { kind: 'low' }>, { signal, caution }: UseOptions): Promise<void> {
  try {
    await run({ requestId: usage.request.id, grantId: usage.grant.id, threshold, remaining }, signal);
  } catch (error) {
    await caution(`--on-low: ${toLatchkeyError(error).message}`);
  }
}

/** Buys more beside what goes on, one after the other. */
class TopUps {
  readonly #guest: OpenedGuest;
  readonly #access: ShareRequest;
  readonly #flags: UseFlags;
  readonly #options: UseOptions;
  #running: Promise<void> = Promise.resolve();
  /** Bought, and not there yet: a warning meanwhile is about what it ends. */
  #isAwaited = false;

  readonly #interrupted = Promise.withResolvers<never>();

  constructor(guest: OpenedGuest, access: ShareRequest, flags: UseFlags, options: UseOptions) {
    this.#guest = guest;
    this.#access = access;
    this.#flags = flags;
    this.#options = options;
    this.#interrupted.promise.catch(() => {});
  }

  /** Rejects where somebody who was asked wants no more of the whole. */
  get interrupted(): Promise<never> {
    return this.#interrupted.promise;
  }

  /** Once none goes on. */
  get ended(): Promise<void> {
    return this.#running;
  }

  begin(news: Extract<UseNews, { kind: 'low' }>): void {
    const isWanted = this.#flags['auto-topup'] !== undefined || this.#options.interactive;
    if (isWanted && !this.#isAwaited) {
      this.#isAwaited = true;
      this.#running = this.#running.then(() => this.#buy(news)).catch((error: unknown) => this.#failed(error)).finally(() => this.increased());
    }
  }

  /** What was bought is there. */
  increased(): void {
    this.#isAwaited = false;
  }

  async #buy({ remaining }: Extract<UseNews, { kind: 'low' }>): Promise<void> {
    const auto = this.#flags['auto-topup'];
    const { interactive, ask } = this.#options;
    if (auto === undefined) {
      const again = this.#access.bought;
      if (!interactive || again === 'unlimited' || again.size === 0n || !(await ask(`Running low: ${remainingForPeople(remaining)}. Buy ${allowanceForPeople(again)} more?`))) {
        return;
      }
      await topUpBy(this.#guest, this.#access.id, again, { ...this.#flags, 'max-fee': undefined, 'no-wait': false }, this.#options);
      return;
    }
    const most = this.#flags['auto-topup-max']!;
    const left = await this.#left(most);
    if (left <= 0n) {
      await this.#options.caution(`Running low: ${remainingForPeople(remaining)}. No more is bought: that has cost ${moneyForPeople(most)} already, which --auto-topup-max allows.`);
      return;
    }
    await topUpBy(this.#guest, this.#access.id, auto, { ...this.#flags, yes: false, 'max-fee': { ...most, minor: left }, 'no-wait': false }, { ...this.#options, interactive: false });
  }

  /** Of what may be spent on increases, in minor units; those that were bought otherwise count, too. */
  async #left(most: Amount): Promise<bigint> {
    const bought = (await purchasesOf(this.#guest.sharing, this.#access)).filter(({ kind, state }) => kind === 'increase' && ['held', 'active', 'ending', 'ended'].includes(state));
    return bought.reduce((left, { fee }) => left - fee.minor, most.minor);
  }

  async #failed(error: unknown): Promise<void> {
    // At a question Ctrl-C is no signal.
    if (error instanceof LatchkeyError && error.code === 'interrupted' && !(error instanceof FeeDeclined)) {
      this.#interrupted.reject(error);
    } else if (!this.#options.signal.aborted) {
      const { message, hint } = toLatchkeyError(error);
      await this.#options.caution(`No more was bought. ${asSentence(message)} ${hint}`);
    }
  }
}
