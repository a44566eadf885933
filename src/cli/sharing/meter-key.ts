import { randomBytes } from 'node:crypto';
import { LatchkeyError } from '../../domain/errors.ts';
import { newEd25519, type Ed25519KeyPair } from '../../protocol/ed25519.ts';
import { base64url, parseBase64url } from '../../protocol/encoding.ts';
import type { SecretStore } from '../../roles/secret-store.ts';

const seedBytes = 32;

/** By which a sharer signs what it has read for a network: the one in the secret store, or a new one. Errors: `invalid_input` if what is stored is no key. */
export async function haveMeterKey(store: SecretStore, networkId: string): Promise<Ed25519KeyPair> {
  const name = `share/${networkId}/meter-key`;
  const text = await store.get(name);
  if (text === undefined) {
    const made = randomBytes(seedBytes);
    await store.set(name, base64url(made));
    return newEd25519(made);
  }
  const seed = parseBase64url(text, seedBytes);
  if (seed === undefined) {
    throw new LatchkeyError('invalid_input', `What the secret store has as ${name} is no key.`, { hint: 'Remove it with `latchkey secret remove`: another one is made.' });
  }
  return newEd25519(seed);
}
