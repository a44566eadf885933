import { isEnforced, type Grant } from '../../domain/grant.ts';
import type { BegunCharge } from '../../roles/pos/charge-journal.ts';
import type { RegisterStatus } from '../present/registers.ts';
import { ChargeFile } from './charge-file.ts';
import type { Counter } from './open-counter.ts';

const atOnce = 1000;

/** What of what was paid for is not served yet, and why. */
export async function registerStatus({ pos, register }: Counter): Promise<RegisterStatus> {
  const network = await pos.network();
  const enforced = isEnforced(network.enforcement);
  const { items: [lastSale] } = await pos.sales({}, { limit: 1 });
  return { register, network, enforced, waiting: enforced ? await waitingGrants(pos) : [], open: await new ChargeFile(register.id).pending(), lastSale };
}

/** The charges of this machine whose outcome is not known, without asking anybody. */
export async function openChargesHere(): Promise<readonly BegunCharge[]> {
  const journals = ChargeFile.all();
  return (await Promise.all(journals.map((journal) => journal.pending()))).flat();
}

async function waitingGrants(pos: Counter['pos']): Promise<Grant[]> {
  const waiting: Grant[] = [];
  let after: string | undefined;
  do {
    const { items, next } = await pos.permissions({ state: 'active' }, { after, limit: atOnce });
    waiting.push(...items.filter(({ waitingMs }) => waitingMs !== undefined));
    after = next;
  } while (after !== undefined);
  return waiting;
}
