import { Buffer } from 'node:buffer';
import { parseBssid } from '../../domain/bssid.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { heardSecurities, mostHeard, mostSsidBytes, type HeardNetwork } from '../../domain/heard-network.ts';
import { parseTypedSsid } from '../../domain/ssid-text.ts';
import { parseStrictJson } from '../strict-json.ts';
import { latest, type WhichNames } from './scan-lines.ts';

/** Where in the text a network is said to be. */
interface Place {
  readonly value: unknown;
  readonly where: string;
}

export function isJsonScan(text: string): boolean {
  return /^\s*[[{]/.test(text);
}

/**
 * A list of networks, as our own commands print it: `{bssid, ssid, signal_dbm?, frequency_mhz?, security, age_ms}` as an
 * array, as the `items` of an object, or one a line (NDJSON); other members are passed over. `ssid` is base64url of its
 * bytes, none is a hidden name; by hand one may write `ssid_text` instead, and leave out the age. Errors: `scan_malformed`.
 */
export function parseJsonScan(text: string, names: WhichNames): HeardNetwork[] {
  const heard = latest(placesIn(text).map(networkOf), names);
  if (heard.length > mostHeard) {
    throw new LatchkeyError('scan_malformed', `These are ${heard.length} networks; a scan has at most ${mostHeard}.`);
  }
  return heard;
}

function placesIn(text: string): Place[] {
  const lines = text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [{ line, number: index + 1 }]));
  const isLinewise = lines.length > 1 && lines.every(({ line }) => /^\s*\{.*\}\s*$/.test(line));
  if (isLinewise) {
    return lines.map(({ line, number }) => ({ value: strict(line, `Line ${number}`), where: `Line ${number}` }));
  }
  const value = strict(text, 'This');
  if (isObject(value) && !Array.isArray(value['items'])) {
    return [{ value, where: 'Line 1' }];
  }
  const items = Array.isArray(value) ? value : ((value as Record<string, unknown>)['items'] as unknown[]);
  return items.map((item, index) => ({ value: item, where: `Network ${index + 1}` }));
}

function strict(text: string, where: string): unknown {
  try {
    return parseStrictJson(text);
  } catch (error) {
    throw error instanceof LatchkeyError ? new LatchkeyError('scan_malformed', `${where}: ${error.message}`, { problems: error.problems, cause: error }) : error;
  }
}

function networkOf({ value, where }: Place): HeardNetwork {
  const wrong = (reason: string, cause?: unknown) => new LatchkeyError('scan_malformed', `${where}: ${reason}.`, { cause });
  if (!isObject(value)) {
    throw wrong('it is not a JSON object');
  }
  const { bssid, ssid, ssid_text: typed, signal_dbm: signal, frequency_mhz: frequency, security, age_ms: age = 0 } = value;
  const attempt = <T>(name: string, parse: () => T): T => {
    try {
      return parse();
    } catch (error) {
      throw error instanceof LatchkeyError ? wrong(`${name}: ${error.message.replace(/\.$/, '')}`, error) : error;
    }
  };
  if (typeof bssid !== 'string') {
    throw wrong('it has no bssid');
  }
  const known = heardSecurities.find((each) => each === security);
  if (known === undefined) {
    throw wrong(`its security is none of ${heardSecurities.join(', ')}`);
  }
  if (!isWhole(age, 0, Number.MAX_SAFE_INTEGER)) {
    throw wrong('its age_ms is no whole number of milliseconds');
  }
  if (signal !== undefined && !isWhole(signal, -200, 50)) {
    throw wrong('its signal_dbm is no whole number of dBm');
  }
  if (frequency !== undefined && !isWhole(frequency, 1, 999_999)) {
    throw wrong('its frequency_mhz is no whole number of MHz');
  }
  const name = typeof typed === 'string' && ssid === undefined ? attempt('ssid_text', () => parseTypedSsid(typed)) : bytesOf(ssid);
  if (name === undefined) {
    throw wrong('it has no ssid, base64url of at most 32 bytes, or ssid_text');
  }
  return { bssid: attempt('bssid', () => parseBssid(bssid)), ssid: name, signalDbm: signal, frequencyMhz: frequency, security: known, ageMs: age };
}

function bytesOf(ssid: unknown): Uint8Array | undefined {
  if (typeof ssid !== 'string') {
    return undefined;
  }
  const bytes = Buffer.from(ssid, 'base64url');
  return bytes.length <= mostSsidBytes && bytes.toString('base64url') === ssid ? Uint8Array.from(bytes) : undefined;
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
