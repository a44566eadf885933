import { Buffer } from 'node:buffer';
import { resolve } from 'node:path';
import { custom } from '@oclif/core/flags';
import { LatchkeyError } from '../../domain/errors.ts';
import { mainSecurities, onboardingSecurities, parseBssid, parseChannel, parseCountry, parseRadioInterface } from '../../domain/radio.ts';
import { choiceFlag, fileFlag, interfaceFlag, numberFlag, pathFlag, ssidFlag, switchFlag } from '../flags.ts';
import { flagValue } from '../input-error.ts';

const radioFlag = custom<string>({ parse: flagValue(parseRadioInterface), helpValue: 'NAME' });
const channelFlag = custom<number>({ parse: flagValue(parseChannel), helpValue: 'N' });
const countryFlag = custom<string>({ parse: flagValue(parseCountry), helpValue: 'CC' });
const bssidFlag = custom<string>({ parse: flagValue(parseBssid), helpValue: 'MAC' });
const openPortFlag = numberFlag(1, 65_535);

/** hostapd reads lines of 4095 bytes. */
const longestPath = 4000;
/** A Unix socket's address has 107 bytes (unix(7)); the name of an interface comes behind the folder. */
const longestControlDir = 91;

/** Makes the path absolute. Errors: `invalid_input` if a line of a configuration cannot hold it. */
export function parseConfigurationPath(text: string, longest = longestPath): string {
  const path = resolve(text);
  if (/[\x00-\x1f\x7f]/.test(path)) {
    throw new LatchkeyError('invalid_input', 'A path in a configuration has no control characters.');
  }
  if (Buffer.byteLength(path) > longest) {
    throw new LatchkeyError('invalid_input', `The absolute path is longer than ${longest} bytes.`);
  }
  return path;
}

/** The two networks of a radio, and who is kept where. */
export const radioFlags = {
  interface: radioFlag({ description: 'The radio’s interface, such as wlan0.', required: true }),
  ssid: ssidFlag({ description: 'The main network, which devices are let into.' }),
  'onboarding-ssid': ssidFlag({ description: 'The SSID that is written into the devices.' }),
  security: choiceFlag(mainSecurities)({ description: 'How the main network is secured.', default: 'wpa2-psk' }),
  onboarding: choiceFlag(onboardingSecurities)({ description: 'How the onboarding network is secured.', default: 'open' }),
  channel: channelFlag({ description: 'Channel, 1 to 13 or 36 to 165.', default: 6 }),
  country: countryFlag({ description: 'Where it stands, as two letters; 5 GHz and channels 12 and 13 need it.' }),
  'onboarding-bssid': bssidFlag({ description: 'Address of the onboarding network on the air; made from the radio’s if that is here.' }),
  bridge: interfaceFlag({ description: 'The bridge that stations of the main network join.' }),
  vlan: switchFlag({ description: 'Stations may be put into a VLAN by their key.' }),
  dpp: switchFlag({ description: 'Stations may use Wi-Fi Easy Connect on the main network, too.' }),
  'shared-password': switchFlag({ description: 'All stations have one password, instead of a key each.' }),
  'password-file': fileFlag({ description: 'Take that password in this file, - for stdin.' }),
  'psk-file': custom<string>({ parse: flagValue(parseConfigurationPath), helpValue: 'PATH' })({
    description: 'Where the stations’ keys are; beside --output if left out.',
  }),
  'control-dir': custom<string>({ parse: flagValue((text) => parseConfigurationPath(text, longestControlDir)), helpValue: 'DIR' })({
    description: 'Where hostapd puts its control sockets.',
    default: '/run/hostapd',
  }),

  firewall: switchFlag({ helpGroup: 'FIREWALL', description: 'Print rules for nftables instead.' }),
  port: openPortFlag({ helpGroup: 'FIREWALL', description: 'As for `ap serve`.', default: 8430 }),
  'secure-port': openPortFlag({ helpGroup: 'FIREWALL', description: 'As for `ap serve`.', default: 8431 }),
  'relay-port': openPortFlag({ helpGroup: 'FIREWALL', description: 'Where the agent passes guests on to the server.', default: 8432 }),

  check: switchFlag({ description: 'Have hostapd (or nft) itself read it first; exit 12 with its words if it refuses.' }),
  output: pathFlag({ description: 'Write it to this file (mode 0600), which must not be there yet.' }),
};
