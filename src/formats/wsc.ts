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
const mostBytes = 2048;
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

/** The one credential in it, whatever else is there. Errors: `invalid_input`. */
export function decodeWsc(bytes: Uint8Array): Credential {
  if (bytes.length > mostBytes) {
    throw malformed('it is too long');
  }
  const credential = attributesOf(only(attributesOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)), id.credential));
  const has = (attribute: number, bit: number) => {
    const value = only(credential, attribute);
    return value.length === 2 && (value.readUInt16BE() & bit) !== 0;
  };
  if (!has(id.authentication, wpa2Psk) || !has(id.encryption, aes)) {
    throw malformed('its network is not one of WPA2 with a password');
  }
  return { ssid: parseSsid(utf8(only(credential, id.ssid))), password: parsePassphrase(only(credential, id.key).toString('latin1')), security: 'wpa2-psk' };
}

/** The record of a tag that lets whoever holds a phone to it onto the network. Errors: as `encodeWsc`. */
export function wifiRecord(credential: Credential): NdefRecord {
  return { kind: 'media', type: mediaType, payload: encodeWsc(credential) };
}

/** The credential of the first record that is for Wi-Fi; undefined if none is. Errors: `invalid_input`. */
export function wifiOfRecords(records: readonly NdefRecord[]): Credential | undefined {
  const record = records.find(({ kind, type }) => kind === 'media' && type.toLowerCase() === mediaType);
  return record === undefined ? undefined : decodeWsc(record.payload);
}

function attribute(name: number, value: Uint8Array): Buffer {
  return Buffer.concat([uint16(name), uint16(value.length), value]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

type Attributes = readonly { readonly name: number; readonly value: Buffer }[];

function attributesOf(bytes: Buffer): Attributes {
  const attributes: { name: number; value: Buffer }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 > bytes.length ? Infinity : at + 4 + bytes.readUInt16BE(at + 2);
    if (end > bytes.length) {
      throw malformed('it ends too soon');
    }
    attributes.push({ name: bytes.readUInt16BE(at), value: bytes.subarray(at + 4, end) });
    at = end;
  }
  return attributes;
}

function only(attributes: Attributes, name: number): Buffer {
  const [found, second] = attributes.filter((attribute) => attribute.name === name);
  if (found === undefined || second !== undefined) {
    throw malformed(`${found === undefined ? 'it lacks' : 'it has twice'} attribute ${name.toString(16)}`);
  }
  return found.value;
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed('its SSID is not UTF-8');
  }
}

function malformed(why: string): LatchkeyError {
  return new LatchkeyError('invalid_input', `This is no Wi-Fi credential of a tag: ${why}.`);
}
