import { timingSafeEqual } from 'node:crypto';
import { LatchkeyError } from '../../domain/errors.ts';
import { md5Password } from '../../protocol/transaction-password.ts';
import { keyedHash } from '../keyed-hash.ts';
import type { ServiceContext } from '../service-context.ts';
import type { Binding, Lookup } from './store.ts';

const keyName = 'password-lookup-key';

/** By what an account is found whose password is looked up; nothing by the algorithm whose password is bound to its account. */
export async function lookupOf(context: ServiceContext, { algorithm, identityCode }: Pick<Binding, 'algorithm' | 'identityCode'>, code: Uint8Array): Promise<Lookup> {
  return algorithm === 'md5' ? keyedHash(context, keyName, md5Password(code, identityCode)) : undefined;
}

/**
 * The terminal's account that a password belongs to, and whether it is its next or one that is spent. `fingerprintOf`:
 * what its request is told by at an account. Errors: `not_bound`.
 */
export async function bindingByPassword(
  context: ServiceContext,
  { terminalId, key, password, fingerprintOf }: {
    readonly terminalId: string;
    readonly key: string;
    readonly password: string;
    readonly fingerprintOf: (binding: Binding) => Uint8Array;
  },
): Promise<{ binding: Binding; spent: boolean }> {
  const { store } = context;
  const found = await store.bindings.findByLookup(terminalId, await keyedHash(context, keyName, password));
  if (found !== undefined) {
    return found;
  }
  // A request that came before finds what it was kept as, also where another algorithm has been chosen since.
  const bindings = await store.bindings.ofTerminal(terminalId);
  const used = new Set<Binding>();
  for (const binding of bindings) {
    const kept = await store.payments.findKept(binding.accountId, key);
    if (kept !== undefined && kept.state !== 'cancelled' && timingSafeEqual(kept.fingerprint, fingerprintOf(binding))) {
      return { binding, spent: false };
    }
    if (kept !== undefined) used.add(binding);
  }
  // A wrong one counts where a right one would have paid: where the key is not used.
  const candidates = bindings.filter(({ algorithm }) => algorithm === 'md5');
  const open = candidates.filter((binding) => !used.has(binding));
  const [first, ...others] = open.length > 0 ? open : candidates;
  if (first === undefined) {
    throw new LatchkeyError('not_bound');
  }
  return { binding: others.reduce((most, one) => (one.wrong > most.wrong ? one : most), first), spent: false };
}
