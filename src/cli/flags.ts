import { boolean, custom, option, string } from '@oclif/core/flags';
import { parseAccountReference, parseCardReference } from '../domain/account.ts';
import { parseCurrency } from '../domain/currency.ts';
import { parseTimeOfDay } from '../domain/daily.ts';
import { parseDay, parseInstant } from '../domain/day.ts';
import { parseDescription, parseMac } from '../domain/device.ts';
import { parseDuration } from '../domain/duration.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { parseFlashOffset } from '../domain/flash.ts';
import { parseZone } from '../domain/happy-hour.ts';
import { parseId, parseUuid } from '../domain/identifiers.ts';
import { grantPolicies, parseVlan } from '../domain/grant.ts';
import { parseAmount, type Amount } from '../domain/money.ts';
import { parseLanguage } from '../domain/network-message.ts';
import { parseNfcIdentifier } from '../domain/nfc-identifier.ts';
import { parseQuantity, type Quantity } from '../domain/quantity.ts';
import { parseInterface } from '../domain/radio.ts';
import { parseSsid, securities } from '../domain/ssid.ts';
import { parseTraffic } from '../domain/traffic.ts';
import { flagValue } from './input-error.ts';
import { parseServerUrl } from './server-url.ts';
import { parseVia } from './via.ts';
import { parseListenAddress, type ListenAddress } from './listen-address.ts';

export const amountFlag = custom<Amount>({ parse: flagValue(parseAmount), helpValue: 'AMOUNT' });
export const durationFlag = custom<number>({ parse: flagValue(parseDuration), helpValue: 'DURATION' });
export const macFlag = custom<string>({ parse: flagValue(parseMac), helpValue: 'MAC' });
export const trafficFlag = custom<bigint>({ parse: flagValue(parseTraffic), helpValue: 'BYTES' });
/** Time or traffic. */
export const quantityFlag = custom<Quantity>({ parse: flagValue(parseQuantity), helpValue: 'QUANTITY' });
export const currencyFlag = custom<string>({ parse: flagValue(parseCurrency), helpValue: 'CURRENCY' });
/** An account by its id or name. */
export const accountFlag = custom<string>({ parse: flagValue(parseAccountReference), helpValue: 'NAME' });
export const cardReferenceFlag = custom<string>({ parse: flagValue(parseCardReference), helpValue: 'REF' });
export const vlanFlag = custom<number>({ parse: flagValue(parseVlan), helpValue: 'N' });
export const uuidFlag = custom<string>({ parse: flagValue(parseUuid), helpValue: 'UUID' });
export const ssidFlag = custom<string>({ parse: flagValue(parseSsid), helpValue: 'SSID' });
export const interfaceFlag = custom<string>({ parse: flagValue(parseInterface), helpValue: 'NAME' });
export const flashOffsetFlag = custom<number>({ parse: flagValue(parseFlashOffset), helpValue: 'ADDRESS' });
export const serverUrlFlag = custom<string>({ parse: flagValue(parseServerUrl), helpValue: 'URL' });
/** Of a page, with the slash at its end. */
export const phoneUrlFlag = custom<string>({ parse: flagValue((text) => `${parseServerUrl(text)}/`), helpValue: 'URL' });
export const profileNameFlag = custom<string>({ parse: flagValue((text) => parseId(text, 'name')), helpValue: 'NAME' });
/** The UID of a card or a phone. */
export const uidFlag = custom<Uint8Array>({ parse: flagValue((text) => Buffer.from(parseNfcIdentifier(text), 'hex')), helpValue: 'HEX' });
export const dayFlag = custom<string>({ parse: flagValue(parseDay), helpValue: 'YYYY-MM-DD' });
export const instantFlag = custom<Date>({ parse: flagValue(parseInstant), helpValue: 'RFC3339' });
export const timeOfDayFlag = custom<number>({ parse: flagValue(parseTimeOfDay), helpValue: 'HH:MM' });
export const zoneFlag = custom<string>({ parse: flagValue(parseZone), helpValue: 'ZONE' });
export const idFlag = custom<string>({ parse: flagValue((text) => parseId(text)), helpValue: 'ID' });
export const listenFlag = custom<ListenAddress>({ parse: flagValue(parseListenAddress), helpValue: 'HOST:PORT' });
/** `all`, `model=…`, `batch=…`, `uuid=…`, `ap=…`, `account=…`, as `parseScope` of the domain takes them. */
export const matchFlag = custom<string>({ multiple: true, multipleNonGreedy: true, helpValue: 'MATCH' });
/** A file that is read as a whole, or `-` for standard input. */
export const fileFlag = custom<string>({ helpValue: 'PATH|-' });
export const pathFlag = custom<string>({ helpValue: 'PATH' });
/** BCP 47. */
export const languageFlag = custom<string>({ parse: flagValue(parseLanguage), helpValue: 'LANG' });
export const textFlag = custom<string>({ helpValue: 'TEXT' });

