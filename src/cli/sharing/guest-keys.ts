import { Buffer } from 'node:buffer';
import { LatchkeyError } from '../../domain/errors.ts';
import { securities } from '../../domain/ssid.ts';
import type { AccessCode, PrivateJwk } from '../../protocol/access-code.ts';
import { base64url } from '../../protocol/encoding.ts';
import type { GuestKeys, KeptKeys } from '../../roles/guest/ports.ts';
import type { SecretStore } from '../../roles/secret-store.ts';

/** A guest's keys and opened access codes, in the secret store of this machine. */
export class StoredGuestKeys implements KeptKeys {
  readonly #store: SecretStore;

  constructor(store: SecretStore) {
    this.#store = store;
  }

  /** Errors: `invalid_input` if they cannot be read. */
  async get(key: string): Promise<GuestKeys | undefined> {
    const text = await this.#store.get(nameOf(key));
    const keys = text === undefined ? undefined : parse(text);
    if (text !== undefined && keys === undefined) {
      throw new LatchkeyError('invalid_input', `What the secret store has as ${nameOf(key)} are no keys of a purchase.`, { hint: 'Give the request up, and remove it with `latchkey secret remove`.' });
    }
    return keys;
  }

  async set(key: string, { accessKey, meterSeed, code }: GuestKeys): Promise<void> {
    await this.#store.set(nameOf(key), JSON.stringify({ access_key: accessKey, meter_seed: base64url(meterSeed), code }));
  }

  async remove(key: string): Promise<void> {
    await this.#store.delete(nameOf(key));
  }
}

/** A key may begin as no part of a secret's name does. */
function nameOf(key: string): string {
  return `share/purchase/key.${key}`;
}

/** Undefined for what are none. */
function parse(text: string): GuestKeys | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { access_key: accessKey, meter_seed: seed, code } = (value ?? {}) as { access_key?: Partial<PrivateJwk>; meter_seed?: unknown; code?: Partial<AccessCode> };
  const isKey = [accessKey?.x, accessKey?.y, accessKey?.d].every((part) => typeof part === 'string');
  const isCode = code === undefined || (typeof code.ssid === 'string' && typeof code.password === 'string' && securities.some((one) => one === code.security));
  return isKey && isCode && typeof seed === 'string'
    ? { accessKey: accessKey as PrivateJwk, meterSeed: Buffer.from(seed, 'base64url'), ...(code === undefined ? {} : { code: code as AccessCode }) }
    : undefined;
}
