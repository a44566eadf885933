import { Buffer } from 'node:buffer';
import { encodeNdef } from '../formats/ndef.ts';
import { writePng } from '../formats/png.ts';
import { qrBitmap, qrSvg } from '../formats/qr-picture.ts';
import { qrCode } from '../formats/qr.ts';
import { wifiUri } from '../formats/wifi-uri.ts';
import { wifiRecord } from '../formats/wsc.ts';
import type { Credential } from '../roles/device/ports.ts';
import { choiceFlag, pathFlag, switchFlag } from './flags.ts';
import { writeNewFile } from './new-file.ts';
import { credentialToWire, type HandedOver } from './present/credentials.ts';

/** Files in which a Wi-Fi credential is handed over, and what they are written as; then it is not on the screen unless something else asks for it. */
export const credentialFileFlags = {
  png: pathFlag({ helpGroup: 'WI-FI', description: 'Write the QR code of the Wi-Fi network into this file, as PNG, in the place of the screen.' }),
  svg: pathFlag({ helpGroup: 'WI-FI', description: 'The same as SVG.' }),
  ndef: pathFlag({ helpGroup: 'WI-FI', description: 'Write what an NFC tag holds into this file (NDEF, application/vnd.wfa.wsc).' }),
  wpa3: switchFlag({ helpGroup: 'WI-FI', description: 'Write the QR code in the dialect of the WPA3 specification, which older phones may not read.' }),
  sae: switchFlag({ helpGroup: 'WI-FI', description: 'Say T:SAE in the QR code: some phones join a network that is WPA3 alone only so, and others then not at all.' }),
};

export const credentialFormats = ['text', 'wifi-qr', 'ndef-hex'] as const;
export type CredentialFormat = (typeof credentialFormats)[number];

/** How a Wi-Fi credential is handed over: on the screen, and in files. */
export const credentialFlags = {
  format: choiceFlag(credentialFormats)({ helpGroup: 'WI-FI', description: 'Print this alone: the text of the QR code, or what an NFC tag holds in hexadecimal.', default: 'text' }),
  qr: switchFlag({ helpGroup: 'WI-FI', description: 'Show the QR code of the Wi-Fi network, too.' }),
  ...credentialFileFlags,
};

export interface CredentialFileFlags {
  readonly png?: string | undefined;
  readonly svg?: string | undefined;
  readonly ndef?: string | undefined;
  readonly wpa3: boolean;
  readonly sae: boolean;
}

const moduleDots = 10;
const dpi = 300;
const moduleMm = 1;

/** Whether the flags want a credential written anywhere. */
export function wantsFiles({ png, svg, ndef }: Pick<CredentialFileFlags, 'png' | 'svg' | 'ndef'>): boolean {
  return png !== undefined || svg !== undefined || ndef !== undefined;
}

export interface ShownFlags extends CredentialFileFlags {
  readonly qr: boolean;
  readonly format: CredentialFormat;
}

/** Whether a credential is to be seen on the screen, too. */
export function isOnScreen(flags: ShownFlags): boolean {
  return flags.qr || flags.format !== 'text' || !wantsFiles(flags);
}

interface HandingOver {
  readonly format?: CredentialFormat | undefined;
  readonly onScreen: boolean;
}

/**
 * Writes the files that the flags name, for the user alone, and returns all of its forms. Errors: `invalid_input` for a
 * form in which it cannot be written, `file_exists`, those of writing.
 */
export async function handOver(credential: Credential, flags: CredentialFileFlags, { format = 'text', onScreen }: HandingOver): Promise<HandedOver> {
  const { ndef } = flags;
  const isTagWanted = ndef !== undefined || format === 'ndef-hex';
  const tag = isTagWanted || credential.security === 'wpa2-psk' ? encodeNdef([wifiRecord(credential)]) : undefined;
  // Only that dialect has a place for the identifier of a password.
  const dialect = flags.wpa3 || credential.passwordId !== undefined ? 'wpa3' : 'classic';
  const uri = wifiUri(credential, { dialect, saysSae: flags.sae });
  const pictures = await writeQr(uri, flags);
  if (ndef !== undefined) await writeNewFile(ndef, tag!, 0o600);
  const written = [...pictures, ...(ndef === undefined ? [] : [ndef])];
  return {
    credential: onScreen ? credentialToWire(credential, { uri, ndef: tag && Buffer.from(tag).toString('hex') }) : undefined,
    written: written.length === 0 ? undefined : written,
  };
}

/** Writes a text as a QR code into the files that are named, for the user alone, and returns which those were. Errors: `file_exists`, those of writing. */
export async function writeQr(text: string, { png, svg }: Pick<CredentialFileFlags, 'png' | 'svg'>): Promise<string[]> {
  const code = qrCode(text, 'M');
  if (png !== undefined) await writeNewFile(png, writePng(qrBitmap(code, moduleDots), dpi), 0o600);
  if (svg !== undefined) await writeNewFile(svg, qrSvg(code, moduleMm), 0o600);
  return [png, svg].filter((path) => path !== undefined);
}