/** What something is for, in 1 to 64 characters. */
export const memoFlag = custom<string>({ helpValue: 'TEXT', parse: flagValue((text) => parseDescription(text, 'memo')) });

/** A card reader. */
export const readerFlag = custom<string>({ helpValue: 'NAME' });

/** On or off; oclif would leave it undefined where it is off. */
export function switchFlag(options: Parameters<typeof boolean<boolean>>[0]) {
  return boolean<boolean>({ default: false, ...options });
}

/** One of a few words. */
export function choiceFlag<const Words extends readonly string[]>(words: Words) {
  return option({ options: words });
}

/** A whole number within bounds. */
export function numberFlag(min: number, max: number) {
  return custom<number>({
    helpValue: 'N',
    parse: flagValue((text) => {
      if (!/^\d{1,10}$/.test(text) || Number(text) < min || Number(text) > max) {
        throw new LatchkeyError('invalid_input', `"${text}" is not a whole number from ${min} to ${max}.`);
      }
      return Number(text);
    }),
  });
}

/** A number within bounds, perhaps with decimals. */
export function decimalFlag(min: number, max: number, helpValue: string) {
  return custom<number>({
    helpValue,
    parse: flagValue((text) => {
      if (!/^\d{1,6}(\.\d{1,3})?$/.test(text) || Number(text) < min || Number(text) > max) {
        throw new LatchkeyError('invalid_input', `"${text}" is not a number from ${min} to ${max}.`);
      }
      return Number(text);
    }),
  });
}

/** A whole number within bounds, in decimal or as 0x and hexadecimal. */
export function hexFlag(min: number, max: number) {
  return custom<number>({
    helpValue: 'N|0xN',
    parse: flagValue((text) => {
      if (!/^(\d{1,10}|0x[0-9a-fA-F]{1,8})$/.test(text) || Number(text) < min || Number(text) > max) {
        throw new LatchkeyError('invalid_input', `"${text}" is not a whole number from ${min} to ${max}, such as 0x${max.toString(16)}.`);
      }
      return Number(text);
    }),
  });
}

/** Excludes flags that others exclude, too: of those that say `exclusive`, oclif's usage line gets only one right. */
export function notWith(...flags: string[]) {
  return { relationships: [{ type: 'none' as const, flags }] };
}

export const databaseFlag = string({
  helpValue: 'URL',
  description: 'sqlite:PATH or postgres://… (or LATCHKEY_DATABASE); a file in the data folder if left out.',
});
export const portFlag = numberFlag(0, 65_535);

/** On every command. */
export const globalFlags = {
  json: switchFlag({ helpGroup: 'GLOBAL', description: 'Print the result as one JSON value, and errors as one JSON object on stderr.' }),
  quiet: switchFlag({ char: 'q', helpGroup: 'GLOBAL', description: 'Print no progress and no notes on stderr.', env: 'LATCHKEY_QUIET' }),
  'no-input': switchFlag({
    helpGroup: 'GLOBAL',
    description: 'Never ask: what is missing is an error. So it is also without a terminal.',
    env: 'LATCHKEY_NO_INPUT',
  }),
  timeout: durationFlag({ helpGroup: 'GLOBAL', description: 'Give up after this long (30s, 10m, 1h30m).', env: 'LATCHKEY_TIMEOUT' }),
};

