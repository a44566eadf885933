import { Buffer } from 'node:buffer';
import { ECDH } from 'node:crypto';
import { parseMac } from '../domain/device.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { bootstrapKeyInfo } from './bootstrap-key.ts';

/** What a configurator must know of a device to begin with it (Wi-Fi Easy Connect, 5.2.1). */
export interface DppBootstrapping {
  /** Where the device listens: global operating class and channel, such as `81/1`. */
  readonly channels: readonly string[];
  /** As `parseMac` gives it; a device without one answers whoever knows its key. */
  readonly mac: string | undefined;
  /** For people: printable ASCII without `;`. */
  readonly info: string | undefined;
  /** A point of P-256, compressed: 33 bytes. */
  readonly publicKey: Uint8Array;
}

const form = /^DPP:(?:C:([^;]+);)?(?:M:([^;]+);)?(?:I:([^;]+);)?V:2;K:([^;]+);;$/;

/**
 * `DPP:C:81/1;M:<mac>;I:<info>;V:2;K:<key>;;` Errors: `invalid_input` for what a field cannot hold; there are no
 * escapes, and readers take a `;` inside the info for its end without a word.
 */
export function dppUri({ channels, mac, info, publicKey }: DppBootstrapping): string {
  const fields = [
    ...(channels.length === 0 ? [] : [`C:${channels.map(parseChannel).join(',')}`]),
    ...(mac === undefined ? [] : [`M:${parseMac(mac).replaceAll(':', '')}`]),
    ...(info === undefined ? [] : [`I:${parseInfo(info)}`]),
    'V:2',
    `K:${Buffer.from(bootstrapKeyInfo(onCurve(publicKey))).toString('base64')}`,
  ];
  return `DPP:${fields.join(';')};;`;
}

/** What `dppUri` writes, and no more than that: fields in its order. Errors: `invalid_input`. */
export function parseDppUri(text: string): DppBootstrapping {
  const [, channels, mac, info, key] = form.exec(text) ?? [];
  const spki = Buffer.from(key ?? '', 'base64');
  const publicKey = spki.subarray(-33);
  if (key === undefined || spki.toString('base64') !== key || !spki.equals(bootstrapKeyInfo(publicKey))) {
    throw new LatchkeyError('invalid_input', 'This is not a DPP URI of version 2 with a compressed key of P-256.');
  }
  return {
    channels: channels === undefined ? [] : channels.split(',').map(parseChannel),
    mac: mac === undefined ? undefined : parseMac(mac),
    info: info === undefined ? undefined : parseInfo(info),
    publicKey: onCurve(publicKey),
  };
}

/** A global operating class and a channel of it (IEEE 802.11, annex E). Errors: `invalid_input`. */
export function parseChannel(text: string): string {
  const [, operatingClass, channel] = /^([1-9]\d{0,2})\/([1-9]\d{0,2})$/.exec(text) ?? [];
  if (operatingClass === undefined || Number(operatingClass) > 255 || Number(channel) > 233) {
    throw new LatchkeyError('invalid_input', `"${text}" is not an operating class and a channel, such as 81/1.`);
  }
  return text;
}

function parseInfo(text: string): string {
  if (!/^[\x20-\x3a\x3c-\x7e]{1,128}$/.test(text)) {
    throw new LatchkeyError('invalid_input', 'The info in a DPP URI is 1 to 128 printable ASCII characters without ";", which would cut it off.');
  }
  return text;
}

function onCurve(point: Uint8Array): Uint8Array {
  try {
    if (point.length === 33) {
      ECDH.convertKey(point, 'prime256v1', undefined, undefined, 'compressed');
      return Uint8Array.from(point);
    }
  } catch {
    // Said below.
  }
  throw new LatchkeyError('invalid_input', 'This public key is no compressed point of P-256.');
}
