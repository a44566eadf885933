import type { Account } from '../../domain/account.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { MeterSide } from '../../domain/meter.ts';
import type { ShareRequest } from '../../domain/share-request.ts';
import { terminalIdOf } from '../ledger/terminal.ts';
import type { ServiceContext } from '../service-context.ts';

/** A request as one of its parties asks for it. */
export interface Seen {
  readonly request: ShareRequest;
  /** Both where one terminal buys from itself, by two accounts. */
  readonly sides: readonly MeterSide[];
}

/** Errors: `share_request_not_found` also where the terminal is neither side. */
export async function seenBy(context: ServiceContext, id: string): Promise<Seen> {
  const terminalId = terminalIdOf(context.actor);
  const { shareRequests, bindings } = context.store;
  const request = await shareRequests.find(id);
  const isSharer = (await bindings.find(request?.sharer.accountId ?? '', terminalId)) !== undefined;
  const sides: MeterSide[] = [...(request?.guest.terminalId === terminalId ? ['guest' as const] : []), ...(isSharer ? ['sharer' as const] : [])];
  if (request === undefined || sides.length === 0) {
    throw notFound(id);
  }
  return { request, sides };
}

/** Errors: `share_request_not_found`. */
export async function asSide(context: ServiceContext, id: string, side: MeterSide): Promise<ShareRequest> {
  const { request, sides } = await seenBy(context, id);
  if (!sides.includes(side)) {
    throw notFound(id);
  }
  return request;
}

function notFound(id: string): LatchkeyError {
  return new LatchkeyError('share_request_not_found', `There is no request ${id}.`);
}

/** The error of what comes too late, or too early. */
export function over({ id, state }: ShareRequest): LatchkeyError {
  return new LatchkeyError('share_request_over', `Request ${id} is ${state}.`);
}

/** The accounts that the terminal is bound to. */
export async function accountsOf(context: ServiceContext): Promise<readonly string[]> {
  const bindings = await context.store.bindings.ofTerminal(terminalIdOf(context.actor));
  return bindings.map(({ accountId }) => accountId);
}

/** One that the terminal is bound to, by id or name; the only one if none is named. Errors: `not_bound`, `missing_input`, `account_closed`. */
export async function payingAccount(context: ServiceContext, reference: string | undefined): Promise<Account> {
  const accounts: Account[] = [];
  for (const id of await accountsOf(context)) {
    const account = (await context.store.accounts.find(id))!;
    if (reference === undefined || account.id === reference || account.name === reference) accounts.push(account);
  }
  const [account, another] = accounts;
  if (account === undefined) {
    throw new LatchkeyError('not_bound');
  }
  if (another !== undefined) {
    throw new LatchkeyError('missing_input', 'This terminal is bound to several accounts: say which one pays.');
  }
  if (account.closedAt !== undefined) {
    throw new LatchkeyError('account_closed', `Account ${account.name} is closed.`);
  }
  return account;
}
