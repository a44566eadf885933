/** What a grant is for, how it was earned, and how it ends (glossary.md). */
export type SubjectKind = 'device' | 'nfc' | 'terminal';
export const grantSources = ['device', 'payment', 'share'] as const;
export type GrantSource = (typeof grantSources)[number];
/** `active` lets in; `ended` came to its time or quota; `revoked` was taken back. */
export type GrantState = 'active' | 'ended' | 'revoked';
export const grantStates = ['active', 'ended', 'revoked'] as const satisfies readonly GrantState[];
/** What happens when the quota is spent: off the air, or only the agent reachable. */
export type GrantPolicy = 'cut' | 'restrict';

export interface Grant {
  readonly id: string;
  readonly subject: { readonly kind: SubjectKind; readonly id: string };
  readonly network: { readonly apId: string; readonly ssid: string };
  readonly source: GrantSource;
  readonly requestId: string | undefined;
  readonly startsAt: Date;
  readonly endsAt: Date | undefined;
  /** Traffic allowed in bytes; undefined is without limit. */
  readonly quotaBytes: bigint | undefined;
  readonly policy: GrantPolicy;
  readonly state: GrantState;
  readonly closedAt: Date | undefined;
  readonly closedBy: string | undefined;
  readonly reason: string | undefined;
  readonly revision: number;
}

/** Whether the grant lets its subject in at a moment. */
export function isInForce(grant: Grant, at: Date): boolean {
  return grant.state === 'active' && grant.startsAt <= at && (grant.endsAt === undefined || at < grant.endsAt);
}
