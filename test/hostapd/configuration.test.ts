import { Buffer } from 'node:buffer';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mainSecurities, onboardingSecurities } from '../../src/domain/radio.ts';
import { checkConfiguration } from '../../src/radio/hostapd/check-configuration.ts';
import { radiolessConfigurations, type HostapdSettings } from '../../src/radio/hostapd/configuration.ts';
import { requires } from '../requirements.ts';
import { HostapdProgram } from './hostapd-program.ts';

let folder: string;
let settings: HostapdSettings;
const { signal } = new AbortController();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-test-'));
  settings = {
    interface: 'wlan0',
    ssid: Buffer.from('Home'),
    onboardingSsid: Buffer.from('iot-setup'),
    security: 'wpa2-psk',
    onboarding: 'open',
    credentials: { kind: 'own', pskFile: join(folder, 'wpa_psk') },
    channel: 6,
    country: 'DE',
    vlan: false,
    dpp: false,
    controlDir: '/run/hostapd',
  };
});
afterAll(() => rm(folder, { recursive: true }));

requires('hostapd')('hostapd itself', () => {
  test('reads every SSID as it was meant', async () => {
    const anySsid = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 32 }), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).map(Buffer.from).filter(({ length }) => length <= 32));
    await fc.assert(
      fc.asyncProperty(anySsid, async (ssid) => {
        await using main = new HostapdProgram(({ controlDirectory: controlDir }) => radiolessConfigurations({ ...settings, ssid, security: 'wpa3-sae', controlDir })[0]!);
        await using onboarding = new HostapdProgram(({ controlDirectory: controlDir }) => radiolessConfigurations({ ...settings, onboardingSsid: ssid, controlDir })[1]!);
        for (const hostapd of [main, onboarding]) {
          await hostapd.start();
          const status = await hostapd.status();
          expect(shownBytes(status['ssid[0]']!)).toEqual(Buffer.from(ssid));
        }
      }),
      { numRuns: 40, examples: [[Buffer.from(' # ')], [Buffer.from('"')], [Buffer.from('\\x41')], [Buffer.from('a\r')], [Buffer.from('ü'.repeat(16))]] },
    );
  });

  describe.each(mainSecurities)('takes %s', (security) => {
    for (const onboarding of onboardingSecurities) {
      for (const vlan of [true, false]) {
        for (const dpp of [true, false]) {
          test(`with ${onboarding}${vlan ? ', VLANs' : ''}${dpp ? ', DPP' : ''}`, async () => {
            await checkConfiguration({ ...settings, security, onboarding, dpp, vlan }, signal);
          });
        }
      }
    }
    test('with a shared password, on 5 GHz', async () => {
      await checkConfiguration({ ...settings, security, credentials: { kind: 'shared', password: 'correct horse' }, channel: 100 }, signal);
    });
  });

  test.each([
    ['zz', 'Invalid MAC address on line 1 in'],
    ['00:00:00:00:00:00 short', 'Invalid PSK on line 1 in'],
    ["00:00:00:00:00:00 it's", 'Invalid PSK on line 1 in'],
    ['key=secret 00:00:00:00:00:00 correct horse', 'Unrecognized on line 1 in'],
    ['00:00:00:00:00:00', 'No PSK on line 1 in'],
  ])('names the line of keys that it cannot read, and we show nothing of it: %s', async (line, message) => {
    const pskFile = join(folder, 'wrong_psk');
    await writeFile(pskFile, `${line}\n`);
    const refused = await checkConfiguration({ ...settings, credentials: { kind: 'own', pskFile } }, signal).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'check_failed', message: `hostapd refuses it: ${message} '${pskFile}'` });
  });
});

/** The bytes of an SSID as hostapd shows it. */
function shownBytes(text: string): Buffer {
  const named: Record<string, number> = { n: 10, r: 13, t: 9, e: 27, '"': 34, '\\': 92 };
  return Buffer.concat(
    (text.match(/\\x[0-9a-f]{2}|\\.|[^\\]/gu) ?? []).map((part) =>
      part.startsWith('\\x') ? Buffer.from(part.slice(2), 'hex') : part.startsWith('\\') ? Buffer.of(named[part[1]!]!) : Buffer.from(part),
    ),
  );
}
