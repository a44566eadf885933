import type { Account } from '../../domain/account.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { ServiceContext } from '../service-context.ts';
import type { Store } from '../store.ts';

/**
 * By id, name or card reference; only one that is open is found by the latter two. Looked for in all ways, so that the
 * time it takes does not tell strangers whether one led to anything.
 */
export async function findAccount(store: Store, reference: string): Promise<Account | undefined> {
  const byId = await store.accounts.find(reference);
  const byName = await store.accounts.findByName(reference);
  const byCard = await store.accounts.findByCard(reference);
  return byId ?? byName ?? byCard;
}

export async function findOpenAccount(store: Store, reference: string): Promise<Account | undefined> {
  const account = await findAccount(store, reference);
  return account?.closedAt === undefined ? account : undefined;
}

/** Somebody's, by id or name. Errors: `account_not_found`, `account_closed`. */
export async function openAccount(store: Store, reference: string): Promise<Account> {
  return requireOpen((await store.accounts.find(reference)) ?? (await store.accounts.findByName(reference)), reference);
}

/** What was found by a reference, if it is somebody's and open. Errors: `account_not_found`, `account_closed`. */
export function requireOpen(account: Account | undefined, reference: string): Account {
  if (account === undefined || account.kind !== 'customer') {
    throw new LatchkeyError('account_not_found', `There is no account ${reference}.`);
  }
  if (account.closedAt !== undefined) {
    throw new LatchkeyError('account_closed', `Account ${reference} is closed.`);
  }
  return account;
}

/** One of the ledger’s own, made when it is first needed; its id. */
export async function ownAccount({ store, clock }: Pick<ServiceContext, 'store' | 'clock'>, { id, kind, currency }: Pick<Account, 'id' | 'kind' | 'currency'>): Promise<string> {
  if ((await store.accounts.find(id)) === undefined) {
    await store.accounts.insert({ id, kind, name: id, currency, cardReference: undefined, contact: undefined, openedAt: clock.now() });
  }
  return id;
}
