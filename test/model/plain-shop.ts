import { done, paymentName, refused, type Judged, type PlainLedger, type PlainPayment, type PlainRequest } from './plain-ledger.ts';

/**
 * What cash registers on one network have to be, in plain numbers: who bought how much time with what, and what of it is
 * left (protocol.md section 8). Money is the plain ledger's.
 */

export const tariffs = {
  /** 10 minutes for 0.10EUR, from 0.20EUR on; 5 minutes are free at the first time. */
  steps: { kind: 'steps', step: '0.10EUR=10min', minimum: '0.20EUR', free: '5min', pausable: true, refund: 'unused' },
  /** An hour for 0.50EUR. */
  fixed: { kind: 'fixed', price: '0.50EUR', allowed: '1h', refund: 'unused' },
} as const;
export type PlainTariff = keyof typeof tariffs;

const minute = 60_000;

interface Time {
  readonly boughtMs: number;
  /** With what is free. */
  readonly allowedMs: number;
  /** What `boughtMs` costs. */
  readonly used: number;
}

/** Undefined where it buys none. */
export function timeFor(tariff: PlainTariff, minor: number, isFirst: boolean): Time | undefined {
  if (tariff === 'fixed') {
    return minor < 50 ? undefined : { boughtMs: 60 * minute, allowedMs: 60 * minute, used: 50 };
  }
  const steps = Math.floor(minor / 10);
  return minor < 20 ? undefined : { boughtMs: steps * 10 * minute, allowedMs: (steps * 10 + (isFirst ? 5 : 0)) * minute, used: steps * 10 };
}

export interface PlainRegister {
  readonly id: string;
  readonly payeeId: string;
  readonly tariff: PlainTariff;
}

export type PlainTender = 'wallet' | 'mandate' | 'cash';

export interface PlainSale {
  readonly name: string;
  readonly registerId: string;
  readonly key: string;
  /** Undefined where it was paid outside. */
  readonly payerId: string | undefined;
  readonly subject: string;
  readonly tender: PlainTender;
  readonly minor: number;
  readonly payeeId: string;
  readonly memo: string | undefined;
  readonly at: number;
  /** By account and key. */
  readonly payment: string | undefined;
  /** What it made or lengthened, by the sale that made it. */
  readonly permission: string | undefined;
  readonly tariff: PlainTariff;
  readonly time: Time | undefined;
  refunded: number;
  /** Learnt when it is first seen. */
  id: string | undefined;
}

export interface PlainPermission {
  /** That of the sale that made it. */
  readonly name: string;
  subject: string;
  readonly startsAt: number;
  endsAt: number | undefined;
  allowedMs: number;
  /** While it is paused. */
  waitingMs: number | undefined;
  state: 'active' | 'paused' | 'ended' | 'revoked';
  closedAt: number | undefined;
  reason: string | undefined;
  /** Learnt when it is first seen. */
  id: string | undefined;
}

export interface PlainMandate {
  readonly subject: string;
  readonly accountId: string;
  readonly perTap: number;
  readonly perDay: number;
  readonly setAt: number;
  readonly endedAt: number | undefined;
}

/** A bare card that was held to a register, and what came of it. */
export interface PlainTap {
  readonly registerId: string;
  readonly subject: string;
  readonly key: string;
  readonly minor: number;
  /** `charged`, or the code of why not. */
  readonly cameTo: string;
}

/** What is charged, beside who pays it and how. */
export interface PlainCharge {
  readonly key: string;
  readonly minor: number;
  readonly memo: string | undefined;
}

/** A terminal's word, and of which code it was made. */
export interface PlainWord {
  readonly accountId: string;
  readonly terminalId: string;
  readonly codeNumber: number;
  readonly at: number;
  readonly code: string | undefined;
}

/** Kind and name of who may have time: the name is the terminal's id, the UID, the sale that the receipt is of, or the phone's token. */
export const subjectName = (kind: 'terminal' | 'nfc' | 'receipt' | 'phone', name: string) => `${kind} ${name}`;
/** By its register, its key there and who pays. */
export const saleName = (registerId: string, key: string, payerId: string | undefined) => `${registerId} ${key} ${payerId ?? '-'}`;

const dayMs = 86_400_000;
const wordMs = 120_000;
const timeIsOver = 'its time is over';

export class PlainShop {
  readonly #ledger: PlainLedger;
  registers = new Map<string, PlainRegister>();
  sales = new Map<string, PlainSale>();
  permissions = new Map<string, PlainPermission>();
  /** By subject. */
  mandates = new Map<string, PlainMandate>();
  /** By register, subject and key. */
  taps = new Map<string, PlainTap>();
  /** How the database calls whoever has no id of their own; learnt. */
  subjectIds = new Map<string, string>();

