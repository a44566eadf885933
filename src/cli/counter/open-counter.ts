import type { Register } from '../../domain/sale.ts';
import { isServerAway } from '../../domain/server-away.ts';
import { withOutcome } from '../../domain/with-outcome.ts';
import type { RegisterGuard } from '../../roles/card/ports.ts';
import { JournaledCharges } from '../../roles/pos/journaled-charge.ts';
import { secretStore, type RoleFlags } from '../destination.ts';
import { systemClock } from '../local-registry.ts';
import { openRegister, type OpenedRegister, type Opening } from '../open-role.ts';
import { settledChargeSentence } from '../present/sales.ts';
import { ChargeFile } from './charge-file.ts';
import { RegisterSecrets } from './register-secrets.ts';

/** This machine's cash register: its role at the server or here, and what it keeps in the secret store. */
export interface Counter extends OpenedRegister {
  readonly register: Register;
  readonly secrets: RegisterSecrets;
}

/** Errors: `register_not_enrolled`, those of the secret store. */
export async function openCounter(flags: RoleFlags, opening: Opening): Promise<Counter> {
  const opened = await openRegister(flags, opening);
  const register = await opened.pos.self();
  return { ...opened, register, secrets: new RegisterSecrets(await secretStore(opening.sources), register.id) };
}

/** As `openCounter`, before a charge: while the server is away, nothing was charged, whatever earlier charges came to. */
export async function openCounterToCharge(flags: RoleFlags, opening: Opening): Promise<Counter> {
  try {
    return await openCounter(flags, opening);
  } catch (error) {
    throw isServerAway(error) ? withOutcome(error, 'Nothing was charged by this command.', whenBack) : error;
  }
}

/** `caution`: told in a sentence of an earlier charge that has only now come to its end. */
export function openCharges({ pos, register }: Pick<Counter, 'pos' | 'register'>, caution: (text: string) => void, guard: RegisterGuard): JournaledCharges {
  return new JournaledCharges({
    pos,
    journal: new ChargeFile(register.id),
    clock: systemClock,
    guard,
    onSettled: (charge) => caution(settledChargeSentence(charge)),
    failed: ({ message }) => caution(`What came of the charge could not be written down; it stands. ${message}`),
  });
}

const whenBack = 'Run it again when the server can be reached; what an earlier charge left open is settled then, never charged twice. `latchkey pos status` shows it.';
