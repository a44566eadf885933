import { readFile } from 'node:fs/promises';
import { LatchkeyError } from '../../domain/errors.ts';
import { isGrants } from './sae-block.ts';

/** What a hostapd.conf says of one BSS. */
export interface ConfiguredBss {
  readonly interface: string;
  /** As UTF-8 text; undefined if it is none. */
  readonly ssid: string | undefined;
  readonly controlDirectory: string | undefined;
  readonly pskFile: string | undefined;
  /** Whether it has a password for SAE that is nobody's own. */
  readonly hasCommonPassword: boolean;
  /** Whether it puts stations into the VLANs of their keys (dynamic_vlan). */
  readonly hasVlans: boolean;
  /** Whether devices that speak DPP hear that they may announce themselves here. */
  readonly callsForDpp: boolean;
  /** The file that says so. */
  readonly file: string;
  /** Such as WPA-PSK, SAE, OWE, DPP; empty for an open one. */
  readonly keyManagement: readonly string[];
}

/** What a hostapd.conf says; `latin1` keeps bytes that are no UTF-8. Errors: `file_not_found`. */
export async function configurationText(path: string, encoding: 'utf8' | 'latin1'): Promise<string> {
  try {
    return await readFile(path, encoding);
  } catch (error) {
    throw new LatchkeyError('file_not_found', `The hostapd configuration ${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`, { cause: error });
  }
}

/**
 * The BSSes of a hostapd.conf, the first of `interface=`, the others of `bss=`. Lines that say nothing of these things
 * are passed over; hostapd itself is the judge of them.
 */
export function readConfiguration(text: string, file: string): ConfiguredBss[] {
  return configurationSections(text).map((section) => ({
    interface: section.get('interface')!,
    ssid: textOf(ssidOf(section, 'utf8')),
    controlDirectory: directoryOf(section.get('ctrl_interface')),
    pskFile: section.get('wpa_psk_file'),
    hasCommonPassword: section.has('sae_password') || section.has('wpa_passphrase'),
    callsForDpp: section.get('dpp_configurator_connectivity')?.trim() === '1',
    hasVlans: /^[12]\s*$/.test(section.get('dynamic_vlan') ?? ''),
    file,
    keyManagement: keyManagementOf(section),
  }));
}

/** Of each BSS what its section sets, by name, as text of the encoding that the file was read in; what is set twice counts as it was last. */
export function configurationSections(text: string): ReadonlyMap<string, string>[] {
  const sections: Map<string, string>[] = [];
  for (const line of text.split(/\r?\n/)) {
    const [, name = '', value = ''] = /^\s*([A-Za-z0-9_]+)=(.*)$/.exec(line) ?? [];
    if (isGrants(line)) {
      continue;
    }
    if (name === 'interface' || name === 'bss') {
      sections.push(new Map([['interface', value.trim()]]));
    } else if (name !== '') {
      sections.at(-1)?.set(name, value);
    }
  }
  return sections;
}

export function keyManagementOf(section: ReadonlyMap<string, string>): string[] {
  return (section.get('wpa_key_mgmt') ?? '').split(/\s+/).filter((word) => word !== '');
}

/** `DIR=/run/hostapd GROUP=wheel` or the folder alone. */
export function directoryOf(value: string | undefined): string | undefined {
  return value === undefined ? undefined : (/DIR=(\S+)/.exec(value)?.[1] ?? value.trim());
}