  constructor(ledger: PlainLedger) {
    this.#ledger = ledger;
  }

  /** The same once more, to try on. */
  copy(): PlainShop {
    return Object.assign(new PlainShop(this.#ledger), structuredClone({ ...this }));
  }

  // What is paid.

  /** By its own transaction password, whoever brings it: the terminal itself, or the register that asked for it. */
  payByWallet(terminalId: string, request: PlainRequest, now: number, counts: boolean): Judged {
    if (request.registerId === undefined) {
      return this.#ledger.pay(terminalId, request, now);
    }
    const register = this.registers.get(request.registerId);
    if (register === undefined || register.payeeId !== request.payeeId) {
      return refused('invalid_input');
    }
    const buy = (payment: PlainPayment) => this.#sell(register, { key: request.key, minor: request.minor, memo: request.memo, subject: subjectName('terminal', terminalId), tender: 'wallet', payment, at: now });
    return this.#ledger.pay(terminalId, request, now, { counts, buy });
  }

  chargeByWallet(registerId: string, terminalId: string, request: PlainRequest, now: number): Judged {
    return this.#charged(registerId, request.key, request.accountId, this.payByWallet(terminalId, request, now, false));
  }

  chargeByMandate(registerId: string, subject: string, { key, minor, memo }: PlainCharge, now: number): Judged {
    const register = this.registers.get(registerId)!;
    const earlier = [...this.sales.values()].find((sale) => sale.registerId === registerId && sale.key === key && sale.tender === 'mandate');
    if (earlier !== undefined) {
      return earlier.subject === subject && earlier.minor === minor ? { parts: [], expected: { charged: earlier.name, payment: earlier.payment } } : refused('idempotency_mismatch');
    }
    const name = `${registerId} ${subject} ${key}`;
    const kept = this.taps.get(name);
    if (kept !== undefined) {
      return refused(kept.minor === minor ? kept.cameTo : 'idempotency_mismatch');
    }
    const cameTo = (what: string) => this.taps.set(name, { registerId, subject, key, minor, cameTo: what });
    const { parts, expected } = this.#judgeTap(register, subject, { key, minor, memo }, now);
    if ('error' in expected) {
      return expected.error === 'idempotency_mismatch' ? { parts, expected } : { parts: [...parts, () => cameTo(expected.error)], expected };
    }
    const charge = parts.at(-1)!;
    return { parts: [...parts.slice(0, -1), () => { charge(); cameTo('charged'); }], expected };
  }

  #judgeTap(register: PlainRegister, subject: string, { key, minor, memo }: PlainCharge, now: number): Judged {
    const mandate = this.mandates.get(subject);
    if (mandate === undefined || mandate.endedAt !== undefined) {
      return refused('mandate_missing');
    }
    const { accountId } = mandate;
    const registerId = register.id;
    const request: PlainRequest = {
      key, accountId, codeNumber: undefined, payeeId: register.payeeId, minor, currency: 'EUR', password: `the mandate of ${subject}`, made: undefined, memo, holdMs: undefined, registerId,
    };
    const kept = this.#ledger.payment(accountId, key);
    if (kept !== undefined) {
      return this.#ledger.again(kept, registerId, request);
    }
    const buy = (payment: PlainPayment) => this.#sell(register, { key, minor, memo, subject, tender: 'mandate', payment, at: now });
    const taking = { accountId, terminalId: registerId, binding: undefined, buy };
    if (minor > mandate.perTap || this.#taken(subject, now) + minor > mandate.perDay) {
      return this.#ledger.refuse(taking, request, now, 'mandate_exceeded');
    }
    return this.#charged(registerId, key, accountId, this.#ledger.take(taking, request, now));
  }

  /** `subject`: undefined for who has nothing to be known by, and gets a receipt. */
  chargeOutside(registerId: string, subject: string | undefined, { key, minor, memo }: PlainCharge, now: number): Judged {
    const register = this.registers.get(registerId)!;
    const name = saleName(registerId, key, undefined);
    const buyer = subject ?? subjectName('receipt', name);
    const earlier = this.sales.get(name);
    if (earlier !== undefined) {
      const isSame = earlier.subject === buyer && earlier.minor === minor && earlier.memo === memo;
      return isSame ? { parts: [], expected: { charged: name, payment: undefined } } : refused('idempotency_mismatch');
    }
    if (this.#ledger.account(register.payeeId).closed) {
      return refused('account_closed');
    }
    const sell = () => this.#sell(register, { key, minor, memo, subject: buyer, tender: 'cash', payment: undefined, at: now });
    return { parts: [sell], expected: { charged: name, payment: undefined } };
  }

  /** What of a day a mandate has used, without what was given back. */
  #taken(subject: string, now: number): number {
    return [...this.sales.values()].filter((sale) => sale.subject === subject && sale.tender === 'mandate' && sale.at > now - dayMs).reduce((sum, { payment }) => {
      const { captured, refunded } = this.#ledger.payments.get(payment!)!;
      return sum + captured - refunded;
    }, 0);
  }

