import { accessRequestSchema, accessRequestToWire, type AccessRequestWire } from '../../api/access-requests.ts';
import { agentStatusSchema, type AgentStatusWire } from '../../api/agent-control.ts';
import { attemptSchema, listedAttemptToWire, type AttemptWire } from '../../api/attempts.ts';
import { object, oneOf } from '../../api/schema.ts';
import { shown } from '../../domain/shown-text.ts';
import { actorForPeople } from '../../domain/token.ts';
import type { AgentEvent } from '../../roles/agent/service.ts';
import { requestLine } from './requests.ts';
import type { Screen } from './screen.ts';
import { clock } from './time.ts';

/** One line of what `ap serve` prints: that it listens, and each request and attempt as they come. */
export const agentEventSchema = object(
  'AgentEvent',
  { event: oneOf(['listening', 'request', 'attempt']) },
  { status: agentStatusSchema, request: accessRequestSchema, attempt: attemptSchema },
);

export type AgentEventWire =
  | { readonly event: 'listening'; readonly status: AgentStatusWire }
  | { readonly event: 'request'; readonly request: AccessRequestWire }
  | { readonly event: 'attempt'; readonly attempt: AttemptWire };

export function agentEventToWire(event: AgentEvent, apId: string): AgentEventWire {
  return event.kind === 'request'
    ? { event: 'request', request: accessRequestToWire(event.request) }
    : { event: 'attempt', attempt: listedAttemptToWire({ ...event.attempt, apId }) };
}

export function presentAgentEvent(event: AgentEventWire, { style }: Screen): string {
  if (event.event === 'listening') {
    const { name, ssid, onboarding_ssid: onboarding, hello_port: hello, secure_port: secure, relay_port: relay } = event.status;
    const ports = relay === undefined ? `${hello} (hello) and ${secure} (secure)` : `${hello} (hello), ${secure} (secure) and ${relay} (guests to the server)`;
    return `${shown(name)} lets devices from ${shown(onboarding)} into ${shown(ssid)}; ports ${ports}.`;
  }
  if (event.event === 'request') {
    const { request } = event;
    const by = ['approved', 'denied'].includes(request.status) ? ` by ${actorForPeople(request.decided_by ?? '')}` : '';
    return `${style.dim(clock(new Date()))} ${style.bold(request.status)}${shown(by)}  ${shown(requestLine(request))}`;
  }
  const { attempt } = event;
  const { uuid = 'somebody', from, outcome, detail } = attempt;
  const failed = outcome === 'asked' ? '' : ` ${outcome.replaceAll('_', ' ')}`;
  return `${style.dim(clock(new Date(attempt.at)))} ${outcome === 'asked' ? 'asked' : style.warning('refused')}${failed}  ${shown(uuid)} from ${shown(from)}${detail === undefined ? '' : ` (${shown(detail)})`}`;
}
