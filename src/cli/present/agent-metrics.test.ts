import { expect, test } from 'vitest';
import type { AgentStatusWire } from '../../api/agent-control.ts';
import { agentMetrics } from './agent-metrics.ts';

test('each number has its type, its help and its value', () => {
  const agent = {
    radio: { kind: 'hostapd', enforcement: 'per-grant', failures: 3, trouble: 'FAIL', trouble_since: '2026-11-30T00:00:00.000Z' },
    server: { reachable: true }, active_grants: 2, pending: 1, open_hellos: 0, started_at: '2026-11-30T00:00:00.000Z',
  } as AgentStatusWire;
  const lines = agentMetrics(agent).split('\n');
  expect(lines.every((line) => /^(# (HELP|TYPE) )?latchkey_agent_[a-z_]+ /.test(line))).toBe(true);
  expect(lines.filter((line) => !line.startsWith('#'))).toEqual([
    'latchkey_agent_radio_in_step 0',
    'latchkey_agent_radio_failures_total 3',
    'latchkey_agent_server_reachable 1',
    'latchkey_agent_active_grants 2',
    'latchkey_agent_pending_requests 1',
    'latchkey_agent_open_hellos 0',
    'latchkey_agent_start_time_seconds 1795996800',
  ]);
});
