import type { Grant } from '../domain/grant.ts';
import type { OwnerRole } from '../roles/owner/ports.ts';

/** What the revocation of a grant does not bring about, where its access point enforces less than a password each. */
export async function revocationCaution(owner: OwnerRole, { network }: Grant): Promise<string | undefined> {
  const { items } = await owner.accessPoints({ limit: 1000 });
  switch (items.find(({ id }) => id === network.apId)?.enforcement) {
    case 'shared-password':
      return `${network.ssid} has one password for all, and whoever was given it still knows it: only changing the network’s password keeps its subject out.`;
    case 'none':
      return `The access point enforces nothing: the subject stays on ${network.ssid} as long as it knows the network’s password.`;
    default:
      return undefined;
  }
}
