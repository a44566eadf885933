import type { AccountingAccessPoint, SessionReport } from '../roles/agent/radio.ts';
import { attribute } from './attributes.ts';
import { readAdmission } from './dialects.ts';
import type { Source } from './nas-clients.ts';
import type { Packet } from './packet.ts';
import { macOf, ssidOf } from './station.ts';

/** What a NAS says of a session (RFC 2866), or that it begins or ends accounting: none of its earlier sessions is on. */
export type AccountingRecord = SessionReport | AccountingAccessPoint;

/** Acct-Status-Type (RFC 2866 section 5.1). */
const sessionKinds: Readonly<Record<number, SessionReport['kind']>> = { 1: 'start', 2: 'stop', 3: 'interim' };
const accountingOn = 7;
const accountingOff = 8;

/** The record in an Accounting-Request; undefined if it is of no station or no session. Errors: `MalformedPacket`. */
export function accountingRecord(packet: Packet, { name, address }: Pick<Source, 'name' | 'address'>): AccountingRecord | undefined {
  const status = packet.integer(attribute.acctStatusType) ?? 0;
  const accessPoint = { nas: name, nasAddress: address, nasIdentifier: packet.text(attribute.nasIdentifier) };
  if (status === accountingOn || status === accountingOff) {
    return accessPoint;
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
    mac,
    ssid: ssidOf(packet),
    ...accessPoint,
    ...readAdmission(packet),
    happenedAt: moment(packet.integer(attribute.eventTimestamp)),
    bytesIn: octets(packet, attribute.acctInputOctets, attribute.acctInputGigawords),
    bytesOut: octets(packet, attribute.acctOutputOctets, attribute.acctOutputGigawords),
    seconds: packet.integer(attribute.acctSessionTime) ?? 0,
  };
}

/** 32 bits and how often they ran over (RFC 2869 sections 5.1 and 5.2). */
function octets(packet: Packet, low: number, high: number): bigint {
  return (BigInt(packet.integer(high) ?? 0) << 32n) + BigInt(packet.integer(low) ?? 0);
}

function moment(seconds: number | undefined): Date | undefined {
  return seconds === undefined ? undefined : new Date(seconds * 1000);
}