  #charged(registerId: string, key: string, payerId: string | undefined, { parts, expected }: Judged): Judged {
    return { parts, expected: 'payment' in expected ? { charged: saleName(registerId, key, payerId), payment: expected.payment } : expected };
  }

  #sell(register: PlainRegister, { key, minor, memo, subject, tender, payment, at }: PlainCharge & { readonly subject: string; readonly tender: PlainTender; readonly payment: PlainPayment | undefined; readonly at: number }): void {
    const payerId = payment?.accountId;
    const name = saleName(register.id, key, payerId);
    const isFirst = !subject.startsWith('receipt') && ![...this.sales.values()].some((sale) => sale.subject === subject && sale.permission !== undefined);
    const time = timeFor(register.tariff, minor, isFirst);
    this.sales.set(name, {
      name, registerId: register.id, key, payerId, subject, tender, minor, payeeId: register.payeeId, memo, at,
      payment: payment && paymentName(payment.accountId, payment.key),
      permission: time && this.#permit(name, subject, time.allowedMs, at),
      tariff: register.tariff, time, refunded: 0, id: undefined,
    });
  }

  #permit(name: string, subject: string, ms: number, now: number): string {
    const standing = this.permissionOf(subject);
    if (standing !== undefined && left(standing, now) > 0) {
      standing.allowedMs += ms;
      standing.endsAt &&= standing.endsAt + ms;
      standing.waitingMs &&= standing.waitingMs + ms;
      return standing.name;
    }
    if (standing !== undefined) close(standing, 'ended', now, timeIsOver);
    this.permissions.set(name, {
      name, subject, startsAt: now, endsAt: now + ms, allowedMs: ms, waitingMs: undefined, state: 'active', closedAt: undefined, reason: undefined, id: undefined,
    });
    return name;
  }

  // Who may use the network.

  permissionOf(subject: string): PlainPermission | undefined {
    return [...this.permissions.values()].find((one) => one.subject === subject && (one.state === 'active' || one.state === 'paused'));
  }

  /** Errors that a word is no proof. */
  accessByWord({ accountId, terminalId, codeNumber, at, code }: PlainWord, now: number): Judged {
    const binding = this.#ledger.binding(accountId, terminalId);
    const isProof = binding !== undefined && binding.number === codeNumber && binding.code === code && Math.abs(now - at) <= wordMs;
    return isProof ? this.access(subjectName('terminal', terminalId), now) : refused('not_permitted');
  }

  access(subject: string, now: number): Judged {
    const permission = this.permissionOf(subject);
    return permission === undefined ? refused('not_permitted') : this.#enter(permission, now);
  }

  /** `sale`: undefined for a code that is of none. A phone that has redeemed it may ask again, by the same token. */
  accessByReceipt(sale: string | undefined, phone: string, now: number): Judged {
    const sold = sale === undefined ? undefined : this.permissionOf(subjectName('receipt', sale));
    if (sold !== undefined) {
      const { parts, expected } = this.#enter(sold, now);
      return { parts: 'access' in expected ? [() => { sold.subject = phone; }] : parts, expected };
    }
    const redeemed = this.permissionOf(phone);
    return redeemed === undefined || redeemed.name !== sale ? refused('receipt_code_invalid') : this.#enter(redeemed, now);
  }

  #enter(permission: PlainPermission, now: number): Judged {
    if (left(permission, now) === 0) {
      return { parts: [() => close(permission, 'ended', permission.endsAt!, timeIsOver)], expected: { error: 'time_used_up' } };
    }
    if (permission.state === 'paused') {
      return refused('grant_paused');
    }
    return { parts: [], expected: { access: permission.name } };
  }

  pause(registerId: string, name: string, now: number): Judged {
    return this.#change(registerId, name, now, (permission, sales) => {
      if (sales[0]?.tariff !== 'steps') return refused('grant_not_pausable');
      if (permission.state === 'paused') return { parts: [], expected: done };
      return { parts: [() => Object.assign(permission, { state: 'paused', waitingMs: left(permission, now), endsAt: undefined })], expected: done };
    });
  }

  resume(registerId: string, name: string, now: number): Judged {
    return this.#change(registerId, name, now, (permission) => {
      if (permission.state === 'active') return { parts: [], expected: done };
      return { parts: [() => Object.assign(permission, { state: 'active', waitingMs: undefined, endsAt: now + permission.waitingMs! })], expected: done };
    });
  }

  move(registerId: string, name: string, subject: string, now: number): Judged {
    return this.#change(registerId, name, now, (permission) => {
      const other = this.permissionOf(subject);
      if (other !== undefined && left(other, now) > 0) return refused('grant_conflict');
      const move = () => {
        if (other !== undefined) close(other, 'ended', other.endsAt!, timeIsOver);
        permission.subject = subject;
      };
      return { parts: [move], expected: done };
    });
  }

  /** Ends it and gives back what is unused: of what was bought last, first. */
  refund(registerId: string, name: string, now: number): Judged {
    return this.#change(registerId, name, now, (permission, sales) => {
      let rest = left(permission, now);
      const backs = sales.flatMap((sale) => {
        const { boughtMs, used } = sale.time!;
        const unused = Math.min(rest, boughtMs);
        rest -= unused;
        const back = Math.min(Math.floor((used * unused) / boughtMs), sale.minor - sale.refunded);
        return back === 0 ? [] : [{ sale, back }];
      });
      // As one after the other is given back.
      let available: number | undefined;
      for (const { sale: { payment, payeeId, payerId }, back } of backs) {
        if (payment === undefined) continue;
        const payee = this.#ledger.account(payeeId);
        if (payee.closed || this.#ledger.account(payerId!).closed) return refused('account_closed');
        available = (available ?? payee.balance - payee.held) - back;
        if (available < 0) return refused('insufficient_funds');
      }
      const refund = () => {
        close(permission, 'revoked', now, 'refunded');
        for (const { sale, back } of backs) {
          if (sale.payment === undefined) sale.refunded += back;
          else this.refundPayment(this.#ledger.payments.get(sale.payment)!, back).parts.forEach((part) => part());
        }
      };
      return { parts: [refund], expected: done };
    });
  }

  #change(registerId: string, name: string, now: number, change: (permission: PlainPermission, sales: readonly PlainSale[]) => Judged): Judged {
    const permission = this.permissions.get(name)!;
    // Newest first; of two at once the ids decide.
    const sales = [...this.sales.values()].filter((sale) => sale.permission === name).toSorted((one, other) => other.at - one.at || (one.id! < other.id! ? 1 : -1));
    if (sales.some(({ payeeId }) => payeeId !== this.registers.get(registerId)!.payeeId)) {
      return refused('grant_not_found');
    }
    return left(permission, now) === 0 ? refused('grant_over') : change(permission, sales);
  }

  /** A refund in the ledger is one of the sale, too. */
  refundPayment(payment: PlainPayment, minor: number | undefined): Judged {
    const back = minor ?? payment.captured - payment.refunded;
    const sale = [...this.sales.values()].find((one) => one.payment === paymentName(payment.accountId, payment.key));
    const { parts, expected } = this.#ledger.refund(payment, minor);
    return sale === undefined || parts.length === 0 ? { parts, expected } : { parts: [() => { parts.forEach((part) => part()); sale.refunded += back; }], expected };
  }

  /** What is over goes to history, one after the other. */
  endSold(now: number): Judged {
    const over = [...this.permissions.values()].filter(({ state, endsAt }) => state === 'active' && endsAt! <= now).toSorted((one, other) => one.endsAt! - other.endsAt!);
    return { parts: over.map((permission) => () => close(permission, 'ended', permission.endsAt!, timeIsOver)), expected: done };
  }

  // What payers allow.

  setMandate(terminalId: string, { subject, accountId, perTap, perDay }: Pick<PlainMandate, 'subject' | 'accountId' | 'perTap' | 'perDay'>, now: number): Judged {
    if (this.#ledger.binding(accountId, terminalId) === undefined) {
      return refused('not_bound');
    }
    const earlier = this.mandates.get(subject);
    if (earlier !== undefined && earlier.endedAt === undefined && earlier.accountId !== accountId) {
      return refused('mandate_conflict');
    }
    return { parts: [() => this.mandates.set(subject, { subject, accountId, perTap, perDay, setAt: now, endedAt: undefined })], expected: done };
  }

  endMandate(terminalId: string, subject: string, now: number): Judged {
    const mandate = this.mandates.get(subject);
    if (mandate === undefined || this.#ledger.binding(mandate.accountId, terminalId) === undefined) {
      return refused('mandate_not_found');
    }
    return { parts: [() => this.mandates.set(subject, { ...mandate, endedAt: mandate.endedAt ?? now })], expected: done };
  }
}

function left({ state, endsAt, waitingMs }: PlainPermission, now: number): number {
  return state === 'ended' || state === 'revoked' ? 0 : waitingMs ?? Math.max(0, endsAt! - now);
}

function close(permission: PlainPermission, state: 'ended' | 'revoked', closedAt: number, reason: string): void {
  Object.assign(permission, { state, closedAt, reason });
}
