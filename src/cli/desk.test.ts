import { expect, test } from 'vitest';
import type { Attempt } from '../domain/audit.ts';
import type { AgentControl } from '../roles/agent/ports.ts';
import { agentDesk } from './desk.ts';

function agentWith(attempts: () => readonly string[]): AgentControl {
  const attempt = (id: string) => ({ id }) as Attempt;
  const known: Partial<AgentControl> = {
    status: async () => ({ apId: 'ap_hall' }) as Awaited<ReturnType<AgentControl['status']>>,
    attempts: async () => attempts().map(attempt),
  };
  return known as AgentControl;
}

test('what the agent has is paged through without gap or repetition, whatever comes meanwhile', async () => {
  let all = ['e', 'd', 'c', 'b', 'a'];
  const desk = agentDesk(agentWith(() => all));
  const seen: string[] = [];
  let after: string | undefined;
  do {
    const page = await desk.attempts({}, { after, limit: 2 });
    seen.push(...page.items.map(({ id }) => id));
    after = page.next;
    all = ['new', ...all];
  } while (after !== undefined);
  expect(seen).toEqual(['e', 'd', 'c', 'b', 'a']);
});

test('a page that ends the list names no next one, and a stranger’s cursor is refused', async () => {
  const desk = agentDesk(agentWith(() => ['b', 'a']));
  expect((await desk.attempts({}, { limit: 2 })).next).toBeUndefined();
  await expect(desk.attempts({}, { after: 'x', limit: 2 })).rejects.toMatchObject({ code: 'invalid_input' });
});
