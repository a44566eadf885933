import { clientOf } from '../../domain/client-address.ts';
import { LatchkeyError, type ErrorCode } from '../../domain/errors.ts';
import type { Grant } from '../../domain/grant.ts';
import type { Amount } from '../../domain/money.ts';
import type { WalletDecline } from '../../protocol/wallet-decline.ts';
import { RateLimit, refuseIf } from '../rate-limit.ts';
import type { PaymentReply } from '../ledger/payment-request.ts';
import type { CounterDesk } from './counter-desk.ts';
import type { Served } from './counter.ts';
import type { ChargeAuthority, Claim, PosRole } from './ports.ts';

/** What a phone is told of the counter. */
export interface OpenCounter {
  readonly registerId: string;
  /** The network's access point: a terminal's word is for it alone. */
  readonly apId: string;
  readonly network: string | undefined;
  /** What is to be paid; undefined: nothing. */
  readonly order: { readonly payeeId: string; readonly amount: Amount; readonly key: string; readonly memo?: string | undefined } | undefined;
}

export type PhoneClaim = Exclude<Claim, { readonly kind: 'nfc' }>;

export interface PhoneServed extends Pick<Served, 'grant' | 'credential' | 'trouble'> {
  /** What a phone that showed a receipt code shows from now on. */
  readonly phoneToken: string | undefined;
  readonly reply: PaymentReply | undefined;
  readonly leftMs: number | undefined;
}

/** Whether a phone is kept from the network, and how long it may go on. */
export interface Portal {
  readonly isCaptive: boolean;
  readonly leftMs: number | undefined;
}

/** By which grant the phone at an address was let in last; it survives the register's restart. A convenience: nothing fails by it. */
export interface PhoneBook {
  find(address: string): string | undefined;
  note(address: string, grantId: string): void;
}

/** Wrong receipt codes, at an address and in all: they have 40 random bits, and are typed by hand. Wrong payments, and payments declined, at an address. */
const triesAtAddress = { perSecond: 0.1, burst: 5 };
const triesInAll = { perSecond: 2, burst: 40 };

/** What phones ask of a counter. */
export type PhoneService = Pick<PhoneCounter, 'open' | 'pay' | 'declined' | 'access' | 'portal'>;

/** The counter for phones on the shop's network (protocol.md section 8). */
export class PhoneCounter {
  readonly #desk: CounterDesk;
  readonly #pos: Pick<PosRole, 'access' | 'permission'>;
  readonly #phones: PhoneBook;
  readonly #atAddress = new RateLimit(triesAtAddress);
  readonly #inAll = new RateLimit(triesInAll);
  readonly #payments = new RateLimit(triesAtAddress);
  readonly #declines = new RateLimit(triesAtAddress);

  constructor(desk: CounterDesk, pos: Pick<PosRole, 'access' | 'permission'>, phones: PhoneBook) {
    this.#desk = desk;
    this.#pos = pos;
    this.#phones = phones;
  }

  /** Waits so long for a charge to be there. */
  async open(waitMs: number, signal: AbortSignal): Promise<OpenCounter> {
    const { counter } = this.#desk;
    const { id: registerId, apId, payeeId } = counter.register;
    const order = await this.#desk.nextOrder(waitMs, signal);
    // Whose name cannot be asked for now is no reason not to pay.
    const network = await counter.network().catch(() => undefined);
    return { registerId, apId, network, order: order && { payeeId, amount: order.amount, key: order.key, memo: order.memo } };
  }

  /** Errors: those of `CounterDesk.pay`; `rate_limited` after too many that are nobody's: each has the charge go on under another key. */
  async pay(key: string, authority: Omit<Extract<ChargeAuthority, { kind: 'wallet' }>, 'kind'>, address: string, signal: AbortSignal): Promise<PhoneServed> {
    const pay = () => this.#desk.pay(key, authority, signal);
    return this.#served(await counted(this.#payments, clientOf(address), pay), address);
  }

  /** Errors: `charge_over`; `rate_limited` after too many: each is told at the counter. */
  declined(key: string, reason: WalletDecline, address: string): void {
    refuseIf(this.#declines.take(clientOf(address)));
    this.#desk.declined(key, reason);
  }

  /** Errors: those of `CounterService.access`; `rate_limited` after too many wrong receipt codes. */
  async access(claim: PhoneClaim, address: string, signal: AbortSignal): Promise<PhoneServed> {
    if (claim.kind !== 'receipt') {
      return this.#served(await this.#desk.access(claim, signal), address);
    }
    const access = () => this.#desk.access(claim, signal);
    const served = await counted(this.#atAddress, clientOf(address), () => counted(this.#inAll, '', access));
    return this.#served(served, address, claim.phoneToken);
  }

  /** Who a phone is says its token, or else its address: one that has opened the page has a token, whatever let it in. Errors: those of the registry but refusals. */
  async portal(phoneToken: string | undefined, address: string): Promise<Portal> {
    const grant = await this.#grantOf(phoneToken, address);
    const leftMs = grant && this.#desk.counter.leftOf(grant);
    return { isCaptive: grant === undefined || grant.state !== 'active' || leftMs === 0, leftMs };
  }

  async #grantOf(phoneToken: string | undefined, address: string): Promise<Grant | undefined> {
    const byToken = phoneToken === undefined ? undefined : await known(() => this.#pos.access({ kind: 'phone', token: phoneToken }));
    const grantId = this.#phones.find(address);
    return byToken ?? (grantId === undefined ? undefined : known(() => this.#pos.permission(grantId)));
  }

  #served({ charged, grant, credential, trouble }: Served, address: string, phoneToken?: string): PhoneServed {
    if (grant !== undefined) {
      this.#phones.note(address, grant.id);
    }
    return { reply: charged?.reply, grant, phoneToken, credential, trouble, leftMs: grant && this.#desk.counter.leftOf(grant) };
  }
}

const wrong: readonly ErrorCode[] = ['receipt_code_invalid', 'not_bound', 'password_wrong'];

/** A try, which a wrong one alone uses up. Errors: `rate_limited` if there is none. */
async function counted<T>(tries: RateLimit, of: string, work: () => Promise<T>): Promise<T> {
  refuseIf(tries.take(of));
  let isWrong = false;
  try {
    return await work();
  } catch (error) {
    isWrong = error instanceof LatchkeyError && wrong.includes(error.code);
    throw error;
  } finally {
    if (!isWrong) {
      tries.giveBack(of);
    }
  }
}

/** Undefined for who has no time. */
async function known(find: () => Promise<Grant>): Promise<Grant | undefined> {
  try {
    return await find();
  } catch (error) {
    if (error instanceof LatchkeyError && ['not_permitted', 'time_used_up', 'grant_paused', 'grant_not_found'].includes(error.code)) {
      return undefined;
    }
    throw error;
  }
}
