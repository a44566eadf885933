import { LatchkeyError } from '../../domain/errors.ts';
import type { ServiceContext } from '../service-context.ts';
import { accountsOf } from './parties.ts';
import type { HourOfTraffic } from './ports.ts';

const mostMs = 400 * 86_400_000;
const pageSize = 1000;

/** Errors: as `SharingRole.traffic`. */
export async function trafficOf(context: ServiceContext, networkId: string | undefined, from: Date, to: Date): Promise<readonly HourOfTraffic[]> {
  if (to <= from || to.getTime() - from.getTime() > mostMs) {
    throw new LatchkeyError('invalid_input', 'A period ends after it begins, and has at most 400 days.');
  }
  const accountIds = await accountsOf(context);
  const { networks, shareRequests } = context.store;
  if (networkId !== undefined) {
    const network = await networks.find(networkId);
    if (network === undefined || !accountIds.includes(network.accountId)) {
      throw new LatchkeyError('network_not_found', `There is no network ${networkId}.`);
    }
    return shareRequests.hours([networkId], from, to);
  }
  const ids: string[] = [];
  let after: string | undefined;
  do {
    const page = await networks.list({ accountIds }, { after, limit: pageSize });
    ids.push(...page.items.map(({ id }) => id));
    after = page.next;
  } while (after !== undefined);
  return shareRequests.hours(ids, from, to);
}
