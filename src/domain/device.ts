import { LatchkeyError } from './errors.ts';
import { parseUuid } from './identifiers.ts';
import { parseSsid, utf8Length } from './ssid.ts';

/**
 * `reserved`: committed, its pass_tmp not yet known to be written out – does not verify.
 * `registered`: verifies. `revoked`: never again.
 */
export type DeviceState = 'reserved' | 'registered' | 'revoked';
export const deviceStates = ['reserved', 'registered', 'revoked'] as const satisfies readonly DeviceState[];

export interface Device {
  readonly uuid: string;
  /** The onboarding SSID written into the device. */
  readonly ssid: string;
  readonly model: string | undefined;
  readonly batch: string | undefined;
  readonly label: string | undefined;
  /** Its hardware address, if the factory knows it: six bytes in lower-case hexadecimal with colons. */
  readonly mac: string | undefined;
  readonly state: DeviceState;
  /** Its pass_tmp can be guessed offline from one handshake: never approved automatically. */
  readonly weak: boolean;
  /** The access request whose approval spent the pass_tmp. */
  readonly spentBy: string | undefined;
  readonly createdAt: Date;
  readonly registeredAt: Date | undefined;
  /** When its identity was last written into it and read back right. */
  readonly flashedAt: Date | undefined;
  readonly revokedAt: Date | undefined;
}

/** Shorter ones are weak: guessable offline from one handshake against a fake access point. */
const strongPassTmpLength = 16;

/** A given pass_tmp: 1 to 64 bytes of UTF-8 without control characters; short ones only if weak ones are allowed. */
export function parsePassTmp(text: string, options: { allowWeak: boolean }): { passTmp: string; weak: boolean } {
  const bytes = utf8Length(text);
  if (bytes < 1 || bytes > 64 || /[\u0000-\u001f\u007f]/.test(text) || !text.isWellFormed()) {
    throw new LatchkeyError('invalid_input', 'A pass_tmp has 1 to 64 bytes of UTF-8 and no control characters.');
  }
  const weak = !isLonger(text, strongPassTmpLength - 1);
  if (weak && !options.allowWeak) {
    throw new LatchkeyError('weak_pass_tmp', `This pass_tmp has fewer than ${strongPassTmpLength} characters and could be guessed.`);
  }
  return { passTmp: text, weak };
}

/** Whether a text has more characters than that; one has one or two units in UTF-16. */
function isLonger(text: string, length: number): boolean {
  return text.length > length && (text.length > 2 * length || [...text].length > length);
}

/** Model, batch and label: free text for people, at most 64 characters, no control characters. */
export function parseDescription(text: string, what: string): string {
  if (text === '' || isLonger(text, 64) || /[\u0000-\u001f\u007f]/.test(text) || !text.isWellFormed()) {
    throw new LatchkeyError('invalid_input', `A ${what} has 1 to 64 characters and no control characters.`);
  }
  return text;
}

/** What is known of a device before it exists, as text from outside. */
export interface DeviceFields {
  readonly uuid?: string | undefined;
  readonly passTmp?: string | undefined;
  readonly ssid: string;
  readonly model?: string | undefined;
  readonly batch?: string | undefined;
  readonly label?: string | undefined;
  readonly mac?: string | undefined;
}

/** The same, checked. `weak` is that of a given pass_tmp. Errors: `invalid_input`, `weak_pass_tmp`. */
export function parseDeviceFields(fields: DeviceFields, options: { allowWeak: boolean }) {
  const { uuid, passTmp, ssid, model, batch, label, mac } = fields;
  const given = passTmp === undefined ? undefined : parsePassTmp(passTmp, options);
  return {
    uuid: uuid === undefined ? undefined : parseUuid(uuid),
    passTmp: given?.passTmp,
    weak: given?.weak === true,
    ssid: parseSsid(ssid),
    model: model === undefined ? undefined : parseDescription(model, 'model'),
    batch: batch === undefined ? undefined : parseDescription(batch, 'batch'),
    label: label === undefined ? undefined : parseDescription(label, 'label'),
    mac: mac === undefined ? undefined : parseMac(mac),
  };
}

/** A MAC address (IEEE 802, 48 bits): twelve hexadecimal digits, alone or in pairs parted by colons or hyphens. */
export function parseMac(text: string): string {
  const digits = /^([0-9a-f]{2})(?:([:-])?[0-9a-f]{2})(?:\2[0-9a-f]{2}){4}$/i.test(text) ? text.toLowerCase().replace(/[:-]/g, '') : '';
  if (digits.length !== 12) {
    throw new LatchkeyError('invalid_input', 'This is not a MAC address such as 24:6f:28:a1:b2:c3.');
  }
  return digits.match(/../g)!.join(':');
}
