import { arrayOf, object, oneOf } from '../../api/schema.ts';
import { shown } from '../../domain/shown-text.ts';
import type { SecretStore } from '../../roles/secret-store.ts';
import type { Screen } from './screen.ts';
import { details } from './table.ts';

const text = { type: 'string' } as const;
const store = oneOf(['keychain', 'file', 'env']);
export const secretSchema = object('Secret', { name: text, store });
export const secretListSchema = object('SecretList', { store, items: arrayOf(text) });

export interface SecretWire {
  readonly name: string;
  readonly store: SecretStore['kind'];
}
export interface SecretListWire {
  readonly store: SecretStore['kind'];
  readonly items: readonly string[];
}

export function presentSecret(secret: SecretWire, screen: Screen): string {
  return details([['name', secret.name], ['store', secret.store]], screen);
}

export function presentSecrets({ items, store: kind }: SecretListWire): string {
  return items.length === 0 ? `Nothing is in the secret store (${kind}).` : items.map(shown).join('\n');
}
