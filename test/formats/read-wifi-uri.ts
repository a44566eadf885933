import type { WifiUriDialect } from '../../src/formats/wifi-uri.ts';
import type { Credential } from '../../src/roles/device/ports.ts';

/** What a phone takes from a Wi-Fi URI of one of the dialects. */
export function readWifiUri(text: string, dialect: WifiUriDialect): { readonly credential: Credential; readonly saysSae: boolean; readonly hidden: boolean } {
  const whole = dialect === 'classic' ? /^WIFI:(?:[A-Z]:(?:\\.|[^\\;])*;)+;$/su : /^WIFI:(?:[A-Z]:[^;]*;)+;$/su;
  if (!whole.test(text)) throw new Error(`${text} is no Wi-Fi URI`);
  const field = dialect === 'classic' ? /([A-Z]):((?:\\.|[^\\;])*);/gsu : /([A-Z]):([^;]*);/gsu;
  const written = [...text.slice('WIFI:'.length).matchAll(field)];
  const fields = new Map(written.map(([, name, value]) => [name!, dialect === 'classic' ? value!.replace(/\\(.)/gsu, '$1') : decodeURIComponent(value!)]));
  if (fields.size !== written.length) throw new Error(`${text} has a field twice`);
  const passwordId = fields.get('I');
  const saysSae = fields.get('T') === 'SAE';
  const security = saysSae || passwordId !== undefined ? 'wpa3-sae' : 'wpa2-psk';
  const credential = { ssid: fields.get('S')!, password: fields.get('P')!, ...(passwordId === undefined ? {} : { passwordId }), security } as const;
  return { credential, saysSae, hidden: fields.get('H') === 'true' };
}
