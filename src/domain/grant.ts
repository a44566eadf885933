import { LatchkeyError } from './errors.ts';
import { quoted } from './shown-text.ts';

// What a grant is for, how it was earned, and how it ends (glossary.md).

/**
 * `nfc` is a card’s or phone’s NFC identifier, `phone` one that redeemed a receipt code, both as keyed hashes; `receipt` a
 * code that nobody has redeemed yet.
 */
export const subjectKinds = ['device', 'nfc', 'terminal', 'receipt', 'phone'] as const;
export type SubjectKind = (typeof subjectKinds)[number];
export const grantSources = ['device', 'payment', 'share'] as const;
export type GrantSource = (typeof grantSources)[number];
/** `active` lets in; `paused` will again; `ended` came to its time or quota; `revoked` was taken back. */
export const grantStates = ['active', 'paused', 'ended', 'revoked'] as const;
export type GrantState = (typeof grantStates)[number];
/** What happens when the quota, of traffic or of time, is spent: off the air, or for a while only the agent reachable. */
export const grantPolicies = ['cut', 'restrict'] as const;
export type GrantPolicy = (typeof grantPolicies)[number];

export interface Grant {
  readonly id: string;
  readonly subject: { readonly kind: SubjectKind; readonly id: string };
  readonly network: { readonly apId: string; readonly ssid: string };
  readonly source: GrantSource;
  readonly requestId: string | undefined;
  readonly startsAt: Date;
  readonly endsAt: Date | undefined;
  /** All the time that was ever allowed, where it is counted, in milliseconds. */
  readonly allowedMs: number | undefined;
  /** What is left of that, in milliseconds, while it does not run: until the radio has the grant, and while it is paused. */
  readonly waitingMs: number | undefined;
  /** Traffic allowed in bytes, both ways together; undefined is without limit. */
  readonly quotaBytes: bigint | undefined;
  readonly policy: GrantPolicy;
  /** The VLAN that its subject is put into; undefined: the access point's own choice. */
  readonly vlan: number | undefined;
  readonly usage: GrantUsage;
  readonly state: GrantState;
  readonly closedAt: Date | undefined;
  readonly closedBy: string | undefined;
  readonly reason: string | undefined;
  readonly revision: number;
}

type NewGrant = Pick<Grant, 'id' | 'subject' | 'network' | 'source' | 'startsAt' | 'revision'> &
  Partial<Pick<Grant, 'requestId' | 'endsAt' | 'allowedMs' | 'waitingMs' | 'quotaBytes' | 'policy' | 'vlan'>>;

/** A grant as it is made; what is not said of it has no bounds. */
export function newGrant(of: NewGrant): Grant {
  return {
    requestId: undefined,
    endsAt: undefined,
    allowedMs: undefined,
    waitingMs: undefined,
    quotaBytes: undefined,
    policy: 'cut',
    vlan: undefined,
    usage: noUsage,
    state: 'active',
    closedAt: undefined,
    closedBy: undefined,
    reason: undefined,
    ...of,
  };
}

/** What a grant's subject has used, as the radio counted it. */
export interface GrantUsage {
  /** Bytes that came from the subject. */
  readonly bytesIn: bigint;
  /** Bytes that went to it. */
  readonly bytesOut: bigint;
  /** How long it was connected. */
  readonly seconds: number;
}

export const noUsage: GrantUsage = { bytesIn: 0n, bytesOut: 0n, seconds: 0 };

/** What whoever lets a subject in may say about its grant. */
export interface GrantTerms {
  /** From the moment of the approval. */
  readonly validMs?: number | undefined;
  readonly quotaBytes?: bigint | undefined;
  readonly policy?: GrantPolicy | undefined;
  readonly vlan?: number | undefined;
}

/** What is added to a grant that is in force. */
export interface GrantIncrease {
  readonly validMs?: number | undefined;
  readonly quotaBytes?: bigint | undefined;
}

/** Whether the grant lets its subject in at a moment. */
export function isInForce(grant: Pick<Grant, 'state' | 'startsAt' | 'endsAt'>, at: Date): boolean {
  return grant.state === 'active' && grant.startsAt <= at && (grant.endsAt === undefined || at < grant.endsAt);
}

/** How long who has used up the time of a grant whose policy is to restrict still reaches the agent, to buy more. */
export const timeGraceMs = 3_600_000;

/** When its time is used up: its end, or, of time on a shared network where its policy is to restrict, `timeGraceMs` before that. Undefined: never. */
export function timeUpAt({ source, policy, allowedMs, endsAt }: Pick<Grant, 'source' | 'policy' | 'allowedMs' | 'endsAt'>): Date | undefined {
  return source === 'share' && policy === 'restrict' && allowedMs !== undefined && endsAt !== undefined ? new Date(endsAt.getTime() - timeGraceMs) : endsAt;
}

/** Milliseconds left of its time at a moment; undefined: there is no end to it. */
export function timeLeft({ state, endsAt, waitingMs }: Pick<Grant, 'state' | 'endsAt' | 'waitingMs'>, at: Date): number | undefined {
  if (state === 'ended' || state === 'revoked') {
    return 0;
  }
  return waitingMs ?? (endsAt === undefined ? undefined : Math.max(0, endsAt.getTime() - at.getTime()));
}

/** The radio has a grant since then, in this revision: its time runs. */
export interface GrantBegin {
  readonly at: Date;
  readonly revision: number;
}

/** A grant whose time waits, as it is when that runs from a moment on. */
export function begunAt(grant: Grant, at: Date): Grant {
  const { waitingMs } = grant;
  return waitingMs === undefined ? grant : { ...grant, endsAt: new Date(at.getTime() + waitingMs), waitingMs: undefined };
}

/** Whether its traffic is used up. */
export function isSpent({ quotaBytes, usage }: Pick<Grant, 'quotaBytes' | 'usage'>): boolean {
  return quotaBytes !== undefined && usage.bytesIn + usage.bytesOut >= quotaBytes;
}

/** Of two counts of the same usage, neither of which counts anything twice, the one that has seen more of each. */
export function laterUsage(one: GrantUsage, other: GrantUsage): GrantUsage {
  const most = (a: bigint, b: bigint) => (a > b ? a : b);
  return {
    bytesIn: most(one.bytesIn, other.bytesIn),
    bytesOut: most(one.bytesOut, other.bytesOut),
    seconds: Math.max(one.seconds, other.seconds),
  };
}

/**
 * What an access point does for its grants: nothing; one password for all, so that whoever knows it stays in; or a
 * password each, taken back with the grant.
 */
export const enforcements = ['none', 'shared-password', 'per-grant'] as const;
export type Enforcement = (typeof enforcements)[number];

/** Whether an agent brings the radio in step with the grants. Else who is on the network is who knows its one password. */
export function isEnforced(enforcement: Enforcement | undefined): boolean {
  return enforcement === 'per-grant' || enforcement === 'shared-password';
}

export const highestVlan = 4094;

/** A VLAN's number: 1 to 4094 (IEEE 802.1Q, 9.6). */
export function parseVlan(text: string): number {
  if (!/^\d{1,4}$/.test(text) || Number(text) < 1 || Number(text) > highestVlan) {
    throw new LatchkeyError('invalid_input', `${quoted(text)} is no VLAN: they are numbered from 1 to ${highestVlan}.`);
  }
  return Number(text);
}
