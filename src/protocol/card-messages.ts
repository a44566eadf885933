import { parseCurrency } from '../domain/currency.ts';
import { isErrorCode, LatchkeyError, type ErrorCode } from '../domain/errors.ts';
import { isId } from '../domain/identifiers.ts';
import { checkedAmount, type Amount } from '../domain/money.ts';
import { passwordAlgorithms, type PasswordAlgorithm } from '../domain/payment.ts';
import { parsePassphrase, parseSsid, securities, type Security } from '../domain/ssid.ts';
import { decodeCbor, encodeCbor, type CborMap, type CborValue } from './cbor.ts';

/**
 * What cash register and wallet say to each other (protocol.md section 8): deterministic CBOR, one map each, with the
 * names that JSON has. Requests with unknown members are refused, in answers they are passed over.
 */
export interface CardMessage<T> {
  encode(value: T): Uint8Array;
  /** Errors: `invalid_input`, and those of amounts and currencies. */
  decode(bytes: Uint8Array): T;
}

/** What the card says of itself when it is selected. */
export interface WalletApplication {
  readonly version: number;
  /** `pay`, `access`, and what later versions add. */
  readonly capabilities: readonly string[];
}

/** The preset payment account information. */
export interface PaymentInfo {
  readonly accountId: string;
  readonly terminalId: string;
  /** 1 to 16 codes of ISO 4217, the account's own first. */
  readonly currencies: readonly string[];
  readonly algorithm?: PasswordAlgorithm | undefined;
}

/** What the cash register wants to be paid. */
export interface AuthoriseRequest {
  readonly payeeId: string;
  readonly amount: Amount;
  readonly idempotencyKey: string;
  /** The cash register, if it gives time on a network for it: then a wallet that brings the payment itself says so, too. */
  readonly registerId?: string | undefined;
  /** For the payer to read: 1 to 64 characters, none of control. */
  readonly memo?: string | undefined;
}

export interface Authorisation {
  /** The transaction password (protocol.md section 4). */
  readonly password: string;
  /** Of the temporary code with which it was made: the binding's first has number 1. */
  readonly codeNumber: number;
}

/** What the server replied to the payment, as far as the wallet does not know it. */
export type PaymentOutcome = AcceptedPayment | RefusedPayment;

export interface AcceptedPayment {
  readonly idempotencyKey: string;
  readonly status: 'paid' | 'held';
  readonly paymentId: string;
  readonly payeeName: string;
  readonly at: Date;
  /** Until then it is held. */
  readonly expiresAt?: Date | undefined;
  /** What renews the temporary code, 32 bytes: to derive it from, or by `md5` the next code itself. None if no code was used. */
  readonly renewal?: { readonly rotation: Uint8Array } | { readonly nextCode: Uint8Array } | undefined;
}

export interface RefusedPayment {
  readonly idempotencyKey: string;
  readonly status: 'refused';
  readonly reason: ErrorCode;
}

export interface NetworkRequest {
  /** The SSID, for the wallet's user. */
  readonly network: string;
  /** The access point whose network it is: what the wallet says of itself counts there alone. */
  readonly apId: string;
}

/** Who wants to be on the network: a terminal that proves which it is, or a phone by what it got for a receipt code. */
export type AccessClaim =
  | { readonly kind: 'terminal'; readonly token: TerminalToken }
  | { readonly kind: 'phone'; readonly token: string };

export interface TerminalToken {
  readonly accountId: string;
  readonly terminalId: string;
  readonly codeNumber: number;
  readonly at: Date;
  /** `subjectMac` of it and of the access point, 32 bytes. */
  readonly mac: Uint8Array;
}

export interface DeliveredCredential {
  readonly ssid: string;
  readonly password: string;
  /** The identifier of an SAE password. */
  readonly passwordId?: string | undefined;
  readonly security: Security;
  readonly endsAt?: Date | undefined;
}

const secretLength = 32;
const shownText = /^\P{Cc}{1,64}$/u;
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/;

export const walletApplication = message<WalletApplication>('answer', {
  write: ({ version, capabilities }) => ({ version, capabilities }),
  read: (members) => ({
    version: members.required('version', (value) => counter(value)),
    capabilities: members.required('capabilities', (value) => list(value, 16, (item) => text(item, /^[a-z][a-z0-9_-]{0,31}$/))),
  }),
});

