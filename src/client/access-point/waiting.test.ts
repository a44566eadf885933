import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { DeviceRequestWire } from '../../api/device-exchange.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { untilDecided } from './waiting.ts';

const pending: DeviceRequestWire = { request_id: 'req_1', status: 'pending' };

/** How often an access point is asked within 300 ms that answers at once and never decides. */
async function timesAsked(answer: () => Promise<DeviceRequestWire>): Promise<number> {
  let times = 0;
  const ask = () => {
    times += 1;
    return answer();
  };
  await expect(untilDecided({ timeoutMs: 300, signal: undefined, ask, read: () => undefined })).rejects.toMatchObject({ code: 'timed_out' });
  return times;
}

test('who does not hold back its answer is asked now and then', async () => {
  expect(await timesAsked(() => setImmediate(pending))).toBeLessThan(5);
});

test('who says to come again in 300 years is not asked again', async () => {
  expect(await timesAsked(() => Promise.reject(new LatchkeyError('agent_busy', undefined, { retryAfter: 9_999_999_999 })))).toBe(1);
});
