import { randomBytes } from 'node:crypto';

/** A grant's SAE password, as hostapd takes it. */
export interface SaeEntry {
  readonly grantId: string;
  /** Without "|". */
  readonly password: string;
  /** The one station that may use it; undefined: any. */
  readonly mac: string | undefined;
  /** 1 to 4094. */
  readonly vlan: number | undefined;
}

const heading = '# Passwords of grants, kept by latchkey ap serve: what is changed here is put back.\n';
const shape = /^([^|]+)(?:\|mac=([0-9a-f]{2}(?::[0-9a-f]{2}){5}))?(?:\|vlanid=([1-9]\d{0,3}))?\|id=(grt_[A-Za-z0-9_-]{1,60})$/;

/** As it stands behind `sae_password=`: the grant's id is the password's identifier (hostapd.conf 2.10, sae_password). */
export function saeValue({ grantId, password, mac, vlan }: SaeEntry): string {
  return `${password}${mac === undefined ? '' : `|mac=${mac}`}${vlan === undefined ? '' : `|vlanid=${vlan}`}|id=${grantId}`;
}

/** Undefined: it is not a grant's. */
export function parseSaeValue(value: string): SaeEntry | undefined {
  const [, password, mac, vlan, grantId] = shape.exec(value) ?? [];
  return password === undefined || grantId === undefined ? undefined : { grantId, password, mac, vlan: vlan === undefined ? undefined : Number(vlan) };
}

const sealed = 'sealed-';

export function isSeal(value: string): boolean {
  return value.startsWith(sealed);
}

/** A password that nobody knows, in the place of the grant's. */
export function newSeal(grantId: string): string {
  return saeValue({ grantId, password: `${sealed}${randomBytes(24).toString('hex')}`, mac: undefined, vlan: undefined });
}

/** The grants' values, by grant, that a hostapd.conf has in the sections of these BSSes. */
export function readSaeValues(text: string, bsses: readonly string[]): Map<string, string> {
  const own = sectionsOf(text).filter(({ bss }) => bss !== undefined && bsses.includes(bss));
  return new Map(own.flatMap(({ lines }) => lines.flatMap((line) => {
    const value = valueOf(line);
    const entry = value === undefined ? undefined : parseSaeValue(value);
    return entry === undefined ? [] : [[entry.grantId, value!] as const];
  })));
}

/**
 * A hostapd.conf with these values in the sections of these BSSes, and no other ones of grants: one block each, under a
 * heading, behind the BSS's `wpa_key_mgmt=`. All else is as it was, byte for byte; so texts are in Latin-1.
 */
export function withSaeValues(text: string, bsses: readonly string[], values: readonly string[]): string {
  const block = values.length === 0 ? [] : [heading, ...values.map((value) => `sae_password=${value}\n`)];
  return sectionsOf(text).flatMap(({ bss, lines }) => {
    if (bss === undefined || !bsses.includes(bss)) {
      return lines;
    }
    const others = lines.filter((line) => line !== heading && !isGrants(line));
    const place = others.findLastIndex((line) => line.startsWith('wpa_key_mgmt=')) + 1;
    const before = others.slice(0, place);
    const open = block.length > 0 && before.at(-1)?.endsWith('\n') === false ? ['\n'] : [];
    return [...before, ...open, ...block, ...others.slice(place)];
  }).join('');
}

/** Whether a line of a hostapd.conf is a grant's password. */
export function isGrants(line: string): boolean {
  const value = valueOf(line);
  return value !== undefined && parseSaeValue(value) !== undefined;
}

function valueOf(line: string): string | undefined {
  return /^sae_password=(.*?)\r?\n?$/.exec(line)?.[1];
}

interface Section {
  /** Undefined: what stands before the first one. */
  readonly bss: string | undefined;
  readonly lines: string[];
}

function sectionsOf(text: string): Section[] {
  const sections: Section[] = [{ bss: undefined, lines: [] }];
  for (const line of text.split(/(?<=\n)/)) {
    const bss = /^(?:interface|bss)=(.*?)\s*$/.exec(line)?.[1];
    if (bss !== undefined) {
      sections.push({ bss, lines: [] });
    }
    sections.at(-1)!.lines.push(line);
  }
  return sections;
}
