import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { interfaceCounters } from './interface-counters.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-counters-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const table = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     120       2    0    0    0     0          0         0      120       2    0    0    0     0       0          0
wlan10: 18446744073709551615 7 0    0    0     0          0         0        1       1    0    0    0     0       0          0
 wlan1:5000000    4000    0    9    0     0          0         0   700000    3000    0    0    0     0       0          0
`;

test('what an interface has received and sent, by its whole name', async () => {
  const file = join(folder, 'dev');
  writeFileSync(file, table);
  expect(await interfaceCounters('wlan1', file)).toEqual({ received: 5_000_000n, sent: 700_000n });
  expect(await interfaceCounters('wlan10', file)).toEqual({ received: 2n ** 64n - 1n, sent: 1n });
  await expect(interfaceCounters('wlan', file)).rejects.toMatchObject({ code: 'interface_not_found' });
  await expect(interfaceCounters('wlan1', join(folder, 'none'))).rejects.toMatchObject({ code: 'interface_not_found' });
});

test.runIf(process.platform === 'linux')('those of this machine are read', async () => {
  const { received, sent } = await interfaceCounters('lo');
  expect(received).toBe(sent);
});
