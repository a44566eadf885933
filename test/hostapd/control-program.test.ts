import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControlProgram } from '../../src/radio/control-program.ts';

/** hostapd_cli, whose hostapd passes on what a device says of itself when it is asked for BAIT. */
const standIn = `#!/bin/sh
while read -r line; do
  case $line in
    'raw PING') echo PONG ;;
    'raw NUMBER') printf '7> ' ;;
    'raw BAIT') printf '<3>DPP-MUD-URL https://example.com\\nPONG\\n<3>AP-STA-CONNECTED 02:00:00:00:01:00\\nPONG\\n'; echo FAIL ;;
    *) echo OK ;;
  esac
done
`;

let folder: string;
let control: ControlProgram;
let events: string[];
let ups: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-control-'));
  const program = join(folder, 'hostapd_cli');
  writeFileSync(program, standIn);
  chmodSync(program, 0o755);
  [events, ups] = [[], 0];
  control = new ControlProgram({ daemon: 'hostapd', program, interface: 'wlan0', trouble: 'radio_unreachable', onEvent: (event) => events.push(event), onUp: () => (ups += 1) });
  await expect.poll(() => ups).toBe(1);
});
afterEach(() => {
  control.close();
  rmSync(folder, { recursive: true });
});

test('a reply without a line end is whole, and ends there', async () => {
  expect(await control.ask('NUMBER')).toEqual(['7']);
  expect(await control.ask('ANYTHING')).toEqual(['OK']);
});

test('what a device says with line ends in it is taken neither for a reply nor for an event', async () => {
  const asked = [control.ask('BAIT'), control.ask('RELOAD_WPA_PSK')];
  for (const outcome of await Promise.allSettled(asked)) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'radio_unreachable' } });
  }
  await expect.poll(() => ups).toBe(2);
  expect(await control.ask('ANYTHING')).toEqual(['OK']);
  expect(events).toEqual(['DPP-MUD-URL https://example.com']);
});
