import { enforcements } from '../domain/grant.ts';
import { securities } from '../domain/ssid.ts';
import type { AgentStatus, ConnectedStation, GrantMeter } from '../roles/agent/ports.ts';
import type { Credential } from '../roles/device/ports.ts';
import { accessRequestSchema } from './access-requests.ts';
import { ownAttemptSchema } from './attempts.ts';
import { checker } from './check.ts';
import { wifiPassword } from './device-exchange.ts';
import { termsProperties } from './grants.ts';
import { arrayOf, boolean, count, counts, digits, id, input, instant, mac, object, oneOf, remark, ssid, text, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

// What the agent and the commands beside it say to each other over its Unix socket.

const port = { type: 'integer', minimum: 0, maximum: 65535 } as const;

const aheadMs = { type: 'integer', description: 'How far the agent’s clock is ahead of the server’s; negative: behind.' } as const;

export const agentStatusSchema = object('AgentStatus', {
  ap_id: { type: 'string', maxLength: 64 },
  name: remark,
  ssid,
  onboarding_ssid: ssid,
  radio: object('AgentRadio', { kind: remark, enforcement: oneOf(enforcements), failures: count }, { trouble: remark, trouble_hint: remark, trouble_since: instant, counters: counts }),
  pid: count,
  started_at: instant,
  hello_port: port,
  secure_port: port,
  server: object('AgentServer', { reachable: boolean }, { url: remark, last_contact_at: instant, ahead_ms: aheadMs }),
  allow_plain: boolean,
  dpp: boolean,
  pending: count,
  active_grants: count,
  open_hellos: count,
}, { relay_port: port });
export type AgentStatusWire = Static<typeof agentStatusSchema>;
export const checkAgentStatus = checker(agentStatusSchema);

export const checkAgentRequests = checker(object('AgentRequests', { items: arrayOf(accessRequestSchema) }));
export const checkAgentAttempts = checker(object('AgentAttempts', { items: arrayOf(ownAttemptSchema) }));
export const checkDecided = checker(accessRequestSchema);
export const checkAgentApproval = checker(input('AgentApproval', {}, termsProperties));
export const checkNothing = checker(object('Nothing', {}));
export const checkAgentDenial = checker(input('AgentDenial', {}, { reason: text }));

export const credentialSchema = object('Credential', { ssid, password: wifiPassword, security: oneOf(securities) }, { password_id: id });
export type CredentialWire = Static<typeof credentialSchema>;
export const checkCredential = checker(credentialSchema);

export function agentStatusToWire(status: AgentStatus): AgentStatusWire {
  return present({
    ap_id: status.apId,
    name: status.name,
    ssid: status.ssid,
    onboarding_ssid: status.onboardingSsid,
    radio: present({
      kind: status.radio.kind,
      enforcement: status.radio.enforcement,
      failures: status.radio.failures,
      trouble: status.radio.trouble?.detail.slice(0, remark.maxLength),
      trouble_hint: status.radio.trouble?.hint,
      trouble_since: instantToWire(status.radio.trouble?.since),
      counters: status.radio.counters,
    }),
    pid: status.pid,
    started_at: instantToWire(status.startedAt),
    hello_port: status.helloPort,
    secure_port: status.securePort,
    server: present({
      url: status.server.url,
      reachable: status.server.reachable,
      last_contact_at: instantToWire(status.server.lastContactAt),
      ahead_ms: status.server.aheadMs,
    }),
    allow_plain: status.allowPlain,
    dpp: status.dpp,
    pending: status.pending,
    active_grants: status.activeGrants,
    open_hellos: status.openHellos,
    relay_port: status.relayPort,
  });
}

export function agentStatusFromWire(wire: AgentStatusWire): AgentStatus {
  return {
    apId: wire.ap_id,
    name: wire.name,
    ssid: wire.ssid,
    onboardingSsid: wire.onboarding_ssid,
    radio: {
      kind: wire.radio.kind,
      enforcement: wire.radio.enforcement,
      failures: wire.radio.failures,
      trouble:
        wire.radio.trouble === undefined || wire.radio.trouble_since === undefined
          ? undefined
          : { detail: wire.radio.trouble, hint: wire.radio.trouble_hint, since: instantFromWire(wire.radio.trouble_since) },
      counters: wire.radio.counters,
    },
    pid: wire.pid,
    startedAt: instantFromWire(wire.started_at),
    helloPort: wire.hello_port,
    securePort: wire.secure_port,
    relayPort: wire.relay_port,
    server: {
      url: wire.server.url,
      reachable: wire.server.reachable,
      lastContactAt: instantFromWire(wire.server.last_contact_at),
      aheadMs: wire.server.ahead_ms,
    },
    allowPlain: wire.allow_plain,
    dpp: wire.dpp,
    pending: wire.pending,
    activeGrants: wire.active_grants,
    openHellos: wire.open_hellos,
  };
}

export function credentialToWire({ ssid, password, passwordId, security }: Credential): CredentialWire {
  return present({ ssid, password, password_id: passwordId, security });
}

export function credentialFromWire({ ssid, password, password_id: passwordId, security }: CredentialWire): Credential {
  return { ssid, password, passwordId, security };
}

export const stationSchema = object(
  'Station',
  { bss: remark, mac, bytes_in: digits, bytes_out: digits, seconds: count },
  {
    grant_id: id,
    label: text,
    signal_dbm: { type: 'integer' },
    rate_in_kbps: count,
    rate_out_kbps: count,
  },
);
export type StationWire = Static<typeof stationSchema>;
export const stationListSchema = object('StationList', { items: arrayOf(stationSchema) });
export const checkStations = checker(stationListSchema);

export function stationToWire(station: ConnectedStation): StationWire {
  return present({
    bss: station.bss,
    mac: station.mac,
    bytes_in: station.bytesIn.toString(),
    bytes_out: station.bytesOut.toString(),
    seconds: station.seconds,
    grant_id: station.grantId,
    label: station.label,
    signal_dbm: station.signalDbm,
    rate_in_kbps: station.rateInKbps,
    rate_out_kbps: station.rateOutKbps,
  });
}

export function stationFromWire(wire: StationWire): ConnectedStation {
  return {
    bss: wire.bss,
    mac: wire.mac,
    bytesIn: BigInt(wire.bytes_in),
    bytesOut: BigInt(wire.bytes_out),
    seconds: wire.seconds,
    grantId: wire.grant_id,
    label: wire.label,
    signalDbm: wire.signal_dbm,
    rateInKbps: wire.rate_in_kbps,
    rateOutKbps: wire.rate_out_kbps,
  };
}

const grantMeterSchema = object('GrantMeter', { bytes_in: digits, bytes_out: digits, seconds: count, restricted: boolean }, { connected: boolean });
export type GrantMeterWire = Static<typeof grantMeterSchema>;
export const checkGrantMeter = checker(grantMeterSchema);

export function grantMeterToWire({ bytesIn, bytesOut, seconds, isRestricted, isConnected }: GrantMeter): GrantMeterWire {
  return present({ bytes_in: bytesIn.toString(), bytes_out: bytesOut.toString(), seconds, restricted: isRestricted, connected: isConnected });
}

export function grantMeterFromWire(wire: GrantMeterWire): GrantMeter {
  return {
    bytesIn: BigInt(wire.bytes_in),
    bytesOut: BigInt(wire.bytes_out),
    seconds: wire.seconds,
    isRestricted: wire.restricted,
    isConnected: wire.connected,
  };
}
