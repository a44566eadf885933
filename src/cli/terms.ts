import type { GrantPolicy, GrantTerms } from '../domain/grant.ts';

export interface TermsFlags {
  readonly for?: number | undefined;
  readonly quota?: bigint | undefined;
  readonly 'when-spent'?: GrantPolicy | undefined;
  readonly vlan?: number | undefined;
}

/** Those that were given: what is left out is left to whoever decides. */
export function termsOf(flags: TermsFlags): GrantTerms {
  const terms = { validMs: flags.for, quotaBytes: flags.quota, policy: flags['when-spent'], vlan: flags.vlan };
  return Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== undefined));
}
