import { arrayOf, object, oneOf, type Static } from '../../api/schema.ts';
import { present } from '../../api/wire.ts';
import { securities } from '../../domain/ssid.ts';
import { qrTerminal, qrTerminalWidth } from '../../formats/qr-terminal.ts';
import { qrCode } from '../../formats/qr.ts';
import type { Credential } from '../../roles/device/ports.ts';
import { plainStyle, type Screen } from './screen.ts';

const words = { type: 'string' } as const;

/** A Wi-Fi password on its way to whom it is for. */
export const credentialSchema = object(
  'Credential',
  { ssid: words, password: words, security: oneOf(securities), wifi_uri: { ...words, description: 'The text of its QR code.' } },
  { password_id: words, ndef: { ...words, description: 'What an NFC tag holds, in hexadecimal; not of WPA3.' } },
);
export type CredentialWire = Static<typeof credentialSchema>;

export function credentialToWire({ ssid, password, passwordId, security }: Credential, { uri, ndef }: { readonly uri: string; readonly ndef: string | undefined }): CredentialWire {
  return present({ ssid, password, password_id: passwordId, security, wifi_uri: uri, ndef });
}

/** What became of a credential that was to be handed over. */
export interface HandedOver {
  /** For the screen. */
  readonly credential?: CredentialWire | undefined;
  /** The files that were written. */
  readonly written?: string[] | undefined;
}

/** In which a command says that it wrote files. */
export const writtenSchema = { ...arrayOf({ type: 'string' } as const), description: 'Files that were written.' } as const;

export function credentialLines({ credential, written }: HandedOver): readonly (readonly [string, string | undefined])[] {
  return [['network', credential?.ssid], ['password', credential?.password], ['identifier of it', credential?.password_id], ['written', written?.join(', ')]];
}

/** As a picture of blocks, where there is room for it. `darkInk`: where there are no colours, for a light terminal. */
export function presentQr(text: string, { width, style, canReverse }: Screen, { darkInk = false } = {}): string {
  const code = qrCode(text, 'M');
  const needed = qrTerminalWidth(code);
  return needed > width
    ? `The QR code takes ${needed} columns, and here are ${width}: make the window wider, or have it written with --png or --svg.`
    : qrTerminal(code, style !== plainStyle ? 'colours' : canReverse === true ? 'reversal' : 'ink', { darkInk }).replace(/\n$/, '');
}
