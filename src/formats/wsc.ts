import { Buffer } from 'node:buffer';
import { LatchkeyError } from '../domain/errors.ts';
import { parsePassphrase, parseSsid } from '../domain/ssid.ts';
import type { Credential } from '../roles/device/ports.ts';
import type { NdefRecord } from './ndef.ts';

/** Attributes (Wi-Fi Simple Configuration, 12). */
const id = {
  version: 0x104a,
  credential: 0x100e,
  networkIndex: 0x1026,
  ssid: 0x1045,
  authentication: 0x1003,
  encryption: 0x100f,
  key: 0x1027,
  mac: 0x1020,
  vendorExtension: 0x1049,
} as const;

/** WPA2 with a passphrase, and AES; a credential may allow more ways, each of which is a bit. */
const [wpa2Psk, aes] = [0x0020, 0x0008];
const anyStation = Buffer.alloc(6, 0xff);
/** Of the Wi-Fi Alliance, with the version proper: 2.0. */
const version2 = Buffer.from('00372a000120', 'hex');
const mediaType = 'application/vnd.wfa.wsc';

/**
 * A credential as phones take it from a tag (Wi-Fi Simple Configuration, password token). Errors: `invalid_input` for
 * WPA3, of which this format knows nothing.
 */
export function encodeWsc({ ssid, password, security }: Credential): Uint8Array {
  if (security !== 'wpa2-psk') {
    throw new LatchkeyError('invalid_input', 'A Wi-Fi tag cannot hold the credential of a WPA3 network.', { hint: 'Use a QR code.' });
  }
  const credential = Buffer.concat([
    attribute(id.networkIndex, Buffer.of(1)),
    attribute(id.ssid, Buffer.from(parseSsid(ssid))),
    attribute(id.authentication, uint16(wpa2Psk)),
    attribute(id.encryption, uint16(aes)),
    attribute(id.key, Buffer.from(parsePassphrase(password), 'latin1')),
    attribute(id.mac, anyStation),
  ]);
  return Buffer.concat([attribute(id.version, Buffer.of(0x10)), attribute(id.credential, credential), attribute(id.vendorExtension, version2)]);
}

/** The record of a tag that lets whoever holds a phone to it onto the network. Errors: as `encodeWsc`. */
export function wifiRecord(credential: Credential): NdefRecord {
  return { kind: 'media', type: mediaType, payload: encodeWsc(credential) };
}

function attribute(name: number, value: Uint8Array): Buffer {
  return Buffer.concat([uint16(name), uint16(value.length), value]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