/** On commands that talk to a role, here or at a server. */
export const remoteFlags = {
  server: serverUrlFlag({
    helpGroup: 'SERVER',
    description: 'Ask this server instead of the database on this machine (LATCHKEY_SERVER).',
    exclusive: ['profile'],
  }),
  profile: profileNameFlag({ helpGroup: 'SERVER', description: 'Ask the server of this profile, with its token (LATCHKEY_PROFILE).' }),
  'ca-file': pathFlag({
    helpGroup: 'SERVER',
    description: 'Trust the certificate authorities in this PEM file, and no others.',
    env: 'LATCHKEY_CA_FILE',
  }),
  'token-file': fileFlag({ helpGroup: 'SERVER', description: 'Read the token from this file, - for stdin (or LATCHKEY_TOKEN).' }),
};

export const viaFlag = custom<string>({
  parse: flagValue(parseVia),
  helpValue: 'HOST[:PORT]|auto',
  description: 'Reach the server by way of this access point’s agent, without any other network; auto is the default router (LATCHKEY_VIA).',
});

/** On commands of guests, who may have no network yet. */
export const guestFlags = { ...remoteFlags, via: viaFlag({ helpGroup: 'SERVER' }) };

export const dryRunFlag = switchFlag({ description: 'Say what would be done, and do nothing.' });
export const yesFlag = switchFlag({ char: 'y', description: 'Answer yes to the question.' });

/** What a grant is bounded by. */
export const termsFlags = {
  for: durationFlag({ description: 'How long the grant lasts (2h, 7d); without end if left out.' }),
  quota: trafficFlag({ description: 'How much traffic it may use, both ways together (500MB, 2GiB); any if left out.' }),
  'when-spent': choiceFlag(grantPolicies)({ description: 'What happens when that is used up: cut takes it off the air, restrict leaves the agent reachable.' }),
};

export const idempotencyFlag = custom<string>({
  parse: flagValue((text) => parseId(text, 'key')),
  helpValue: 'KEY',
  description: 'Same key, same result: makes it safe to run the command again.',
});

const mostOnPage = 1000;

/** On commands that list. */
export const pageFlags = {
  limit: numberFlag(1, mostOnPage)({ description: 'How many at most.', default: 100 }),
  after: string({ helpValue: 'CURSOR', description: 'Go on behind the page that ended with this `next`.' }),
};

/** One device has few entries: usually all of them are on one page. */
export const historyFlags = {
  ...pageFlags,
  limit: numberFlag(1, mostOnPage)({ description: 'How many at most.', default: mostOnPage }),
};

/** Whole days, on reports. */
export const periodFlags = {
  from: dayFlag({ description: 'From this day on.' }),
  to: dayFlag({ description: 'Up to this day, and with it.' }),
  zone: zoneFlag({ description: 'The time zone whose days they are, such as Europe/Berlin; this machine’s if left out.' }),
};

/** On commands that bind a terminal to an account. */
export const bindFlags = {
  'request-code': switchFlag({ description: 'Have a verification code sent, and do no more.', exclusive: ['verification'] }),
  verification: idFlag({ description: 'Go on with the code of this verification, as --request-code named it.' }),
  'verification-code-file': fileFlag({ description: 'Take the verification code in this file, - for stdin (or LATCHKEY_VERIFICATION_CODE).', exclusive: ['request-code'] }),
  'identity-code-file': fileFlag({ description: 'Take the identity code in this file, - for stdin (or LATCHKEY_IDENTITY_CODE).', exclusive: ['request-code'] }),
};

/** The shop's network, where no agent says which it is. */
export const networkFlags = {
  ssid: ssidFlag({ description: 'The shop’s network, where no agent serves it.' }),
  'password-file': fileFlag({ description: 'Take its password in this file, - for stdin (or LATCHKEY_PASSWORD).' }),
  security: choiceFlag(securities)({ description: 'How that network is secured.', default: 'wpa2-psk' as const }),
};

/** IPv4 (protocol.md section 1): of IPv6 each device has as many link-local addresses as it likes, to count as others. */
export const deviceAddressFlag = string({
  helpValue: 'ADDRESS',
  description: 'Address that devices reach; 0.0.0.0 is all of this machine.',
  default: '0.0.0.0',
});
