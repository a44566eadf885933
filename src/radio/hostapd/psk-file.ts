import { replaceFile } from './replaced-file.ts';

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

/**
 * Puts a file of these lines in the place of what is there. hostapd gives up at the first line that it cannot read, and
 * forgets all that come behind it: what was written is looked at line by line before it counts. Resolves to its state.
 * Errors: those of `replaceFile`.
 */
export async function writePskFile(path: string, lines: readonly string[]): Promise<string | undefined> {
  return replaceFile(path, Buffer.from(heading + lines.join('')), (written) => isReadable(written.toString(), lines.length));
}

function isReadable(text: string, count: number): boolean {
  const lines = text.slice(heading.length).split('\n');
  return text.startsWith(heading) && lines.pop() === '' && lines.length === count && lines.every((line) => shape.test(line));
}
