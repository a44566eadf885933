import { createHmac } from 'node:crypto';
import { LatchkeyError } from '../../domain/errors.ts';
import { base64url } from '../../protocol/encoding.ts';
import { md5Password } from '../../protocol/transaction-password.ts';
import type { ServiceContext } from '../service-context.ts';
import type { Binding, Lookup } from './store.ts';

const keyName = 'password-lookup-key';

/** By what an account is found whose password is looked up; nothing by the algorithm whose password is bound to its account. */
export async function lookupOf(context: ServiceContext, { algorithm, identityCode }: Pick<Binding, 'algorithm' | 'identityCode'>, code: Uint8Array): Promise<Lookup> {
  return algorithm === 'md5' ? hash(context, md5Password(code, identityCode)) : undefined;
}

/** The terminal's account that a password belongs to, and whether it is its next or one that is spent. Errors: `not_bound`. */
export async function bindingByPassword(
  context: ServiceContext,
  { terminalId, key, password }: { readonly terminalId: string; readonly key: string; readonly password: string },
): Promise<{ binding: Binding; spent: boolean }> {
  const { store } = context;
  const found = await store.bindings.findByLookup(terminalId, await hash(context, password));
  if (found !== undefined) {
    return found;
  }
  // A wrong one finds none; whose it was meant to be is told by what the key was used for, or by there being one alone.
  const candidates = (await store.bindings.ofTerminal(terminalId)).filter(({ algorithm }) => algorithm === 'md5');
  for (const binding of candidates) {
    if ((await store.payments.findKept(binding.accountId, key)) !== undefined) {
      return { binding, spent: false };
    }
  }
  if (candidates.length === 0) {
    throw new LatchkeyError('not_bound');
  }
  return { binding: candidates.reduce((most, one) => (one.wrong > most.wrong ? one : most)), spent: false };
}

/** Keyed: nobody learns a password from the database. */
async function hash({ store, random }: ServiceContext, password: string): Promise<Uint8Array> {
  let key = await store.settings.get(keyName);
  if (key === undefined) {
    await store.settings.insert(keyName, base64url(random.bytes(32)));
    key = (await store.settings.get(keyName))!;
  }
  return createHmac('sha256', key).update(password).digest();
}
