import { attribute } from './attributes.ts';
import { readAdmission } from './dialects.ts';
import type { Source } from './nas-clients.ts';
import type { Packet } from './packet.ts';
import { macOf, ssidOf } from './station.ts';

/** What a NAS says of a session (RFC 2866), so far. It may say it several times. */
export interface SessionRecord {
  readonly kind: 'start' | 'interim' | 'stop';
  /** Unique at its NAS only. */
  readonly sessionId: string;
  readonly multiSessionId: string | undefined;
  readonly mac: string;
  readonly ssid: string | undefined;
  /** The name that the NAS has here. */
  readonly nas: string;
  /** The address that it speaks from, where its sessions can be ended. */
  readonly nasAddress: string;
  readonly nasIdentifier: string | undefined;
  /** As the Access-Accept said. */
  readonly grantId: string | undefined;
  readonly restricted: boolean;
  /** Event-Timestamp (RFC 2869 section 5.3). */
  readonly happenedAt: Date | undefined;
  /** From the station. */
  readonly bytesIn: bigint;
  /** To the station. */
  readonly bytesOut: bigint;
  readonly seconds: number;
  /** RFC 2866 section 5.10. */
  readonly terminateCause: number | undefined;
  /** The station's IPv4 address. */
  readonly framedAddress: string | undefined;
}

/** A NAS begins or ends accounting: it has none of its earlier sessions any more. */
export interface NasRecord {
  readonly kind: 'nas-on' | 'nas-off';
  readonly nas: string;
  readonly nasAddress: string;
  readonly nasIdentifier: string | undefined;
}

export type AccountingRecord = SessionRecord | NasRecord;

/** Acct-Status-Type (RFC 2866 section 5.1). */
const sessionKinds: Readonly<Record<number, SessionRecord['kind']>> = { 1: 'start', 2: 'stop', 3: 'interim' };
const nasKinds: Readonly<Record<number, NasRecord['kind']>> = { 7: 'nas-on', 8: 'nas-off' };

/** The record in an Accounting-Request; undefined if it is of no station or no session. Errors: `MalformedPacket`. */
export function accountingRecord(packet: Packet, { name, address }: Pick<Source, 'name' | 'address'>): AccountingRecord | undefined {
  const status = packet.integer(attribute.acctStatusType) ?? 0;
  const nas = { nas: name, nasAddress: address, nasIdentifier: packet.text(attribute.nasIdentifier) };
  const nasKind = nasKinds[status];
  if (nasKind !== undefined) {
    return { kind: nasKind, ...nas };
  }
  const kind = sessionKinds[status];
  const sessionId = packet.text(attribute.acctSessionId);
  const mac = macOf(packet);
  if (kind === undefined || sessionId === undefined || mac === undefined) {
    return undefined;
  }
  return {
    kind,
    sessionId,
    multiSessionId: packet.text(attribute.acctMultiSessionId),
    mac,
    ssid: ssidOf(packet),
    ...nas,
    ...readAdmission(packet),
    happenedAt: moment(packet.integer(attribute.eventTimestamp)),
    bytesIn: octets(packet, attribute.acctInputOctets, attribute.acctInputGigawords),
    bytesOut: octets(packet, attribute.acctOutputOctets, attribute.acctOutputGigawords),
    seconds: packet.integer(attribute.acctSessionTime) ?? 0,
    terminateCause: packet.integer(attribute.acctTerminateCause),
    framedAddress: ipv4(packet.integer(attribute.framedIpAddress)),
  };
}

/** 32 bits and how often they ran over (RFC 2869 sections 5.1 and 5.2). */
function octets(packet: Packet, low: number, high: number): bigint {
  return (BigInt(packet.integer(high) ?? 0) << 32n) + BigInt(packet.integer(low) ?? 0);
}

function moment(seconds: number | undefined): Date | undefined {
  return seconds === undefined ? undefined : new Date(seconds * 1000);
}

function ipv4(address: number | undefined): string | undefined {
  return address === undefined ? undefined : [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}