/** `ssid=` as it stands; `ssid2=` quoted, with escapes behind a P, or in hexadecimal (hostapd.conf). Undefined: none is set. */
export function ssidOf(section: ReadonlyMap<string, string>, encoding: 'utf8' | 'latin1'): Buffer | undefined {
  const plain = section.get('ssid');
  const other = section.get('ssid2');
  if (other === undefined) {
    return plain === undefined ? undefined : Buffer.from(plain, encoding);
  }
  const quoted = /^"(.*)"$/.exec(other)?.[1];
  const escaped = /^P"(.*)"$/.exec(other)?.[1];
  return escaped !== undefined ? unescaped(escaped, encoding) : quoted !== undefined ? Buffer.from(quoted, encoding) : Buffer.from(other, 'hex');
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  try {
    return bytes === undefined ? undefined : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const escapes: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, e: 27, '\\': 92, '"': 34 };

/** Bytes as hostapd shows and takes them: printable characters, and escapes such as `\\n` and `\\xff`. */
export function unescaped(text: string, encoding: 'utf8' | 'latin1'): Buffer {
  const parts = [...text.matchAll(/\\x([0-9a-fA-F]{2})|\\([0-7]{1,3})|\\(.)|([^\\]+)/gs)];
  return Buffer.concat(parts.map(([, hex, octal, letter, plain]) =>
    hex !== undefined ? Buffer.from(hex, 'hex')
      : octal !== undefined ? Buffer.from([parseInt(octal, 8) & 0xff])
      : letter !== undefined ? Buffer.from([escapes[letter] ?? letter.charCodeAt(0)])
      : Buffer.from(plain!, encoding)));
}

export interface ControlledBss {
  readonly interface: string;
  readonly controlDirectory: string;
}

/** A BSS that serves grants. */
export interface ServingBss extends ControlledBss {
  /** Where hostapd reads the keys for WPA2; undefined: it speaks no WPA2. */
  readonly pskFile: string | undefined;
  /** The configuration's own file, in which the passwords for SAE are; undefined: it speaks no SAE. */
  readonly saeFile: string | undefined;
  readonly hasVlans: boolean;
}

const makeOne = { hint: 'Make the configuration with `latchkey ap config`.' };

/** Those of a network. Errors: `invalid_input`, which says what is missing. */
export function controlledBsses(ssid: string, bsses: readonly ConfiguredBss[]): (ConfiguredBss & ControlledBss)[] {
  const named = bsses.filter((bss) => bss.ssid === ssid);
  if (named.length === 0) {
    const names = bsses.map((bss) => JSON.stringify(bss.ssid ?? bss.interface)).join(', ');
    throw new LatchkeyError('invalid_input', `No BSS of the hostapd configuration has the SSID ${JSON.stringify(ssid)}; there is ${names === '' ? 'none' : names}.`, makeOne);
  }
  return named.map((bss) => {
    const { controlDirectory } = bss;
    if (controlDirectory === undefined) {
      throw new LatchkeyError('invalid_input', `The BSS ${bss.interface} of the hostapd configuration has no ctrl_interface= in its section.`, makeOne);
    }
    return { ...bss, controlDirectory };
  });
}

/** Those of other networks that can be told something. */
export function otherBsses(ssid: string, bsses: readonly ConfiguredBss[]): ControlledBss[] {
  return bsses.flatMap((bss) => (bss.ssid === ssid || bss.controlDirectory === undefined ? [] : [{ interface: bss.interface, controlDirectory: bss.controlDirectory }]));
}

/** Those of a network whose grants have passwords of their own. Errors: `invalid_input`, which says what is missing. */
export function servingBsses(ssid: string, bsses: readonly ConfiguredBss[]): ServingBss[] {
  return controlledBsses(ssid, bsses).map(({ interface: name, controlDirectory, pskFile, hasCommonPassword, hasVlans, keyManagement, file }) => {
    const sae = keyManagement.includes('SAE');
    const psk = !sae || keyManagement.some((method) => method.includes('PSK'));
    if (psk && pskFile?.startsWith('/') !== true) {
      throw new LatchkeyError('invalid_input', `The BSS ${name} of the hostapd configuration has no wpa_psk_file= with an absolute path in its section.`, makeOne);
    }
    if (sae && hasCommonPassword) {
      throw new LatchkeyError('invalid_input', `The BSS ${name} of the hostapd configuration has a password for all (sae_password=, wpa_passphrase=), by which nobody could be told apart.`, {
        hint: 'Take it out, or keep it for all with --shared-password.',
      });
    }
    return { interface: name, controlDirectory, pskFile: psk ? pskFile : undefined, saeFile: sae ? file : undefined, hasVlans };
  });
}
