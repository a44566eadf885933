import { isEnforced, type Grant } from '../../domain/grant.ts';
import type { BegunCharge } from '../../roles/pos/charge-journal.ts';
import { codesHere, type CodesHere } from '../accepting/codes-here.ts';
import type { RoleFlags } from '../destination.ts';
import type { Opening } from '../open-role.ts';
import type { RegisterStatus } from '../present/registers.ts';
import { ChargeFile } from './charge-file.ts';
import type { Counter } from './open-counter.ts';

const atOnce = 1000;

/** What of what was paid for is not served yet, and why. */
export async function registerStatus({ pos, register }: Counter, flags: RoleFlags, opening: Opening): Promise<RegisterStatus> {
  const network = await pos.network();
  const enforced = isEnforced(network.enforcement);
  const { items: [lastSale] } = await pos.sales({}, { limit: 1 });
  const waiting = enforced ? await waitingGrants(pos) : [];
  return { register, network, enforced, waiting, open: await new ChargeFile(register.id).pending(), codes: await codesHere(flags, opening), lastSale };
}

/** What this machine knows without asking anybody: its charges whose outcome is not known, and its codes that are not settled. */
export async function statusHere(flags: RoleFlags, opening: Opening): Promise<{ readonly open: readonly BegunCharge[]; readonly codes: CodesHere | undefined }> {
  const journals = ChargeFile.all();
  return { open: (await Promise.all(journals.map((journal) => journal.pending()))).flat(), codes: await codesHere(flags, opening) };
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
