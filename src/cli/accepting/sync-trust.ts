import type { Register } from '../../domain/sale.ts';
import type { CodesRole } from '../../roles/codes/ports.ts';
import { CounterGuard } from '../cards/register-guard.ts';
import type { Counter } from '../counter/open-counter.ts';
import { roleDestinationName, type RoleFlags } from '../destination.ts';
import { systemClock } from '../local-registry.ts';
import type { Opening } from '../open-role.ts';
import { KnownRegisters, type KnownRegister } from './known-registers.ts';
import { openAcceptancesOf, type Acceptances } from './open-acceptances.ts';

/** What a register has to have before it accepts anything: its key at the server, and who it is on this machine. */
export async function readyToAccept(counter: Pick<Counter, 'pos' | 'ledger' | 'register' | 'secrets'>, flags: RoleFlags): Promise<Register & KnownRegister> {
  const { publicKey } = await counter.secrets.haveReceiptKey();
  const isKnown = counter.register.receiptKey !== undefined && Buffer.compare(counter.register.receiptKey, publicKey) === 0;
  const register = isKnown ? counter.register : await counter.pos.describe({ receiptKey: publicKey });
  const { currency } = await counter.ledger.account(register.payeeId);
  const known = { ...register, currency };
  new KnownRegisters().remember(roleDestinationName('pos', flags), known);
  return known;
}

export interface SyncedTrust extends Acceptances {
  /** How far this machine's clock is ahead of the server's, negative if behind; 0 if that cannot be told from the way there and back. */
  readonly clockAheadMs: number;
}

/** Fetches the newest trust list. Errors: those of a register and its server. */
export async function syncTrust(counter: Counter, flags: RoleFlags, opening: Pick<Opening, 'closing'>): Promise<SyncedTrust> {
  const register = await readyToAccept(counter, flags);
  await guardOf(counter, opening).tell();
  const acceptances = await openAcceptancesOf(register, opening);
  return { ...acceptances, clockAheadMs: await fetchTrust(acceptances, await counter.codes()) };
}

/** By which the server hears what the security check terminated while it could not be asked. */
export function guardOf({ register, pos }: Pick<Counter, 'register' | 'pos'>, { closing }: Pick<Opening, 'closing'>): CounterGuard {
  return new CounterGuard(register, { closing, interactive: false, ask: async () => false, role: pos });
}

/** Fetches it into what is open. Gives how far the clock is ahead. */
export async function fetchTrust({ store }: Pick<Acceptances, 'store'>, codes: Pick<CodesRole, 'trust'>): Promise<number> {
  const asked = systemClock.now().getTime();
  const list = await codes.trust();
  const answered = systemClock.now().getTime();
  await store.keepTrust(list);
  const written = list.asOf.getTime();
  return written < asked ? asked - written : written > answered ? answered - written : 0;
}
