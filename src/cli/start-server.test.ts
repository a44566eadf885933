import { expect, test } from 'vitest';
import { usualWitnesses } from './start-server.ts';

test.each([['127.0.0.1', 0], ['::1', 0], ['localhost', 0], ['0.0.0.0', 1], ['::', 1], ['192.0.2.1', 1]])('a server on %s asks for %i witnesses', (host, witnesses) => {
  expect(usualWitnesses(host)).toBe(witnesses);
});
