import type { Register } from '../../domain/sale.ts';
import type { LedgerRole } from '../../roles/ledger/ports.ts';
import type { PosRole } from '../../roles/pos/ports.ts';
import { secretStore, type RoleFlags } from '../destination.ts';
import { openRegister, type Opening } from '../open-role.ts';
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
