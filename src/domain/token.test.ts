import { expect, test } from 'vitest';
import { actorForPeople, recordedActor, type Token } from './token.ts';

const token = (id: string, name: string): Token => ({
  id, role: 'owner', name, scope: {}, apId: undefined, createdAt: new Date(0), lastUsedAt: undefined, revokedAt: undefined,
});
const recorded = (id: string, name: string) => recordedActor({ kind: 'token', token: token(id, name) });

test('tokens of one name are recorded apart, and people read role and name', () => {
  expect(recorded('tok_a', 'Ada')).not.toBe(recorded('tok_b', 'Ada'));
  expect(actorForPeople(recorded('tok_a', 'Ada'))).toBe('owner:Ada');
  expect(actorForPeople(recordedActor({ kind: 'local' }))).toBe('local');
  expect(actorForPeople('superseded')).toBe('superseded');
});

test('a name cannot pass for the id of another token', () => {
  expect(recorded('tok_a', 'tok_b:Ada')).toBe('owner:tok_a:tok_b:Ada');
  expect(actorForPeople(recorded('tok_a', 'tok_b:Ada'))).toBe('owner:tok_b:Ada');
});
