import { LatchkeyError } from '../../domain/errors.ts';
import { sameSsid } from '../../domain/heard-network.ts';
import { quoted } from '../../domain/shown-text.ts';
import { ssidText } from '../../domain/ssid-text.ts';
import { configurationSections, configurationText, directoryOf, keyManagementOf, ssidOf, type ControlledBss } from './read-configuration.ts';

/** A BSS whose name on the air can be changed. */
export interface NamedBss extends ControlledBss {
  /** How it derives elements from SAE passwords (`sae_pwe`); undefined: it speaks no SAE. */
  readonly saePwe: string | undefined;
}

/**
 * Those of a hostapd.conf that have this name, by its bytes. Errors: `file_not_found`, `invalid_input` (there is none, it
 * has no control socket, or hides its name, which nobody could hear).
 */
export async function namedBsses(ssid: Uint8Array, path: string): Promise<NamedBss[]> {
  const sections = configurationSections(await configurationText(path, 'latin1'));
  const named = sections.filter((section) => sameSsid(ssidOf(section, 'latin1') ?? new Uint8Array(), ssid));
  return named.map((section) => {
    const name = utf8(section.get('interface')!);
    const controlDirectory = directoryOf(section.get('ctrl_interface'));
    if (controlDirectory === undefined) {
      throw new LatchkeyError('invalid_input', `The BSS ${name} of the hostapd configuration has no ctrl_interface= in its section.`);
    }
    if (/^[12]\s*$/.test(section.get('ignore_broadcast_ssid') ?? '')) {
      throw new LatchkeyError('invalid_input', `The BSS ${name} hides its name (ignore_broadcast_ssid): nobody could hear the second one.`);
    }
    return {
      interface: name,
      controlDirectory: utf8(controlDirectory),
      saePwe: keyManagementOf(section).some((method) => method.includes('SAE')) ? (/^[0-3](?=\s*$)/.exec(section.get('sae_pwe') ?? '')?.[0] ?? '0') : undefined,
    };
  });
}

/** Those of all of these files. Errors: as of one, and `invalid_input` if none has the name. */
export async function requireNamedBsses(ssid: Uint8Array, paths: readonly string[]): Promise<NamedBss[]> {
  const bsses = (await Promise.all(paths.map((path) => namedBsses(ssid, path)))).flat();
  if (bsses.length === 0) {
    throw new LatchkeyError('invalid_input', `No BSS of the hostapd configuration is called ${quoted(ssidText(ssid))}.`);
  }
  return bsses;
}

function utf8(text: string): string {
  return Buffer.from(text, 'latin1').toString();
}
