import { securities } from '../domain/ssid.ts';
import type { AgentStatus } from '../roles/agent/ports.ts';
import type { Credential } from '../roles/device/ports.ts';
import { accessRequestSchema } from './access-requests.ts';
import { ownAttemptSchema } from './attempts.ts';
import { checker } from './check.ts';
import { wifiPassword } from './device-exchange.ts';
import { arrayOf, boolean, count, input, instant, object, oneOf, remark, ssid, text, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

// What the agent and the commands beside it say to each other over its Unix socket.

const port = { type: 'integer', minimum: 0, maximum: 65535 } as const;

const aheadMs = { type: 'integer', description: 'How far the agent’s clock is ahead of the server’s; negative: behind.' } as const;

export const agentStatusSchema = object('AgentStatus', {
  ap_id: { type: 'string', maxLength: 64 },
  name: remark,
  ssid,
  onboarding_ssid: ssid,
  radio: remark,
  pid: count,
  started_at: instant,
  hello_port: port,
  secure_port: port,
  server: object('AgentServer', { reachable: boolean }, { url: remark, last_contact_at: instant, ahead_ms: aheadMs }),
  allow_plain: boolean,
  pending: count,
  active_grants: count,
  open_hellos: count,
});
export type AgentStatusWire = Static<typeof agentStatusSchema>;
export const checkAgentStatus = checker(agentStatusSchema);

export const checkAgentRequests = checker(object('AgentRequests', { items: arrayOf(accessRequestSchema) }));
export const checkAgentAttempts = checker(object('AgentAttempts', { items: arrayOf(ownAttemptSchema) }));
export const checkDecided = checker(accessRequestSchema);
export const checkAgentDenial = checker(input('AgentDenial', {}, { reason: text }));

const credentialSchema = object('Credential', {
  ssid,
  password: wifiPassword,
  security: oneOf(securities),
});
export type CredentialWire = Static<typeof credentialSchema>;
export const checkCredential = checker(credentialSchema);

export function agentStatusToWire(status: AgentStatus): AgentStatusWire {
  return {
    ap_id: status.apId,
    name: status.name,
    ssid: status.ssid,
    onboarding_ssid: status.onboardingSsid,
    radio: status.radio,
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
    pending: status.pending,
    active_grants: status.activeGrants,
    open_hellos: status.openHellos,
  };
}

export function agentStatusFromWire(wire: AgentStatusWire): AgentStatus {
  return {
    apId: wire.ap_id,
    name: wire.name,
    ssid: wire.ssid,
    onboardingSsid: wire.onboarding_ssid,
    radio: wire.radio,
    pid: wire.pid,
    startedAt: instantFromWire(wire.started_at),
    helloPort: wire.hello_port,
    securePort: wire.secure_port,
    server: {
      url: wire.server.url,
      reachable: wire.server.reachable,
      lastContactAt: instantFromWire(wire.server.last_contact_at),
      aheadMs: wire.server.ahead_ms,
    },
    allowPlain: wire.allow_plain,
    pending: wire.pending,
    activeGrants: wire.active_grants,
    openHellos: wire.open_hellos,
  };
}

export function credentialFromWire({ ssid, password, security }: CredentialWire): Credential {
  return { ssid, password, security };
}
