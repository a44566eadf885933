import { expect, test } from 'vitest';
import { LatchkeyError } from '../../domain/errors.ts';
import type { HeardNetwork, HeardSecurity } from '../../domain/heard-network.ts';
import type { Network } from '../../domain/network.ts';
import type { Choice } from '../question.ts';
import { claimOf, type ClaimFlags, type Claiming } from './claim.ts';

const bytes = (text: string) => Uint8Array.from(Buffer.from(text));
const [one, two, three] = ['02:00:00:00:01:00', '02:00:00:00:01:01', '02:00:00:00:02:00'] as const;
const heard = (bssid: string, name: string, security: HeardSecurity = 'wpa2-psk', signalDbm = -60): HeardNetwork => ({ bssid, ssid: bytes(name), security, signalDbm, frequencyMhz: 2412, ageMs: 0 });
const claimed = { ssid: bytes('Mine'), bssids: [three], security: 'wpa3-sae', state: 'valid' } as unknown as Network;

function claim(flags: ClaimFlags, { air = [heard(one, 'Home'), heard(two, 'Home', 'wpa2-psk', -40), heard(three, 'Other', 'open')], before = [], choose }: { air?: HeardNetwork[] | LatchkeyError; before?: Network[]; choose?: Claiming['choose'] } = {}) {
  const hear = async () => {
    if (air instanceof LatchkeyError) throw air;
    return air;
  };
  return claimOf(flags, { hear, claimed: async () => before, choose });
}

const deaf = new LatchkeyError('scan_unavailable');

test('what is named in full is claimed without a scan', async () => {
  expect(await claim({ ssid: bytes('Home'), bssid: [one, one, two], security: 'wpa2-psk', account: 'Anna' }, { air: deaf })).toEqual({ ssid: bytes('Home'), bssids: [one, two], security: 'wpa2-psk', account: 'Anna' });
});

test('radios and security are those that are heard', async () => {
  expect(await claim({ 'ssid-hex': bytes('Home') })).toMatchObject({ bssids: [one, two], security: 'wpa2-psk' });
  expect(await claim({ ssid: bytes('Home'), bssid: [two] })).toMatchObject({ bssids: [two], security: 'wpa2-psk' });
});

test('a network that is not heard has to be named in full', async () => {
  await expect(claim({ ssid: bytes('home') })).rejects.toMatchObject({ code: 'wifi_not_found', hint: expect.stringContaining('--bssid') });
  await expect(claim({ ssid: bytes('Home') }, { air: deaf })).rejects.toBe(deaf);
});

test('of radios that are secured in different ways one way has to be named', async () => {
  const air = [heard(one, 'Home'), heard(two, 'Home', 'open')];
  await expect(claim({ ssid: bytes('Home') }, { air })).rejects.toMatchObject({ code: 'missing_input', message: expect.stringContaining('--security') });
});

test('without a name and without anybody to ask the flag is named', async () => {
  await expect(claim({})).rejects.toMatchObject({ code: 'missing_input', message: '--ssid is missing.' });
});

test('what was claimed before and what is heard can be chosen from, the strongest first', async () => {
  let offered: readonly Choice<unknown>[] = [];
  const choose: Claiming['choose'] = async (_, choices) => {
    offered = choices;
    return choices[1]!.value;
  };
  const air = [heard(one, 'Home', 'wpa2-psk', -80), heard(two, 'Home', 'wpa2-psk', -40), heard(three, 'Mine-abcdefghij'), heard('02:00:00:00:03:00', ''), heard('02:00:00:00:04:00', 'Near', 'open', -50)];
  const chosen = await claim({ account: 'Anna' }, { air, before: [claimed], choose });
  expect(offered.map(({ name }) => name)).toEqual([`Mine  ${three}  wpa3-sae  valid`, `Home  ${one} ${two}  wpa2-psk`, 'Near  02:00:00:00:04:00  open']);
  expect(chosen).toEqual({ ssid: bytes('Home'), bssids: [one, two], security: 'wpa2-psk', account: 'Anna' });
});

test('where nothing can be heard what was claimed before is offered', async () => {
  expect(await claim({}, { air: deaf, before: [claimed], choose: async (_, choices) => choices[0]!.value })).toMatchObject({ ssid: bytes('Mine') });
  await expect(claim({}, { air: deaf, choose: async (_, choices) => choices[0]!.value })).rejects.toBe(deaf);
});
