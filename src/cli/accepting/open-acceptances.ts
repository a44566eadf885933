import { LatchkeyError } from '../../domain/errors.ts';
import type { Ed25519KeyPair } from '../../protocol/ed25519.ts';
import type { WaitingToSettle } from '../../roles/codes/acceptance-journal.ts';
import type { AcceptanceStore } from '../../storage/acceptance-store.ts';
import { acceptanceDatabase, acceptanceDatabases } from '../agent-files.ts';
import { RegisterSecrets } from '../counter/register-secrets.ts';
import { otherRoleAt, roleDestinationName, secretStore, type RoleFlags } from '../destination.ts';
import type { Opening } from '../open-role.ts';
import { KnownRegisters, type KnownRegister } from './known-registers.ts';

/** What a cash register has accepted and whom it trusts, on this machine. */
export interface Acceptances {
  readonly register: KnownRegister;
  readonly store: AcceptanceStore;
  /** Of other registers that this machine was, or is, for the same payee: its server settles what they accepted, too. */
  readonly earlier: readonly AcceptanceStore[];
}

export interface AcceptancesOpening extends Pick<Opening, 'closing'> {
  /** Told in a sentence or two what is not opened. */
  readonly caution?: ((text: string) => Promise<void>) | undefined;
}

/**
 * This machine's cash register as it was last heard of; nobody is asked. Errors: `register_not_enrolled` where its profile is of
 * another role, `trust_list_missing` if it has never fetched one, those of storage.
 */
export async function openAcceptances(flags: RoleFlags, opening: AcceptancesOpening): Promise<Acceptances> {
  const profile = roleDestinationName('pos', flags);
  const acceptances = await openAcceptancesAt(profile, opening);
  if (acceptances === undefined) {
    const other = otherRoleAt('pos', flags);
    if (other !== undefined) {
      throw new LatchkeyError('register_not_enrolled', `This machine is not a cash register: profile ${other.name} is for the role ${other.role}.`);
    }
    throw new LatchkeyError('trust_list_missing', `This machine has fetched no trust list for the cash register of profile ${profile}.`, {
      hint: 'Fetch it while the server can be reached: `latchkey code trust sync`, with the same --profile if there are several.',
    });
  }
  return acceptances;
}

/** Of the register that this machine is, or was, by a profile or at a server; undefined if there is nothing yet. */
export async function openAcceptancesAt(at: string, opening: AcceptancesOpening): Promise<Acceptances | undefined> {
  const register = new KnownRegisters().recall(at);
  return register === undefined || acceptanceDatabases().length === 0 ? undefined : openAcceptancesOf(register, opening);
}

/** Of a register that is known; the file is made if it is not there. What is damaged of other registers keeps none from its work. */
export async function openAcceptancesOf(register: KnownRegister, { closing, caution }: AcceptancesOpening): Promise<Acceptances> {
  const { openAcceptanceStore } = await import('../../storage/acceptance-store.ts');
  const open = async (path: string) => {
    const store = await openAcceptanceStore({ path });
    closing.defer(() => store.close());
    return store;
  };
  const own = acceptanceDatabase(register.id);
  const store = await open(own);
  const earlier: AcceptanceStore[] = [];
  for (const path of acceptanceDatabases().filter((each) => each !== own)) {
    try {
      const other = await open(path);
      if (other.payeeId() === register.payeeId) earlier.push(other);
    } catch (error) {
      if (!(error instanceof LatchkeyError) || error.code !== 'storage_corrupt') {
        throw error;
      }
      await caution?.(`What another cash register of this machine accepted is damaged, and is neither settled nor looked at: ${path}. Restore it from a backup, or remove it.`);
    }
  }
  return { register, store, earlier };
}

/** Most urgent first. */
export function journalsOf({ store, earlier }: Pick<Acceptances, 'store' | 'earlier'>): AcceptanceStore[] {
  return [...earlier, store];
}

/** In all journals. */
export function waitingIn(acceptances: Pick<Acceptances, 'store' | 'earlier'>): WaitingToSettle {
  const waiting = journalsOf(acceptances).map((journal) => journal.waiting());
  const [settleBy] = waiting.flatMap((each) => each.settleBy ?? []).sort((one, other) => one.getTime() - other.getTime());
  return { count: waiting.reduce((sum, { count }) => sum + count, 0), settleBy };
}

/** By which this register signs receipts. Errors: `secret_not_found`, those of the secret store. */
export async function receiptKeyOf(register: KnownRegister, { sources }: Opening): Promise<Ed25519KeyPair> {
  const key = await new RegisterSecrets(await secretStore(sources), register.id).receiptKey();
  if (key === undefined) {
    throw new LatchkeyError('secret_not_found', 'The key by which this register signs receipts is not in the secret store.', {
      hint: 'Have a new one made and registered while the server can be reached: `latchkey code trust sync`.',
    });
  }
  return key;
}
