import type { Register } from '../../domain/sale.ts';
import { withOutcome } from '../../domain/with-outcome.ts';
import type { LedgerRole } from '../../roles/ledger/ports.ts';
import type { PosRole } from '../../roles/pos/ports.ts';
import { secretStore, type RoleFlags } from '../destination.ts';
import { openRegister, type Opening } from '../open-role.ts';
import { isServerAway } from '../server-away.ts';
import { RegisterSecrets } from './register-secrets.ts';

/** This machine's cash register: its role at the server or here, and what it keeps in the secret store. */
export interface Counter {
  readonly pos: PosRole;
  readonly ledger: LedgerRole;
  readonly register: Register;
  readonly secrets: RegisterSecrets;
}

/** Errors: `account_not_found` if it is not enrolled, those of the secret store. */
export async function openCounter(flags: RoleFlags, opening: Opening): Promise<Counter> {
  const { pos, ledger } = await openRegister(flags, opening);
  const register = await pos.self();
  return { pos, ledger, register, secrets: new RegisterSecrets(await secretStore(opening.sources), register.id) };
}

/** As `openCounter`, before a charge: while the server is away, nothing was charged, whatever earlier charges came to. */
export async function openCounterToCharge(flags: RoleFlags, opening: Opening): Promise<Counter> {
  try {
    return await openCounter(flags, opening);
  } catch (error) {
    throw isServerAway(error) ? withOutcome(error, 'Nothing was charged by this command.', whenBack) : error;
  }
}

const whenBack = 'Run it again when the server can be reached; what an earlier charge left open is settled then, never charged twice. `latchkey pos status` shows it.';
