import { LatchkeyError } from './errors.ts';
import { quoted } from './shown-text.ts';

const units: Readonly<Record<string, bigint>> = {
  B: 1n,
  kB: 1000n, MB: 1000n ** 2n, GB: 1000n ** 3n, TB: 1000n ** 4n,
  KiB: 1024n, MiB: 1024n ** 2n, GiB: 1024n ** 3n, TiB: 1024n ** 4n,
};
const byLowerCase = new Map(Object.entries(units).map(([name, bytes]) => [name.toLowerCase(), bytes]));

/** More than any radio carries; beyond it databases do not count exactly. */
export const mostTraffic = BigInt(Number.MAX_SAFE_INTEGER);

/** An amount of traffic such as `500MB`, `1.5GB` or `2GiB`, in bytes; more than 0. */
export function parseTraffic(text: string): bigint {
  const [, whole = '', fraction = '', unit = ''] = /^(\d{1,16})(?:\.(\d{1,6}))?([A-Za-z]{1,3})$/.exec(text) ?? [];
  const size = byLowerCase.get(unit.toLowerCase());
  if (size === undefined) {
    throw new LatchkeyError('invalid_input', `${quoted(text)} is not an amount of traffic such as 500MB, 1.5GB or 2GiB.`);
  }
  const bytes = BigInt(whole) * size + (BigInt(fraction.padEnd(6, '0')) * size) / 1_000_000n;
  if (bytes <= 0n || bytes > mostTraffic) {
    throw new LatchkeyError('invalid_input', 'An amount of traffic is more than nothing and at most 9PB.');
  }
  return bytes;
}

/** As `parseTraffic` reads it, exactly, in the largest unit of which it is a whole number: `500MB`, `2GiB`, `1500kB`. */
export function trafficText(bytes: bigint): string {
  const whole = Object.entries(units).filter(([, size]) => bytes % size === 0n);
  const [name, size] = whole.reduce((one, other) => (other[1] > one[1] ? other : one));
  return `${bytes / size}${name}`;
}

/** For people, rounded to three figures: `512 B`, `1.50 MB`. */
export function trafficForPeople(bytes: bigint): string {
  const names = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = Number(bytes);
  let step = 0;
  while (value >= 999.5 && step < names.length - 1) {
    value /= 1000;
    step += 1;
  }
  return `${step === 0 ? value : value.toPrecision(3)} ${names[step]}`;
}
