import { Buffer, isUtf8 } from 'node:buffer';
import { LatchkeyError } from '../../domain/errors.ts';
import type { HeardNetwork } from '../../domain/heard-network.ts';
import { isIwScan, parseIwScan } from './iw.ts';
import { isJsonScan, parseJsonScan } from './json.ts';
import { isNmcliScan, parseNmcliScan } from './nmcli.ts';
import { strongest, type WhichNames } from './scan-lines.ts';
import { isWpaSupplicantScan, parseWpaSupplicantScan } from './wpa-supplicant.ts';

/** iw prints several thousand bytes of one network. */
export const mostScanBytes = 4 * 1024 * 1024;

const programs = [
  { is: isIwScan, parse: parseIwScan },
  { is: isNmcliScan, parse: parseNmcliScan },
  { is: isWpaSupplicantScan, parse: parseWpaSupplicantScan },
] as const;

/**
 * The networks of a scan, each radio once (or once for each of its names, if `names` says so): of what iw, nmcli or wpa_supplicant prints, or of a list as JSON or NDJSON.
 * Errors: `scan_malformed`, with the line.
 */
export function parseScan(content: Uint8Array, names: WhichNames = 'last'): HeardNetwork[] {
  if (content.length > mostScanBytes) {
    throw new LatchkeyError('scan_malformed', `A scan has at most ${mostScanBytes} bytes.`);
  }
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  if (isUtf8(bytes)) {
    const text = bytes.toString().replace(/^\uFEFF/, '');
    if (isJsonScan(text)) {
      return parseJsonScan(text, names);
    }
  }
  // What the programs print is read bytewise: not all of it is UTF-8.
  const lines = bytes.toString('latin1').split('\n').map((line) => line.replace(/\r$/, ''));
  const program = programs.find(({ is }) => is(lines));
  if (program === undefined) {
    throw new LatchkeyError('scan_malformed', lines.every((line) => line.trim() === '') ? 'This scan is empty.' : 'Line 1: this is nothing that iw, nmcli or wpa_supplicant prints, and no JSON.');
  }
  return strongest(program.parse(lines), names);
}