export const paymentInfo = message<PaymentInfo>('answer', {
  write: ({ accountId, terminalId, currencies, algorithm }) => ({ account_id: accountId, terminal_id: terminalId, currencies, algorithm }),
  read: (members) => ({
    accountId: members.required('account_id', id),
    terminalId: members.required('terminal_id', id),
    currencies: members.required('currencies', (value) => nonEmpty(list(value, 16, (item) => parsed(item, parseCurrency)))),
    ...members.optional('algorithm', 'algorithm', (value) => oneOf(value, passwordAlgorithms)),
  }),
});

export const authoriseRequest = message<AuthoriseRequest>('request', {
  write: ({ payeeId, amount, idempotencyKey, registerId, memo }) => ({
    payee_id: payeeId, amount_minor: amount.minor, currency: amount.currency, idempotency_key: idempotencyKey, register_id: registerId, memo,
  }),
  read: (members) => ({
    payeeId: members.required('payee_id', id),
    amount: checkedAmount({ minor: members.required('amount_minor', integer), currency: members.required('currency', (value) => parsed(value, parseCurrency)) }),
    idempotencyKey: members.required('idempotency_key', id),
    ...members.optional('registerId', 'register_id', id),
    ...members.optional('memo', 'memo', (value) => text(value, shownText)),
  }),
});

export const authorisation = message<Authorisation>('answer', {
  write: ({ password, codeNumber: number }) => ({ password, code_number: number }),
  read: (members) => ({
    password: members.required('password', (value) => text(value, /^[A-Za-z0-9_-]{1,128}$/)),
    codeNumber: members.required('code_number', codeNumber),
  }),
});

export const paymentOutcome = message<PaymentOutcome>('request', {
  write: (outcome) =>
    outcome.status === 'refused'
      ? { idempotency_key: outcome.idempotencyKey, status: outcome.status, reason: outcome.reason }
      : {
          idempotency_key: outcome.idempotencyKey,
          status: outcome.status,
          payment_id: outcome.paymentId,
          payee_name: outcome.payeeName,
          at: outcome.at.toISOString(),
          expires_at: outcome.expiresAt?.toISOString(),
          ...(outcome.renewal === undefined ? {} : 'rotation' in outcome.renewal ? { rotation: outcome.renewal.rotation } : { next_code: outcome.renewal.nextCode }),
        },
  read(members) {
    const idempotencyKey = members.required('idempotency_key', id);
    const status = members.required('status', (value) => oneOf(value, ['paid', 'held', 'refused'] as const));
    if (status === 'refused') {
      return { idempotencyKey, status, reason: members.required('reason', (value) => (isErrorCode(value) ? value : undefined)) };
    }
    return {
      idempotencyKey,
      status,
      paymentId: members.required('payment_id', id),
      payeeName: members.required('payee_name', (value) => text(value, shownText)),
      at: members.required('at', moment),
      ...members.optional('expiresAt', 'expires_at', moment),
      ...renewalOf(members),
    };
  },
});

export const networkRequest = message<NetworkRequest>('request', {
  write: ({ network, apId }) => ({ network, ap_id: apId }),
  read: (members) => ({ network: members.required('network', (value) => parsed(value, parseSsid)), apId: members.required('ap_id', id) }),
});

const terminalToken: Form<TerminalToken> = {
  write: ({ accountId, terminalId, codeNumber: number, at, mac }) => ({ account_id: accountId, terminal_id: terminalId, code_number: number, at: at.toISOString(), mac }),
  read: (members) => ({
    accountId: members.required('account_id', id),
    terminalId: members.required('terminal_id', id),
    codeNumber: members.required('code_number', codeNumber),
    at: members.required('at', moment),
    mac: members.required('mac', secretBytes),
  }),
};

export const accessClaim = message<AccessClaim>('answer', {
  write: (claim) => (claim.kind === 'terminal' ? { terminal: present(terminalToken.write(claim.token)) } : { phone_token: claim.token }),
  read: (members) =>
    members.has('phone_token')
      ? { kind: 'phone', token: members.required('phone_token', (value) => text(value, /^[A-Za-z0-9_-]{1,128}$/)) }
      : { kind: 'terminal', token: members.required('terminal', (value) => readMap(value, 'answer', terminalToken.read)) },
});

const credentialMembers: Form<DeliveredCredential> = {
  write: ({ ssid, password, passwordId, security, endsAt }) => ({ ssid, password, password_id: passwordId, security, ends_at: endsAt?.toISOString() }),
  read: (members) => ({
    ssid: members.required('ssid', (value) => parsed(value, parseSsid)),
    password: members.required('password', (value) => parsed(value, parsePassphrase)),
    ...members.optional('passwordId', 'password_id', (value) => text(value, /^[\x21-\x7e]{1,128}$/)),
    security: members.required('security', (value) => oneOf(value, securities)),
    ...members.optional('endsAt', 'ends_at', moment),
  }),
};

