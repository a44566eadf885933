import { quoted } from '../domain/shown-text.ts';
import type { GrantReader } from './grant-reader.ts';

/** What a permission list does not bring about at access points that enforce less than a password each; one sentence each. */
export async function enforcementCautions(reader: GrantReader, apIds: readonly string[]): Promise<string[]> {
  if (apIds.length === 0) {
    return [];
  }
  const { items } = await reader.accessPoints({ limit: 1000 });
  return items.filter(({ id }) => apIds.includes(id)).flatMap(({ name, ssid, enforcement }) => {
    const network = ssid === undefined ? `the network of ${quoted(name)}` : quoted(ssid);
    switch (enforcement) {
      case 'per-grant':
        return [];
      case 'shared-password':
        return [`On ${network} the list cannot be enforced: it has one password for all, and who was given it stays on when their time is over.`];
      default:
        return [`On ${network} the list cannot be enforced: no agent does it, and who knows the password stays on when their time is over.`];
    }
  });
}
