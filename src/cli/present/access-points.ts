import { agentStatusSchema, agentStatusToWire, type AgentStatusWire } from '../../api/agent-control.ts';
import { arrayOf, count, id, instant, object, remark, ssid } from '../../api/schema.ts';
import { instantToWire, present } from '../../api/wire.ts';
import { tolerableMs } from '../../domain/clock.ts';
import type { AccessPointStatus } from '../desk.ts';
import type { Screen } from './screen.ts';
import { details, table } from './table.ts';
import { localTime, span } from './time.ts';

export const accessPointStatusSchema = object('AccessPointStatusList', {
  items: arrayOf(
    object(
      'AccessPointStatus',
      { ap_id: id, name: remark, pending: count },
      { ssid, onboarding_ssid: ssid, last_seen_at: instant, agent: agentStatusSchema },
    ),
  ),
});

export interface AccessPointStatusWire {
  readonly ap_id: string;
  readonly name: string;
  readonly ssid?: string;
  readonly onboarding_ssid?: string;
  readonly last_seen_at?: string;
  readonly pending: number;
  readonly agent?: AgentStatusWire;
}

export function accessPointStatusToWire(status: AccessPointStatus): AccessPointStatusWire {
  return present({
    ap_id: status.apId,
    name: status.name,
    ssid: status.ssid,
    onboarding_ssid: status.onboardingSsid,
    last_seen_at: instantToWire(status.lastSeenAt),
    pending: status.pending,
    agent: status.agent && agentStatusToWire(status.agent),
  });
}

export function presentAccessPoints({ items }: { readonly items: readonly AccessPointStatusWire[] }, screen: Screen): string {
  const [only] = items;
  if (only?.agent !== undefined && items.length === 1) {
    return presentAgent(only, only.agent, screen);
  }
  if (items.length === 0) {
    return 'No access points.';
  }
  return table(
    items,
    [
      { title: 'AP', cell: (ap) => ap.ap_id },
      { title: 'NAME', cell: (ap) => ap.name },
      { title: 'SSID', cell: (ap) => ap.ssid },
      { title: 'ONBOARDING', cell: (ap) => ap.onboarding_ssid },
      { title: 'PENDING', cell: (ap) => String(ap.pending) },
      { title: 'LAST SEEN', cell: (ap) => (ap.last_seen_at === undefined ? 'never' : localTime(ap.last_seen_at)) },
    ],
    screen,
  );
}

function presentAgent(ap: AccessPointStatusWire, agent: AgentStatusWire, screen: Screen): string {
  return details(
    [
      ['access point', `${ap.name} (${ap.ap_id})`],
      ['network', agent.ssid],
      ['onboarding network', agent.onboarding_ssid],
      ['radio', radioLine(agent)],
      ['RADIUS', countersLine(agent)],
      ['server', serverLine(agent)],
      ['listens on', `${agent.hello_port} (hello), ${agent.secure_port} (secure)${agent.relay_port === undefined ? '' : `, ${agent.relay_port} (guests to the server)`}`],
      ['Easy Connect (DPP)', agent.dpp ? 'devices announce themselves with the key of their label' : undefined],
      ['literal exchange', agent.allow_plain ? 'allowed: pass_tmp in the clear' : undefined],
      ['waiting for you', String(agent.pending)],
      ['active grants', String(agent.active_grants)],
      ['open hellos', String(agent.open_hellos)],
      ['process', `${agent.pid}, since ${localTime(agent.started_at)}`],
    ],
    screen,
  );
}

const enforcing = { none: 'enforces nothing', 'shared-password': 'one password for all', 'per-grant': 'a password for each grant' } as const;

function radioLine({ radio: { kind, enforcement, trouble, trouble_since: since } }: AgentStatusWire): string {
  return trouble === undefined ? `${kind}, ${enforcing[enforcement]}` : `${kind} – not in step with the grants since ${localTime(since ?? '')}: ${trouble}`;
}

/** Those that are not zero; what was dropped comes last. */
function countersLine({ radio: { counters } }: AgentStatusWire): string | undefined {
  const counted = Object.entries(counters ?? {}).filter(([, times]) => times > 0).map(([name, times]) => `${times} ${name.replaceAll('_', ' ')}`);
  return counters === undefined ? undefined : counted.join(', ') || 'nobody has asked';
}

function serverLine({ server }: AgentStatusWire): string {
  const name = server.url ?? 'the database on this machine';
  if (server.reachable) {
    const { ahead_ms: ahead = 0 } = server;
    return Math.abs(ahead) <= tolerableMs ? name : `${name} – its clock is ${span(Math.abs(ahead))} ${ahead > 0 ? 'behind' : 'ahead'}`;
  }
  return `${name} – not reachable${server.last_contact_at === undefined ? '' : ` since ${localTime(server.last_contact_at)}`}`;
}
