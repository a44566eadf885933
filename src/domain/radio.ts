import { parseMac } from './device.ts';
import { LatchkeyError } from './errors.ts';
import { securities } from './ssid.ts';
import { quoted } from './shown-text.ts';

/** How an access point secures its main network; with `wpa2-wpa3`, each device may do the one or the other. */
export const mainSecurities = [...securities, 'wpa2-wpa3'] as const;
export type MainSecurity = (typeof mainSecurities)[number];

/** How the onboarding network is secured: not at all, or by encryption without a password (OWE, RFC 8110). */
export const onboardingSecurities = ['open', 'owe'] as const;
export type OnboardingSecurity = (typeof onboardingSecurities)[number];

const channels2GHz = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];
/** Where radar has the right of way. */
const radarChannels = [52, 56, 60, 64, 100, 104, 108, 112, 116, 120, 124, 128, 132, 136, 140, 144];
const channels5GHz = [36, 40, 44, 48, ...radarChannels, 149, 153, 157, 161, 165];

/** Global operating classes of 20 MHz (IEEE 802.11, table E-4). */
const operatingClasses: readonly (readonly [number, readonly number[]])[] = [
  [81, channels2GHz],
  [115, [36, 40, 44, 48]],
  [118, [52, 56, 60, 64]],
  [121, [100, 104, 108, 112, 116, 120, 124, 128, 132, 136, 140, 144]],
  [125, [149, 153, 157, 161, 165]],
];

/** Operating class and channel, such as `81/1` for 2412 MHz; undefined for what is in neither band. */
export function operatingChannel(frequencyMhz: number): string | undefined {
  const channel = (frequencyMhz - (frequencyMhz < 5000 ? 2407 : 5000)) / 5;
  const [operatingClass] = operatingClasses.find(([, channels]) => channels.includes(channel)) ?? [];
  return operatingClass === undefined ? undefined : `${operatingClass}/${channel}`;
}

/** The number of a channel in the bands of 2.4 and 5 GHz (IEEE 802.11, annex E): 1 to 13, 36 to 165. */
export function parseChannel(text: string): number {
  const channel = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (!channels2GHz.includes(channel) && !channels5GHz.includes(channel)) {
    throw new LatchkeyError('invalid_input', `${quoted(text)} is no channel: there are 1 to 13 (2.4 GHz) and ${channels5GHz.join(', ')} (5 GHz).`);
  }
  return channel;
}

export function is5GHz(channel: number): boolean {
  return channels5GHz.includes(channel);
}

/** Whether radar must be looked for before the channel is used. */
export function hasRadar(channel: number): boolean {
  return radarChannels.includes(channel);
}

/** Whether a radio that knows no country leaves the channel alone. */
export function needsCountry(channel: number): boolean {
  return channel > 11;
}

/** A country as the rules of radio name it (ISO 3166-1 alpha-2). */
export function parseCountry(text: string): string {
  if (!/^[A-Z]{2}$/.test(text) || new Intl.DisplayNames('en', { type: 'region', fallback: 'none' }).of(text) === undefined) {
    throw new LatchkeyError('invalid_input', `${quoted(text)} is not a country such as DE: two capital letters.`);
  }
  return text;
}

/** The name of a network interface, as Linux has them, without characters that mean something in configurations. */
export function parseInterface(text: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/.test(text)) {
    throw new LatchkeyError('invalid_input', `${quoted(text)} is not an interface such as wlan0: 1 to 15 letters, digits, "_", "." and "-".`);
  }
  return text;
}

const onboardingEnd = '_onb';
const longestInterface = 15;

/** As `parseInterface`, for the radio itself. */
export function parseRadioInterface(text: string): string {
  const name = parseInterface(text);
  if (name.endsWith(onboardingEnd)) {
    throw new LatchkeyError('invalid_input', `${quoted(text)} is the name of an onboarding network: name its radio.`);
  }
  return name;
}

/** The interface of the onboarding network on a radio, which is made with it: `wlan0_onb`. */
export function onboardingInterface(radio: string): string {
  return `${radio.slice(0, longestInterface - onboardingEnd.length)}${onboardingEnd}`;
}

/** The address of an access point on the air. */
export function parseBssid(text: string): string {
  const mac = parseMac(text);
  if ((firstByte(mac) & 1) === 1) {
    throw new LatchkeyError('invalid_input', `${mac} is the address of a group, and no access point’s.`);
  }
  return mac;
}

/**
 * A second address for a radio: its own, marked as locally administered (IEEE 802, 8.4); where it is so already, with
 * another bit turned.
 */
export function secondAddress(mac: string): string {
  const first = firstByte(mac);
  const second = (first & 2) === 0 ? first | 2 : first ^ 4;
  return `${second.toString(16).padStart(2, '0')}${mac.slice(2)}`;
}

function firstByte(mac: string): number {
  return parseInt(mac.slice(0, 2), 16);
}
