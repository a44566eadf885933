import { LatchkeyError } from '../domain/errors.ts';

/** How a commissioner may begin: by powering the device, by pressing something on it, or as its maker says. */
export const commissioningFlows = ['standard', 'user-intent', 'custom'] as const;
export type CommissioningFlow = (typeof commissioningFlows)[number];

/** By what a commissioner finds the device, in the order of the payload's bits. */
export const discoveries = ['soft-ap', 'ble', 'on-network', 'wifi-paf', 'nfc'] as const;
export type Discovery = (typeof discoveries)[number];

/** What a commissioner must know to begin with a device (Matter core specification, 5.1.1). The passcode is a secret. */
export interface MatterOnboarding {
  /** 12 bits, by which this device is told from others that wait. */
  readonly discriminator: number;
  readonly passcode: number;
  /** 1 to 0xFFF4; the last four are for tests. */
  readonly vendor: number;
  /** 1 to 0xFFFF. */
  readonly product: number;
  readonly flow: CommissioningFlow;
  /** At least one. */
  readonly discovery: readonly Discovery[];
}

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-.';
/** Of the payload without further data, from the lowest bit: their sum is 88 with four bits of zero at the top. */
const widths = { version: 3, vendor: 16, product: 16, flow: 2, discovery: 8, discriminator: 12, passcode: 27, padding: 4 } as const;
const payloadBytes = 11;

/** The text of the QR code: `MT:` and the packed payload of version 0 in base38 (5.1.3). Errors: `invalid_input`. */
export function matterPayload(onboarding: MatterOnboarding): string {
  const { discriminator, passcode, vendor, product, flow, discovery } = checked(onboarding);
  const values = {
    version: 0,
    vendor,
    product,
    flow: commissioningFlows.indexOf(flow),
    discovery: discovery.reduce((bits, way) => bits | (1 << discoveries.indexOf(way)), 0),
    discriminator,
    passcode,
    padding: 0,
  };
  let [packed, at] = [0n, 0n];
  for (const [name, width] of Object.entries(widths)) {
    packed |= BigInt(values[name as keyof typeof widths]) << at;
    at += BigInt(width);
  }
  return `MT:${base38(Uint8Array.from({ length: payloadBytes }, (_, index) => Number((packed >> BigInt(8 * index)) & 0xffn)))}`;
}

/** A payload without further data, and without values that nobody may have. Errors: `invalid_input`. */
export function parseMatterPayload(text: string): MatterOnboarding {
  const bytes = text.startsWith('MT:') ? parseBase38(text.slice(3)) : undefined;
  if (bytes?.length !== payloadBytes) {
    throw new LatchkeyError('invalid_input', 'This is not the payload of a Matter QR code.');
  }
  let packed = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const take = (width: number) => {
    const value = Number(packed & ((1n << BigInt(width)) - 1n));
    packed >>= BigInt(width);
    return value;
  };
  const version = take(widths.version);
  const [vendor, product, flow, ways] = [take(widths.vendor), take(widths.product), take(widths.flow), take(widths.discovery)];
  const [discriminator, passcode, padding] = [take(widths.discriminator), take(widths.passcode), take(widths.padding)];
  if (version !== 0 || padding !== 0 || ways >> discoveries.length !== 0) {
    throw new LatchkeyError('invalid_input', 'This Matter payload is of a version that is not known here.');
  }
  const discovery = discoveries.filter((_, bit) => ((ways >> bit) & 1) === 1);
  return checked({ discriminator, passcode, vendor, product, flow: commissioningFlows[flow]!, discovery });
}

/**
 * What people type who cannot scan: 11 digits, 21 with vendor and product where the flow is not the standard one
 * (5.1.4). The last is a check digit. Errors: `invalid_input`.
 */
export function manualPairingCode(onboarding: MatterOnboarding): string {
  const { discriminator, passcode, vendor, product, flow } = checked(onboarding);
  const long = flow !== 'standard';
  const short = discriminator >> 8;
  const digits = [
    ((long ? 1 : 0) << 2) | (short >> 2),
    padded(((short & 3) << 14) | (passcode & 0x3fff), 5),
    padded(passcode >> 14, 4),
    ...(long ? [padded(vendor, 5), padded(product, 5)] : []),
  ].join('');
  return digits + verhoeffDigit(digits);
}

