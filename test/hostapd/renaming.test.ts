import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HostapdRenaming, type HostapdRenamingOptions } from '../../src/radio/hostapd/hostapd-renaming.ts';
import { prepareRadio } from '../../src/cli/open-radio.ts';
import { renamedOf, startOf } from '../../src/radio/hostapd/renamed-file.ts';
import type { GrantOnAir } from '../../src/roles/agent/radio.ts';
import type { Rename } from '../../src/roles/networks/renaming.ts';
import { requires } from '../requirements.ts';
import { newGrant } from '../storage/samples.ts';
import { HostapdForGrants, HostapdProgram } from './hostapd-program.ts';
import { RadioUnderTest } from './radio-under-test.ts';

const bytes = (text: string) => Uint8Array.from(Buffer.from(text));
const { signal } = new AbortController();
/** That of hostapd where it has no radio. */
const bssid = '00:00:00:00:00:00';

requires('hostapd')('a network at a real hostapd', () => {
  let hostapd: HostapdProgram;
  let folder: string;
  const commands: ChildProcess[] = [];
  let rename: Rename;
  let isOpen: HostapdRenaming[];

  beforeEach(() => {
    hostapd = new HostapdForGrants();
    rename = { challengeId: 'chl_1', first: bytes('Home'), second: bytes('Home-abcdefghij'), bssids: [bssid], expiresAt: new Date(Date.now() + 3_600_000) };
    isOpen = [];
  });
  afterEach(async () => {
    commands.splice(0).forEach((command) => command.kill('SIGKILL'));
    try {
      for (const renaming of isOpen) await renaming.restore(rename, AbortSignal.timeout(10_000)).catch(() => {});
      await guardsGone();
    } finally {
      vi.unstubAllEnvs();
      await hostapd[Symbol.asyncDispose]();
    }
  });

  async function start(): Promise<void> {
    await hostapd.start();
    folder = join(hostapd.folder, 'state', 'renaming');
    vi.stubEnv('LATCHKEY_STATE_HOME', join(hostapd.folder, 'state'));
  }

  const options = (): HostapdRenamingOptions => ({ configurations: [hostapd.configuration], folder, longestMs: 60_000 });

  function renaming(more: Partial<HostapdRenamingOptions> = {}): HostapdRenaming {
    const opened = new HostapdRenaming({ ...options(), ...more });
    isOpen.push(opened);
    return opened;
  }

  /** As hostapd says it. */
  const name = async () => (await hostapd.status())['ssid[0]'];
  const named = (ssid: string) => expect.poll(name, { timeout: 20_000 }).toBe(ssid);
  const guarding = () => renamedOf(folder, [{ interface: 'lo', controlDirectory: hostapd.controlDirectory }]);
  const guardsGone = () => expect.poll(() => (existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.json')) : []), { timeout: 20_000 }).toEqual([]);
  const log = () => readFileSync(join(folder, 'renaming.log'), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);

  /** Another process that renames it. */
  async function command(): Promise<ChildProcess> {
    const hex = (ssid: Uint8Array) => Buffer.from(ssid).toString('hex');
    const args = [JSON.stringify(options()), hex(rename.first), hex(rename.second), bssid];
    const child = spawn(process.execPath, [join(import.meta.dirname, 'renaming-command.ts'), ...args], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    commands.push(child);
    const said = createInterface(child.stdout!);
    const [line] = await Promise.race([once(said, 'line'), once(said, 'close')]) as [string?];
    expect(line).toBe('renamed');
    return child;
  }

  /** With all that is in its group. */
  async function killed(child: ChildProcess): Promise<void> {
    process.kill(-child.pid!, 'SIGKILL');
    await once(child, 'exit');
  }

  test('is renamed and set back, and nothing that hostapd starts with is touched', async () => {
    await start();
    const before = readFileSync(hostapd.configuration);
    const own = renaming();
    await own.prepare(rename, signal);
    expect(await name()).toBe('Home');
    await own.set(rename, signal);
    expect(await name()).toBe('Home-abcdefghij');
    expect(readFileSync(hostapd.configuration)).toEqual(before);
    expect(guarding()).toMatchObject([{ challengeId: 'chl_1', first: '486f6d65' }]);
    await own.restore(rename, signal);
    expect(await name()).toBe('Home');
    await own.restore(rename, signal);
    await guardsGone();
    expect(log()).toMatchObject([{ level: 'info', challenge: 'chl_1', interfaces: ['lo'] }, { level: 'info', reason: 'asked' }]);
  });

  test('may have any bytes for its name', async () => {
    hostapd = new HostapdProgram(({ controlDirectory }) => `interface=lo\ndriver=none\nssid2=4361ff20c3285c2220\nctrl_interface=${controlDirectory}\n`);
    await start();
    rename = { ...rename, first: Uint8Array.from(Buffer.from('4361ff20c3285c2220', 'hex')), second: Uint8Array.from(Buffer.from('00ff0a2d', 'hex')) };
    const own = renaming();
    await own.prepare(rename, signal);
    await own.set(rename, signal);
    expect(await name()).toBe('\\x00\\xff\\n-');
    await own.restore(rename, signal);
    expect(await name()).toBe('Ca\\xff \\xc3(\\\\\\" ');
  });

  test('is set back when the command that renamed it is killed', async () => {
    await start();
    const child = await command();
    expect(await name()).toBe('Home-abcdefghij');
    await killed(child);
    await named('Home');
    await guardsGone();
    expect(log().at(-1)).toMatchObject({ reason: 'command-ended' });
  });

  test('is set back when the time is over, whatever the command does', async () => {
    await start();
    const own = renaming({ longestMs: 4000 });
    await own.prepare(rename, signal);
    await own.set(rename, signal);
    expect(await name()).toBe('Home-abcdefghij');
    await named('Home');
    await guardsGone();
    expect(log().at(-1)).toMatchObject({ reason: 'time-over' });
    await own.restore(rename, signal);
    expect(await name()).toBe('Home');
  });

  test('is not left renamed by a command that comes when the time is over', async () => {
    await start();
    const own = renaming({ longestMs: 1 });
    await own.prepare(rename, signal);
    await guardsGone();
    await expect(own.set(rename, signal)).rejects.toMatchObject({ code: 'renaming_failed' });
    await own.restore(rename, signal);
    expect(await name()).toBe('Home');
  });

  test('is set back by the guarding process when that is told to end, and by the command when that was killed', async () => {
    await start();
    const own = renaming();
    await own.prepare(rename, signal);
    await own.set(rename, signal);
    process.kill(guarding()[0]!.guardian.pid, 'SIGTERM');
    await named('Home');
    await guardsGone();
    await own.restore(rename, signal);

    const other = renaming();
    await other.prepare(rename, signal);
    await other.set(rename, signal);
    process.kill(guarding()[0]!.guardian.pid, 'SIGKILL');
    await other.restore(rename, signal);
    expect([await name(), guarding()]).toEqual(['Home', []]);
  });

  test.each(['before the next renaming', 'when the agent starts'])('is set back %s if all were killed; one that is guarded is left', async (moment) => {
    await start();
    const child = await command();
    await expect(renaming().prepare(rename, signal)).rejects.toMatchObject({ code: 'renaming_failed', message: 'The network is being renamed already, for challenge chl_1.' });
    const logged: string[] = [];
    const startAgent = async () => {
      const flags = { ssid: 'Home', security: 'wpa2-psk', radio: 'hostapd', 'hostapd-conf': [hostapd.configuration], 'shared-password': false, 'drop-after': 0, dpp: false } as const;
      const open = await prepareRadio(flags, {});
      const keys = { grantKeys: () => new Map(), saveGrantKeys: () => {}, grantKey: () => undefined };
      const radio = await open(keys, (level, message) => logged.push(`${level} ${message}`));
      await radio.close();
    };
    await startAgent();
    expect([await name(), logged]).toEqual(['Home-abcdefghij', ['info The network has another name until it is set back, for it is being proven.']]);
    const { pid } = guarding()[0]!.guardian;
    process.kill(pid, 'SIGKILL');
    await killed(child);
    await expect.poll(() => startOf(pid)).toBeUndefined();
    if (moment === 'when the agent starts') {
      await startAgent();
    } else {
      await renaming().prepare({ ...rename, challengeId: 'chl_2' }, signal);
    }
    expect(await name()).toBe('Home');
    expect(guarding().map(({ challengeId }) => challengeId)).not.toContain('chl_1');
    expect(logged).toHaveLength(1);
  });

  test('waits for a hostapd that does not answer', async () => {
    await start();
    const own = renaming();
    await own.prepare(rename, signal);
    await own.set(rename, signal);
    process.kill(hostapd.pid, 'SIGSTOP');
    await expect(own.restore(rename, AbortSignal.timeout(500))).rejects.toMatchObject({ name: 'TimeoutError' });
    process.kill(hostapd.pid, 'SIGCONT');
    await named('Home');
    await guardsGone();
  });

  test('that hostapd was started anew with, or given a third name, is left as it is', async () => {
    await start();
    const own = renaming();
    await own.prepare(rename, signal);
    await own.set(rename, signal);
    writeFileSync(hostapd.configuration, readFileSync(hostapd.configuration, 'utf8').replace('ssid=Home', 'ssid=Third'));
    process.kill(hostapd.pid, 'SIGHUP');
    await named('Third');
    await own.restore(rename, signal);
    expect(await name()).toBe('Third');
  });

  test.each([
    ['another name', { first: bytes('Work') }, 'No BSS of the hostapd configuration is called "Work".'],
    ['other radios', { bssids: ['02:00:00:00:09:00'] }, 'This hostapd has none of the radios 02:00:00:00:09:00; it has 00:00:00:00:00:00.'],
  ])('is not renamed where hostapd has %s', async (_, other, message) => {
    await start();
    const own = renaming();
    await expect(own.prepare({ ...rename, ...other }, signal)).rejects.toMatchObject({ message });
    expect(existsSync(folder) ? guarding() : []).toEqual([]);
    expect(await name()).toBe('Home');
  });

  test('that hides its name, or is not on the air, is not renamed', async () => {
    await start();
    const before = readFileSync(hostapd.configuration, 'utf8');
    writeFileSync(hostapd.configuration, `${before}ignore_broadcast_ssid=1\n`);
    await expect(renaming().prepare(rename, signal)).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining('hides its name') });
    writeFileSync(hostapd.configuration, before);
    await hostapd.kill('SIGKILL');
    await expect(renaming().prepare(rename, signal)).rejects.toMatchObject({ code: 'radio_unreachable' });
  });

  test('keeps what the agent gives it meanwhile, under its first name', async () => {
    await hostapd[Symbol.asyncDispose]();
    const forGrants = new HostapdForGrants(['WPA-PSK', 'SAE']);
    hostapd = forGrants;
    await start();
    await using radios = new RadioUnderTest();
    const wanted = (...ids: string[]): GrantOnAir[] => ids.map((id) => ({ grant: newGrant('ap_1', { id }), restricted: false, vlan: undefined, mac: undefined }));
    const radio = await radios.opened(forGrants, { reloadAfterMs: 0 });
    await radio.converge(wanted('grt_1', 'grt_2'));

    const asked = join(hostapd.folder, 'asked');
    const controlProgram = join(hostapd.folder, 'recording-cli');
    writeFileSync(controlProgram, `#!/bin/sh\ntee -a ${asked} | hostapd_cli "$@"\n`);
    chmodSync(controlProgram, 0o700);
    const own = renaming({ controlProgram });
    await own.prepare(rename, signal);
    await own.set(rename, signal);
    const given = readFileSync(forGrants.pskFile, 'utf8');
    expect(await radio.converge(wanted('grt_1', 'grt_3'))).toMatchObject({ detail: expect.stringContaining('stay in hostapd while') });
    expect(await name()).toBe('Home-abcdefghij');
    expect(readFileSync(forGrants.pskFile, 'utf8')).not.toBe(given);
    expect(await radio.credential({ id: 'grt_3' })).toMatchObject({ ssid: 'Home' });
    await own.restore(rename, signal);
    const lines = readFileSync(asked, 'utf8').split('\n').filter((line) => line.startsWith('raw') && !line.endsWith('PING') && !line.endsWith('STATUS'));
    expect(lines).toEqual(['raw SET ssid2 486f6d652d6162636465666768696a', 'raw UPDATE_BEACON', 'raw SET ssid2 486f6d65', 'raw UPDATE_BEACON', 'raw SET sae_pwe 2']);
    expect(await radio.converge(wanted('grt_1', 'grt_3'))).toBeUndefined();
    expect(radios.dropping.at(-1)).toBe(0);
    expect(readFileSync(hostapd.configuration, 'utf8').match(/\|id=\S+/g)).toEqual(['|id=grt_1', '|id=grt_3']);
  });
});
