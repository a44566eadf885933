import { statSync } from 'node:fs';
import { LatchkeyError } from '../../domain/errors.ts';
import type { HeardNetwork } from '../../domain/heard-network.ts';
import { fileFlag, interfaceFlag } from '../flags.ts';
import { readInput } from '../input-file.ts';

/** On commands that hear what is on the air. */
export const hearingFlags = {
  interface: interfaceFlag({ description: 'Scan with this wireless interface; the only one there is if left out.', exclusive: ['scan'] }),
  scan: fileFlag({ description: 'Take this scan, - for stdin: what iw, nmcli or wpa_supplicant prints, or a list as JSON or NDJSON.' }),
};

export interface HearingFlags {
  readonly interface?: string | undefined;
  readonly scan?: string | undefined;
}

/** What was heard longer ago than a day is a day old: no use of it asks for more. */
const oldestMs = 86_400_000;

/** What is heard now, or was in the scan that is given: of each radio the last name, or each. Errors: `scan_unavailable`, `scan_malformed`, those of `readInput`. */
export async function hear(flags: HearingFlags, signal: AbortSignal, names: 'last' | 'each' = 'last'): Promise<HeardNetwork[]> {
  const { parseScan, mostScanBytes } = await import('../../formats/scan/scan.ts');
  if (flags.scan !== undefined) {
    const age = ageOf(flags.scan);
    return parseScan(await readScan(flags.scan, mostScanBytes, signal), names).map((network) => ({ ...network, ageMs: Math.min(network.ageMs + age, oldestMs) }));
  }
  const { scanAir } = await import('../../radio/station/scan.ts');
  const printed = await scanAir({ interface: flags.interface, signal });
  return printed.trim() === '' ? [] : parseScan(Buffer.from(printed), names);
}

/** How long ago a file was written, in milliseconds: so much older is what was heard. 0 where nobody can tell. */
function ageOf(path: string): number {
  const written = path === '-' ? undefined : statSync(path, { throwIfNoEntry: false });
  return written?.isFile() === true ? Math.max(0, Math.floor(Date.now() - written.mtimeMs)) : 0;
}

async function readScan(path: string, mostBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of readInput(path, '--scan', { signal })) {
    length += piece.length;
    if (length > mostBytes) {
      throw new LatchkeyError('scan_malformed', `A scan has at most ${mostBytes} bytes.`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
