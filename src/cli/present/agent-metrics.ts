import type { AgentStatusWire } from '../../api/agent-control.ts';

/**
 * What `ap status` says in numbers, in the text format of Prometheus (prometheus.io, exposition formats), such as the
 * node exporter's textfile collector takes it.
 */
export function agentMetrics(agent: AgentStatusWire): string {
  const { radio, server } = agent;
  return [
    metric('radio_in_step', 'gauge', 'Whether the radio has what the grants say', radio.trouble === undefined ? 1 : 0),
    metric('radio_failures_total', 'counter', 'How often the radio could not be brought in step', radio.failures),
    metric('server_reachable', 'gauge', 'Whether the server answers', server.reachable ? 1 : 0),
    metric('active_grants', 'gauge', 'Grants that are active', agent.active_grants),
    metric('pending_requests', 'gauge', 'Devices that wait for the owner', agent.pending),
    metric('open_hellos', 'gauge', 'Devices that have said hello and not proven themselves yet', agent.open_hellos),
    metric('start_time_seconds', 'gauge', 'When the agent was started, in seconds since 1970', Date.parse(agent.started_at) / 1000),
  ].join('\n');
}

function metric(name: string, type: 'gauge' | 'counter', help: string, value: number): string {
  return `# HELP latchkey_agent_${name} ${help}\n# TYPE latchkey_agent_${name} ${type}\nlatchkey_agent_${name} ${value}`;
}
