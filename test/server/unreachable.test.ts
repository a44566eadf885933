import nock from 'nock';
import { afterEach, expect, test } from 'vitest';
import { routes } from '../../src/api/routes.ts';
import { HttpClient } from '../../src/client/http-client.ts';

// Networks fail in ways that no server on this machine brings about: nock does, below undici's calls.
afterEach(() => {
  nock.cleanAll();
  nock.restore();
});

test.each([
  ['EHOSTUNREACH', 'remote_unreachable', 3],
  ['ENETUNREACH', 'remote_unreachable', 3],
  ['ETIMEDOUT', 'remote_unreachable', 3],
  ['CERT_REVOKED', 'certificate_invalid', 1],
] as const)('%s is %s, tried %i times', async (code, meaning, tries) => {
  if (!nock.isActive()) nock.activate();
  const faults = nock('https://latchkey.example').get('/v1/aps/self').times(tries)
    .replyWithError(Object.assign(new Error('made up'), { code }));
  const http = new HttpClient({ url: 'https://latchkey.example', timeoutMs: 5_000 });
  await expect(http.call(routes.showSelf, {})).rejects.toMatchObject({ code: meaning });
  expect(faults.isDone()).toBe(true);
  await http.close();
});
