import { LatchkeyError } from '../domain/errors.ts';
import { secretStore } from './destination.ts';
import type { SecretListWire, SecretWire } from './present/secrets.ts';
import { readSecret, type SecretSources } from './secret-input.ts';

/** Errors: `invalid_input`, `missing_input`, those of the secret store. */
export async function setSecret(name: string, file: string | undefined, sources: SecretSources): Promise<SecretWire> {
  const store = await secretStore(sources);
  const value = await readSecret({ name: 'value', file, message: `${name}:`, ...sources });
  await store.set(name, value);
  return { name, store: store.kind };
}

export async function listSecrets(sources: SecretSources): Promise<SecretListWire> {
  const store = await secretStore(sources);
  return { store: store.kind, items: await store.names() };
}

/** Errors: `secret_not_found`, `forbidden` for the key of the database, those of the secret store. */
export async function removeSecret(name: string, sources: SecretSources): Promise<SecretWire> {
  if (name === 'storage-key') {
    throw new LatchkeyError('forbidden', 'Without storage-key the database can no longer be read.', {
      hint: 'Earlier keys go with `latchkey server rekey --retire`.',
    });
  }
  const store = await secretStore(sources);
  if (!(await store.delete(name))) {
    throw new LatchkeyError('secret_not_found', `There is no ${name} in the secret store.`);
  }
  return { name, store: store.kind };
}
