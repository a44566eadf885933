import { expect, test } from 'vitest';
import { LatchkeyError } from '../../domain/errors.ts';
import { enforcements, type Enforcement } from '../../domain/grant.ts';
import { AgentAccessPoint, requireRoomForGuests } from './access-points.ts';

const credential = { ssid: 'Home', password: 'only-for-this-guest', security: 'wpa2-psk' as const };
const usage = { bytesIn: 1n, bytesOut: 2n, seconds: 3, isRestricted: false, isConnected: true };

/** One that knows one grant. */
function at(enforcement: Enforcement, isThere = true): AgentAccessPoint {
  const known = async <T>(grantId: string, answer: T) => {
    if (!isThere) throw new LatchkeyError('agent_unreachable');
    if (grantId !== 'grt_1') throw new LatchkeyError('grant_not_found');
    return answer;
  };
  return new AgentAccessPoint({ apId: 'ap_1', enforcement }, {
    claimNetwork: async () => {}, reveal: (grantId) => known(grantId, credential), usage: (grantId) => known(grantId, usage),
  });
}

test('a grant that the agent does not know yet, or no more, has neither credential nor usage; an agent that is away is another matter', async () => {
  const accessPoint = at('per-grant');
  expect([await accessPoint.credential('grt_1'), await accessPoint.usage('grt_1')]).toEqual([credential, usage]);
  expect([await accessPoint.credential('grt_2'), await accessPoint.usage('grt_2')]).toEqual([undefined, undefined]);
  await expect(at('per-grant', false).credential('grt_1')).rejects.toMatchObject({ code: 'agent_unreachable' });
});

test.each(enforcements.filter((each) => each !== 'per-grant'))('who is on by one password for all (%s) is counted for no grant, and nothing is no count of nothing', async (enforcement) => {
  expect(await at(enforcement).usage('grt_1')).toBeUndefined();
});

test('an agent that is asked by RADIUS would let no guest in: it is not sold on', () => {
  expect(() => requireRoomForGuests({ kind: 'radius' })).toThrow(expect.objectContaining({ code: 'invalid_input', hint: expect.stringContaining('--radio none') }));
  for (const kind of ['hostapd', 'none']) expect(() => requireRoomForGuests({ kind })).not.toThrow();
});
