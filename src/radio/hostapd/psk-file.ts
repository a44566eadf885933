import { constants } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { LatchkeyError } from '../../domain/errors.ts';

/** A line of hostapd's wpa_psk_file. */
export interface PskLine {
  readonly grantId: string;
  /** 32 bytes. */
  readonly psk: Uint8Array;
  /** 1 to 4094. */
  readonly vlan: number | undefined;
}

const heading = '# Kept by latchkey ap serve: what is changed here is put back.\n';
/** Any station may use it: the radio says which grant's it was (`keyid`). */
const anyStation = '00:00:00:00:00:00';
const shape = /^keyid=[A-Za-z0-9_-]{1,64} (vlanid=[1-9]\d{0,3} )?00:00:00:00:00:00 [0-9a-f]{64}$/;

/**
 * A line as hostapd 2.10 reads it. Keys are written and not the passwords that they follow from: hostapd would derive
 * each one again, in 4096 rounds, at every reload.
 */
export function pskLine({ grantId, psk, vlan }: PskLine): string {
  return `keyid=${grantId} ${vlan === undefined ? '' : `vlanid=${vlan} `}${anyStation} ${Buffer.from(psk).toString('hex')}\n`;
}

/** What the file is, as the file system tells it: something else if anybody wrote it. Undefined: it is not there. */
export async function stateOf(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${dev} ${ino} ${size} ${mtimeNs}`;
  } catch {
    return undefined;
  }
}

/**
 * Puts a file of these lines in the place of what is there. hostapd gives up at the first line that it cannot read, and
 * forgets all that come behind it: what was written is read back and looked at line by line before it counts.
 * Resolves to its state. Errors: `storage_full`, `storage_read_only`, `internal`.
 */
export async function writePskFile(path: string, lines: readonly string[]): Promise<string | undefined> {
  const text = heading + lines.join('');
  const fresh = `${path}.new`;
  try {
    const file = await open(fresh, constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o600);
    try {
      await file.writeFile(text);
      await file.datasync();
      const written = Buffer.alloc(Buffer.byteLength(text) + 1);
      const { bytesRead } = await file.read(written, 0, written.length, 0);
      validate(written.toString('utf8', 0, bytesRead), lines.length);
    } finally {
      await file.close();
    }
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => undefined);
    throw meaning(path, error);
  }
  return stateOf(path);
}

function validate(text: string, count: number): void {
  const lines = text.slice(heading.length).split('\n');
  if (!text.startsWith(heading) || lines.pop() !== '' || lines.length !== count || !lines.every((line) => shape.test(line))) {
    throw new LatchkeyError('internal', 'What was to be written for hostapd is not what it reads; the file before is still there.');
  }
}

function meaning(path: string, error: unknown): unknown {
  if (error instanceof LatchkeyError) {
    return error;
  }
  const { code } = error as NodeJS.ErrnoException;
  const options = { hint: `Check the folder of ${path} and what room it has.`, cause: error };
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? new LatchkeyError('storage_full', `${path} could not be written: the disk is full.`, options)
    : new LatchkeyError('storage_read_only', `${path} could not be written (${code}).`, options);
}
