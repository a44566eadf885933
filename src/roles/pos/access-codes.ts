import type { Grant } from '../../domain/grant.ts';
import type { Register } from '../../domain/sale.ts';
import type { ServiceContext } from '../service-context.ts';

// Inside a transaction, with the access point's row taken: with its new revision the agent hears of what is wanted.

/** Has the access point's agent bring the password for a grant to a register that has a key; what is there stays. False if none can come. */
export async function wantAccessCode({ store, clock }: ServiceContext, { id, jwk }: Register, grant: Grant): Promise<boolean> {
  const mayCome = jwk !== undefined && grant.state !== 'ended' && grant.state !== 'revoked';
  if (mayCome) {
    await store.accessCodes.want(grant.id, id, clock.now());
  }
  return mayCome;
}