export const deliveredCredential = message<DeliveredCredential>('request', {
  write: (credential) => ({ credential: present(credentialMembers.write(credential)) }),
  read: (members) => members.required('credential', (value) => readMap(value, 'request', credentialMembers.read)),
});

type Written = Readonly<Record<string, CborValue | undefined>>;
type Kind = 'request' | 'answer';
interface Form<T> {
  write(value: T): Written;
  read(members: Members): T;
}

function message<T>(kind: Kind, { write, read }: Form<T>): CardMessage<T> {
  return {
    encode: (value) => encodeCbor(present(write(value))),
    decode(bytes) {
      const value = readMap(decodeCbor(bytes), kind, read);
      if (value === undefined) {
        throw new LatchkeyError('invalid_input', 'This message is not a map.');
      }
      return value;
    },
  };
}

function present(members: Written): CborMap {
  return new Map(Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])));
}

function readMap<T>(value: unknown, kind: Kind, read: (members: Members) => T): T | undefined {
  if (!(value instanceof Map)) {
    return undefined;
  }
  const members = new Members(value);
  const result = read(members);
  if (kind === 'request') {
    members.refuseOthers();
  }
  return result;
}

/** The members of a map, each read by what gives undefined where it does not fit. Errors: `invalid_input`, which name the member alone. */
class Members {
  readonly #map: ReadonlyMap<unknown, unknown>;
  readonly #known = new Set<unknown>();

  constructor(map: ReadonlyMap<unknown, unknown>) {
    this.#map = map;
  }

  required<T>(name: string, read: (value: unknown) => T | undefined): T {
    this.#known.add(name);
    const value = this.#map.get(name);
    const result = value === undefined ? undefined : read(value);
    if (result === undefined) {
      throw new LatchkeyError('invalid_input', `This message’s ${name} is ${value === undefined ? 'missing' : 'not what it may be'}.`);
    }
    return result;
  }

  has(name: string): boolean {
    return this.#map.has(name);
  }

  optional<K extends string, T>(key: K, name: string, read: (value: unknown) => T | undefined): { readonly [_ in K]?: T } {
    this.#known.add(name);
    return this.has(name) ? ({ [key]: this.required(name, read) } as { readonly [_ in K]: T }) : {};
  }

  refuseOthers(): void {
    if ([...this.#map.keys()].some((name) => !this.#known.has(name))) {
      throw new LatchkeyError('invalid_input', 'This message has a member that is not known here.');
    }
  }
}

/** At most one of the two. */
function renewalOf(members: Members): Pick<AcceptedPayment, 'renewal'> {
  if (members.has('rotation')) {
    return { renewal: { rotation: members.required('rotation', secretBytes) } };
  }
  return members.has('next_code') ? { renewal: { nextCode: members.required('next_code', secretBytes) } } : {};
}

function text(value: unknown, form: RegExp): string | undefined {
  return typeof value === 'string' && form.test(value) ? value : undefined;
}

function id(value: unknown): string | undefined {
  return typeof value === 'string' && isId(value) ? value : undefined;
}

function oneOf<const T extends string>(value: unknown, allowed: readonly T[]): T | undefined {
  return allowed.find((item) => item === value);
}

function integer(value: unknown): bigint | undefined {
  return typeof value === 'bigint' || Number.isSafeInteger(value) ? BigInt(value as bigint | number) : undefined;
}

function counter(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

function codeNumber(value: unknown): number | undefined {
  return value === 0 ? undefined : counter(value);
}

function secretBytes(value: unknown): Uint8Array | undefined {
  return value instanceof Uint8Array && value.length === secretLength ? Uint8Array.from(value) : undefined;
}

function moment(value: unknown): Date | undefined {
  const at = typeof value === 'string' && instant.test(value) ? new Date(value) : undefined;
  return at === undefined || Number.isNaN(at.getTime()) ? undefined : at;
}

function parsed(value: unknown, parse: (given: string) => string): string | undefined {
  return typeof value === 'string' ? parse(value) : undefined;
}

function list<T>(value: unknown, most: number, read: (item: unknown) => T | undefined): readonly T[] | undefined {
  if (!Array.isArray(value) || value.length > most) {
    return undefined;
  }
  const items = value.map(read);
  return items.some((item) => item === undefined) ? undefined : (items as T[]);
}

function nonEmpty<T>(items: readonly T[] | undefined): readonly T[] | undefined {
  return items?.length === 0 ? undefined : items;
}
