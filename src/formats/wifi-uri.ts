import { LatchkeyError } from '../domain/errors.ts';
import { parsePassphrase, parseSsid } from '../domain/ssid.ts';
import type { Credential } from '../roles/device/ports.ts';

/**
 * How a value is written: with `\` before `\ ; , : "`, as ZXing began it and every phone reads; or percent-encoded, as
 * the WPA3 specification says (7), which alone has a place for a password's identifier.
 */
export const wifiUriDialects = ['classic', 'wpa3'] as const;
export type WifiUriDialect = (typeof wifiUriDialects)[number];

export interface WifiUriOptions {
  readonly dialect: WifiUriDialect;
  /** `T:SAE` in place of `T:WPA`: some phones join a network that is WPA3 alone only so, and others then not at all. */
  readonly saysSae: boolean;
  /** The network does not say its name. */
  readonly hidden: boolean;
}

/**
 * `WIFI:T:WPA;S:<ssid>;P:<password>;;`, in the `classic` dialect unless said otherwise, perhaps with `H:true` and, for
 * the identifier of an SAE password, `I:<identifier>`. Errors: `invalid_input`.
 */
export function wifiUri(credential: Credential, options: Partial<WifiUriOptions> = {}): string {
  const { dialect = 'classic', saysSae = false, hidden = false } = options;
  const { ssid, password, passwordId, security } = credential;
  if (saysSae && security !== 'wpa3-sae') {
    throw new LatchkeyError('invalid_input', 'Only a WPA3 network has T:SAE in its URI.');
  }
  if (passwordId !== undefined && dialect === 'classic') {
    throw new LatchkeyError('invalid_input', 'The classic Wi-Fi URI has no place for the identifier of a WPA3 password.', { hint: 'Use the wpa3 dialect.' });
  }
  const written = dialect === 'classic' ? escaped : percentEncoded;
  const type = `T:${saysSae ? 'SAE' : 'WPA'}`;
  const [name, key] = [`S:${written(parseSsid(ssid))}`, `P:${written(parsePassphrase(password))}`];
  const hides = hidden ? ['H:true'] : [];
  const identifier = passwordId === undefined ? [] : [`I:${written(passwordId)}`];
  // Each in the order in which its readers first saw them.
  const fields = dialect === 'classic' ? [type, name, key, ...hides] : [type, name, ...hides, ...identifier, key];
  return `WIFI:${fields.join(';')};;`;
}

function escaped(value: string): string {
  return value.replace(/[\\;,:"]/g, '\\$&');
}

/** All but what RFC 3986 calls unreserved: readers of the other dialect then find nothing that they would take for an escape. */
function percentEncoded(value: string): string {
  return encodeURIComponent(value).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
