import { Earnings } from '../../domain/share-earnings.ts';
import { SalesByGuest } from '../../domain/share-sales.ts';
import { ssidText } from '../../domain/ssid-text.ts';
import { shareReport } from '../../formats/share-report.ts';
import type { NetworksRole } from '../../roles/networks/ports.ts';
import type { SharingRole } from '../../roles/sharing/ports.ts';
import { systemClock } from '../local-registry.ts';
import { allRequests } from './guest-requests.ts';
import { isWithin, type Period } from './share-earnings.ts';

const usualMs = 90 * 86_400_000;

export interface Reported {
  readonly from: Date;
  readonly to: Date;
  readonly sales: number;
  readonly page: string;
}

/** The page of what this terminal's accounts share; of the last 90 days if no first one is given. Errors: `network_not_found`, `invalid_input`. */
export async function reportSharing(
  { sharing, networks }: { readonly sharing: Pick<SharingRole, 'requests' | 'traffic'>; readonly networks: Pick<NetworksRole, 'network'> },
  networkId: string | undefined,
  period: Period,
  version: string,
): Promise<Reported> {
  const now = systemClock.now();
  const to = period.to ?? now;
  const from = period.from ?? new Date(to.getTime() - usualMs);
  const hours = await sharing.traffic(networkId, from, to);
  const [earnings, guests] = [new Earnings(period.zone), new SalesByGuest()];
  for await (const request of allRequests(sharing, { side: 'sharer', networkId })) {
    if (isWithin(request.paidAt, { from, to })) {
      earnings.add(request);
      guests.add(request);
    }
  }
  const list = earnings.list();
  const names = new Map<string, string>();
  for (const id of new Set(list.map((each) => each.networkId))) {
    names.set(id, ssidText((await networks.network(id)).ssid));
  }
  const page = shareReport({ from, to, zone: period.zone, names, earnings: list, guests: guests.list(), hours }, { generatedAt: now, version });
  return { from, to, sales: list.reduce((total, { sales }) => total + sales, 0), page };
}
