import { attribute, vendorAttribute } from './attributes.ts';
import type { Packet, PacketWriter } from './packet.ts';

/** What a station is let in with. */
export interface Admission {
  /** Comes back in accounting with `restricted`, as Class or as Chargeable-User-Identity. */
  readonly grantId: string;
  /** It reaches less than its grant says. */
  readonly restricted?: boolean | undefined;
  /** The station's own passphrase, 8 to 63 characters of ASCII, or its PSK as 64 hexadecimal digits. */
  readonly password: string;
  /** 1 to 4094. */
  readonly vlan?: number | undefined;
  /** Seconds after which the NAS ends the session. */
  readonly sessionTimeoutS?: number | undefined;
  /** Seconds between the records of a session that the NAS is asked for (RFC 2869 section 5.16): 60 or more. */
  readonly interimS?: number | undefined;
}

/** How the password is told. */
const passwords = {
  /** hostapd (`wpa_psk_radius=2`) and what is made from it. */
  standard: (packet: PacketWriter, password: string) => packet.tunnelPassword(password),
  /** Identity PSK. Not hidden: whoever reads along between the NAS and us reads the password. */
  cisco: (packet: PacketWriter, password: string) =>
    packet
      .vendorText(vendorAttribute.ciscoAvPair, `psk-mode=${isKey(password) ? 'hex' : 'ascii'}`)
      .vendorText(vendorAttribute.ciscoAvPair, `psk=${password}`),
  /** MPSK. */
  aruba: (packet: PacketWriter, password: string) => packet.vendorPassword(vendorAttribute.arubaMpskPassphrase, password),
} as const;

export type Dialect = keyof typeof passwords;

export const dialects = Object.keys(passwords) as Dialect[];

/** Writes what an Access-Accept says of an admission. */
export function writeAdmission(packet: PacketWriter, dialect: Dialect, { grantId, restricted, password, vlan, sessionTimeoutS, interimS }: Admission): void {
  passwords[dialect](packet, password);
  writeTerms(packet, { vlan, sessionTimeoutS });
  if (interimS !== undefined) {
    packet.integer(attribute.acctInterimInterval, interimS);
  }
  const text = restricted === true ? `${grantId}${restrictedMark}` : grantId;
  // hostapd gives back no Class where it does not speak EAP.
  packet.text(attribute.class, text).text(attribute.chargeableUserIdentity, text);
}

/** Of what a session was let in with, as the NAS says it again (RFC 2865 section 5.25, RFC 4372). */
export function readAdmission(packet: Packet): { readonly grantId: string | undefined; readonly restricted: boolean } {
  const text = packet.text(attribute.class) ?? packet.text(attribute.chargeableUserIdentity);
  const restricted = text?.endsWith(restrictedMark) === true;
  return { grantId: restricted ? text!.slice(0, -restrictedMark.length) : text, restricted };
}

/** The VLAN (RFC 3580 section 3.31: untagged), and the time after which the session ends (section 3.17). */
export function writeTerms(packet: PacketWriter, { vlan, sessionTimeoutS }: Pick<Admission, 'vlan' | 'sessionTimeoutS'>): void {
  if (vlan !== undefined) {
    packet
      .integer(attribute.tunnelType, tunnelTypeVlan)
      .integer(attribute.tunnelMediumType, tunnelMediumIeee802)
      .text(attribute.tunnelPrivateGroupId, String(vlan));
  }
  if (sessionTimeoutS !== undefined) {
    // By default the session ends, also when nobody would answer the question whether it may go on.
    packet.integer(attribute.sessionTimeout, sessionTimeoutS).integer(attribute.terminationAction, terminationDefault);
  }
}

/** In no id. */
const restrictedMark = ' restricted';
const tunnelTypeVlan = 13;
const tunnelMediumIeee802 = 6;
const terminationDefault = 0;

function isKey(password: string): boolean {
  return password.length === 64 && /^[\da-f]+$/i.test(password);
}
