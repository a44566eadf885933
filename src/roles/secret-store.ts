/**
 * Where this machine keeps its secrets: the OS keychain, an encrypted file or the environment.
 *
 * Names: 1 to 200 of letters, digits, `.`, `_`, `-`, in parts divided by `/` (`profile/ap/token`, `storage-key`).
 * Values: text of 1 to 8192 bytes in UTF-8, no NUL.
 *
 * Errors of every call: `secret_store_unavailable`, `secret_store_locked`; `invalid_input` for a name or value that
 * is not as above.
 */
export interface SecretStore {
  readonly kind: 'keychain' | 'file' | 'env';
  get(name: string): Promise<string | undefined>;
  /** Durable when the promise resolves. The environment cannot be written: `secret_store_unavailable` there. */
  set(name: string, value: string): Promise<void>;
  /** False if there was none of this name. The environment cannot be written, as with `set`. */
  delete(name: string): Promise<boolean>;
  /** In alphabetical order, as `get` takes them; the environment knows only its own spelling (`profile_ap_token`). */
  names(): Promise<string[]>;
}