/** A passcode as it is given: 8 decimal digits. Errors: `invalid_input`, without the passcode. */
export function parsePasscode(text: string): number {
  if (!/^\d{8}$/.test(text)) {
    throw new LatchkeyError('invalid_input', 'A Matter passcode has 8 digits.');
  }
  return checkedPasscode(Number(text));
}

/** 5.1.7.1: from 1 to 99999998, and none that everybody would try first. */
function checkedPasscode(passcode: number): number {
  if (!Number.isInteger(passcode) || passcode < 1 || passcode > 99_999_998 || passcode % 11_111_111 === 0 || passcode === 12_345_678 || passcode === 87_654_321) {
    throw new LatchkeyError('invalid_input', 'Matter forbids this passcode: it is 00000001 to 99999998, and not one that everybody would try first.');
  }
  return passcode;
}

function checked(onboarding: MatterOnboarding): MatterOnboarding {
  const { discriminator, passcode, vendor, product, flow, discovery } = onboarding;
  checkedPasscode(passcode);
  within('discriminator', discriminator, 0, 0xfff);
  within('vendor', vendor, 1, 0xfff4);
  within('product', product, 1, 0xffff);
  if (!commissioningFlows.includes(flow)) {
    throw new LatchkeyError('invalid_input', `A commissioning flow is one of ${commissioningFlows.join(', ')}.`);
  }
  if (discovery.length === 0 || !discovery.every((way) => discoveries.includes(way))) {
    throw new LatchkeyError('invalid_input', `A Matter device is found by at least one of ${discoveries.join(', ')}.`);
  }
  return onboarding;
}

function within(what: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new LatchkeyError('invalid_input', `A Matter ${what} is a whole number from ${min} to ${max}.`);
  }
}

function padded(value: number, length: number): string {
  return String(value).padStart(length, '0');
}

/** Three bytes, the lowest first, become five characters, the lowest first; two become four, one becomes two. */
function base38(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const chunk = bytes.subarray(at, at + 3);
    let value = chunk.reduceRight((sum, byte) => sum * 256 + byte, 0);
    for (let left = charactersOf[chunk.length]!; left > 0; left -= 1) {
      text += alphabet[value % 38];
      value = Math.floor(value / 38);
    }
  }
  return text;
}

const charactersOf = [0, 2, 4, 5] as const;

function parseBase38(text: string): Uint8Array | undefined {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 5) {
    const chunk = text.slice(at, at + 5);
    const length = charactersOf.indexOf(chunk.length as 2);
    let value = [...chunk].reduceRight((sum, character) => sum * 38 + alphabet.indexOf(character), 0);
    if (length < 1 || [...chunk].some((character) => !alphabet.includes(character)) || value >= 256 ** length) {
      return undefined;
    }
    for (let left = length; left > 0; left -= 1) {
      bytes.push(value & 0xff);
      value = Math.floor(value / 256);
    }
  }
  return Uint8Array.from(bytes);
}

/** Multiplication in the dihedral group of order ten. */
function dihedral(a: number, b: number): number {
  return a < 5 ? (b < 5 ? (a + b) % 5 : ((a + b) % 5) + 5) : b < 5 ? ((a - b) % 5) + 5 : (a - b + 5) % 5;
}

/** Verhoeff's permutation; at each place it is applied once more. */
const permutation = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4] as const;

/** The digit that makes the whole check to zero, as Verhoeff (1969) made it. */
function verhoeffDigit(digits: string): number {
  const sum = [...digits].reduceRight((check, digit, index) => {
    let value = Number(digit);
    for (let times = digits.length - index; times > 0; times -= 1) {
      value = permutation[value]!;
    }
    return dihedral(check, value);
  }, 0);
  return sum < 5 ? (5 - sum) % 5 : sum;
}
