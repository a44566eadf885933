import { LatchkeyError } from '../domain/errors.ts';
import type { SecretStore } from '../roles/secret-store.ts';

/**
 * The store that LATCHKEY_SECRET_STORE names (`keychain`, `file` or `env`; keychain if it is not set). There is no
 * fall-back from one to another. `data`: the user's data folder. `mayPrompt`: whether a locked keychain may ask its
 * user; only at a terminal and without --no-input. Errors: `invalid_input`.
 */
export async function openSecretStore(
  env: NodeJS.ProcessEnv,
  { data }: { readonly data: string },
  { mayPrompt = false }: { readonly mayPrompt?: boolean } = {},
): Promise<SecretStore> {
  const kind = env['LATCHKEY_SECRET_STORE'] || 'keychain';
  switch (kind) {
    case 'keychain': {
      const { KeychainStore } = await import('./keychain-store.ts');
      return new KeychainStore(env, { mayPrompt });
    }
    case 'file': {
      const { FileStore } = await import('./file-store.ts');
      return new FileStore(data, env);
    }
    case 'env': {
      const { EnvStore } = await import('./env-store.ts');
      return new EnvStore(env);
    }
    default:
      throw new LatchkeyError('invalid_input', `LATCHKEY_SECRET_STORE=${kind} is none of keychain, file and env.`);
  }
}
