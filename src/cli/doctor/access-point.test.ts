import { expect, test } from 'vitest';
import type { AgentStatus } from '../../roles/agent/ports.ts';
import { agentCheck, radioCheck } from './access-point.ts';
import { examine } from './checks.ts';

function agentAhead(aheadMs: number | undefined) {
  const server = { url: undefined, reachable: true, lastContactAt: undefined, aheadMs };
  return agentCheck(async () => ({ pid: 7, server }) as AgentStatus);
}

test('a radio that is not in step with the grants is a finding', async () => {
  const radio = (trouble: AgentStatus['radio']['trouble']) =>
    radioCheck(async () => ({ radio: { kind: 'hostapd', enforcement: 'per-grant', trouble, failures: 0 } }) as AgentStatus);
  const findings = await examine([radio(undefined), radio({ detail: 'hostapd has ended.', hint: undefined, since: new Date() }), radio({ detail: 'No VLANs.', hint: 'Make some.', since: new Date() }), radioCheck(async () => undefined)]);
  expect(findings).toEqual([
    { check: 'radio', status: 'ok', detail: 'hostapd, in step with the grants' },
    { check: 'radio', status: 'wrong', detail: 'hostapd has ended.', fix: expect.stringContaining('hostapd runs') },
    { check: 'radio', status: 'wrong', detail: 'No VLANs.', fix: 'Make some.' },
    { check: 'radio', status: 'skipped', detail: 'nothing to look at' },
  ]);
});

test('an agent that agrees with its server about the time is well', async () => {
  const findings = await examine([agentAhead(59_000), agentAhead(undefined)]);
  expect(findings.map(({ status }) => status)).toEqual(['ok', 'ok']);
});

test.each([
  [64 * 365 * 86_400_000, 'The agent’s clock is 23360 d ahead of its server’s.'],
  [-3_600_000, 'The agent’s clock is 60 min behind its server’s.'],
])('one that does not is a finding with its fix (%i ms)', async (aheadMs, detail) => {
  expect(await examine([agentAhead(aheadMs)])).toEqual([
    { check: 'agent', status: 'wrong', detail, fix: expect.stringContaining('Set the server’s clock') },
  ]);
});
