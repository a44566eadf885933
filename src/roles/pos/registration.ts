import { Buffer } from 'node:buffer';
import type { Account } from '../../domain/account.ts';
import { mostReceiptKeys } from '../../domain/credit-code.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { Register } from '../../domain/sale.ts';
import { quoted } from '../../domain/shown-text.ts';
import { parseSsid } from '../../domain/ssid.ts';
import { requireTime, type Tariff } from '../../domain/tariff.ts';
import { parsePublicJwk } from '../../protocol/access-code.ts';
import { newEd25519Public } from '../../protocol/ed25519.ts';
import { openAccount, requireOpen } from '../ledger/accounts.ts';
import { registerIdOf } from '../register-id.ts';
import { newId, requireKnown, within, type ServiceContext } from '../service-context.ts';
import type { Store } from '../store.ts';
import type { RegisterDescription } from './ports.ts';

/** Errors: as `PosRole.describe`. */
export async function describeRegister(context: ServiceContext, { ssid, jwk, account, receiptKey }: RegisterDescription): Promise<Register> {
  const { store, actor } = context;
  const named = ssid === undefined ? undefined : parseSsid(ssid);
  const key = jwk === undefined ? undefined : parseKey(jwk);
  if (receiptKey !== undefined) newEd25519Public(receiptKey);
  if (account !== undefined && actor.kind !== 'local') {
    throw new LatchkeyError('invalid_input', 'Which account a cash register charges for is said by its enrolment code.');
  }
  return store.transaction(async (tx) => {
    const payee = account === undefined ? undefined : await openAccount(tx, account);
    const known = await lockedRegister(within(context, tx), payee?.id);
    if (receiptKey !== undefined) await requireRoom(tx, known, receiptKey);
    const register = payee === undefined ? known : { ...known, payeeId: requireOpen(await lockedAccount(tx, payee.id), account!).id };
    if (named !== undefined) {
      await nameNetwork(tx, register.apId, named);
    }
    if (key !== undefined && key !== register.jwk) {
      // What is sealed to another key it cannot open.
      await tx.accessCodes.removeAll({ registerId: register.id });
    }
    return put(tx, { ...register, jwk: key ?? register.jwk, receiptKey: receiptKey ?? register.receiptKey });
  });
}

/** Errors: as `PosRole.setTariff`. */
export async function setTariff(context: ServiceContext, tariff: Tariff | undefined): Promise<Register> {
  if (tariff !== undefined) {
    requireTime(tariff);
  }
  return context.store.transaction(async (tx) => put(tx, { ...(await lockedRegister(within(context, tx))), tariff }));
}

/** As `registerOf`, and nobody else changes it until the transaction ends. */
async function lockedRegister(context: ServiceContext, payeeId?: string): Promise<Register> {
  const { id } = await registerOf(context, payeeId);
  return (await context.store.registers.lock(id))!;
}

/**
 * The actor's, inside a transaction. Made at its first use, for the account and with the access point that its enrolment
 * names, or else with a network of its own. `payeeId`: the account where nobody has enrolled it.
 * Errors: `register_not_enrolled`.
 */
export async function registerOf(context: ServiceContext, payeeId?: string): Promise<Register> {
  const { store, clock } = context;
  const actor = requireKnown(context.actor);
  const id = registerIdOf(actor);
  const known = (await store.registers.find(id)) ?? (await store.registers.lock(id));
  if (known !== undefined) {
    return known;
  }
  const name = actor.kind === 'local' ? 'cash register' : actor.token.name;
  const [named] = actor.kind === 'local' ? [payeeId] : (actor.token.scope.accounts ?? []);
  const payee = named === undefined ? undefined : await lockedAccount(store, named);
  if (payee?.kind !== 'customer' || payee.closedAt !== undefined) {
    throw actor.kind === 'local' ? new LatchkeyError('register_not_enrolled') : noAccount(payee);
  }
  const [enrolled] = actor.kind === 'token' ? (actor.token.scope.aps ?? []) : [];
  const apId = enrolled ?? (actor.kind === 'local' ? actor.apId : undefined) ?? newId(context, 'ap');
  if (enrolled === undefined) {
    await store.accessPoints.insert({ id: apId, name, createdAt: clock.now() });
  }
  return put(store, { id, name, payeeId: payee.id, apId, tariff: undefined, jwk: undefined, receiptKey: undefined });
}

async function put(store: Store, register: Register): Promise<Register> {
  await store.registers.put(register);
  return register;
}

/** As it is until the transaction ends: nobody closes it meanwhile. */
async function lockedAccount(tx: Store, id: string): Promise<Account | undefined> {
  await tx.accounts.lock([id]);
  return tx.accounts.find(id);
}

function noAccount(named: Account | undefined): LatchkeyError {
  const why = named?.kind === 'customer' ? 'the one that its enrolment code names is closed' : 'its enrolment code was made without --match account=ID';
  return new LatchkeyError('register_not_enrolled', `This cash register has no account to charge for: ${why}.`, {
    hint: 'Ask an admin for another code, and enrol again: `latchkey pos enroll --server URL`.',
  });
}

/** Errors: `receipt_keys_used_up`. */
async function requireRoom(tx: Store, { id, payeeId }: Register, key: Uint8Array): Promise<void> {
  const keys = (await tx.registers.receiptKeysOf(payeeId)).filter(({ registerId }) => registerId === id);
  if (keys.length >= mostReceiptKeys && !keys.some(({ publicKey }) => Buffer.compare(publicKey, key) === 0)) {
    throw new LatchkeyError('receipt_keys_used_up');
  }
}

/** Where no agent says which network it is. Errors: `invalid_input`. */
async function nameNetwork(tx: Store, apId: string, ssid: string): Promise<void> {
  const ap = await tx.accessPoints.find(apId);
  if (ap?.onboardingSsid === undefined) {
    await tx.accessPoints.update(apId, { ssid, onboardingSsid: undefined, enforcement: 'none', seenAt: undefined });
  } else if (ap.ssid !== ssid) {
    throw new LatchkeyError('invalid_input', `The agent of ${quoted(ap.name)} says which network this is: ${quoted(ap.ssid ?? '')}.`, { hint: 'Give that one’s name, or none.' });
  }
}

/** Without what does not belong to the key, such as its other half. Errors: `invalid_input`. */
function parseKey(jwk: string): string {
  try {
    return JSON.stringify(parsePublicJwk(jwk));
  } catch (error) {
    throw new LatchkeyError('invalid_input', 'A cash register’s key is a public JWK on P-256.', { cause: error });
  }
}
