import { chmodSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { HostapdRadio } from '../../src/radio/hostapd/hostapd-radio.ts';
import type { GrantOnAir } from '../../src/roles/agent/radio.ts';
import { requires } from '../requirements.ts';
import { newGrant } from '../storage/samples.ts';
import { HostapdForGrants } from './hostapd-program.ts';
import { RadioUnderTest } from './radio-under-test.ts';

const heading = '# Passwords of grants, kept by latchkey ap serve: what is changed here is put back.';
const macs: Readonly<Record<string, string>> = { grt_1: '02:00:00:00:01:00', grt_2: '02:00:00:00:02:00' };

requires('hostapd')('a real hostapd that speaks SAE', () => {
  let hostapd: HostapdForGrants;
  let radios: RadioUnderTest;
  let kept: RadioUnderTest['kept'];
  let dropping: RadioUnderTest['dropping'];
  let recorded: string;

  beforeEach(() => {
    hostapd = new HostapdForGrants(['SAE']);
    radios = new RadioUnderTest();
    ({ kept, dropping } = radios);
    recorded = join(hostapd.folder, 'asked');
    writeFileSync(recorded, '');
  });
  afterEach(async () => {
    await radios[Symbol.asyncDispose]();
    await hostapd[Symbol.asyncDispose]();
  });

  /** Its hostapd_cli is the real one, and what it is asked is written down. */
  async function opened({ reloadAfterMs = 60_000 } = {}): Promise<HostapdRadio> {
    const controlProgram = join(hostapd.folder, 'recording-cli');
    writeFileSync(controlProgram, `#!/bin/sh\ntee -a ${recorded} | hostapd_cli "$@"\n`);
    chmodSync(controlProgram, 0o700);
    return radios.opened(hostapd, { controlProgram, reloadAfterMs });
  }

  function wanted(...ids: string[]): GrantOnAir[] {
    return ids.map((id) => ({ grant: newGrant('ap_1', { id }), restricted: false, vlan: undefined, mac: macs[id] }));
  }

  const configuration = () => readFileSync(hostapd.configuration, 'utf8');
  const lineOf = (id: string) => `sae_password=${kept.get(id)!.password}${macs[id] === undefined ? '' : `|mac=${macs[id]}`}|id=${id}`;
  const seal = (id: string) => expect.stringMatching(new RegExp(`^(raw SET sae_password |sae_password=)sealed-[0-9a-f]{48}\\|id=${id}$`));
  const block = () => configuration().split('\n').filter((line) => line === heading || line.startsWith('sae_password='));

  /** What was asked of hostapd since this was last called, but for whether it is there, what it is and what it denies. */
  function asked(): string[] {
    const lines = readFileSync(recorded, 'utf8').split('\n').filter((line) => line !== '' && !['raw PING', 'raw STATUS', 'raw DENY_ACL SHOW'].includes(line));
    writeFileSync(recorded, '');
    return lines.map((line) => line.replace(/01:4c:4b:.*/, 'mark'));
  }

  test('takes a password for each grant while it runs, and has them in its configuration', async () => {
    await hostapd.start();
    const before = configuration();
    const radio = await opened();
    expect(await radio.converge(wanted('grt_1', 'grt_any'))).toBeUndefined();
    expect(block()).toEqual([heading, lineOf('grt_1'), lineOf('grt_any')]);
    expect(configuration().split('\n').filter((line) => !block().includes(line)).join('\n')).toBe(before);
    expect(statSync(hostapd.configuration).mode & 0o777).toBe(0o600);
    expect(asked()).toEqual([lineOf('grt_1'), lineOf('grt_any')].map((line) => `raw SET ${line.replace('=', ' ')}`).concat('raw DENY_ACL ADD_MAC mark'));
    expect(await radio.credential({ id: 'grt_1' })).toEqual({ ssid: 'Home', password: kept.get('grt_1')!.password, passwordId: 'grt_1', security: 'wpa3-sae' });
    const { ino } = statSync(hostapd.configuration);
    await radio.converge(wanted('grt_1', 'grt_any'));
    expect([statSync(hostapd.configuration).ino, asked()]).toEqual([ino, []]);
  });

  test('that speaks WPA2 as well has a key for each grant, too, and devices are told the older of both', async () => {
    await hostapd[Symbol.asyncDispose]();
    hostapd = new HostapdForGrants(['WPA-PSK', 'SAE']);
    recorded = join(hostapd.folder, 'asked');
    await hostapd.start();
    const radio = await opened();
    await radio.converge(wanted('grt_1'));
    expect(readFileSync(hostapd.pskFile, 'utf8')).toContain('keyid=grt_1 ');
    expect(block()).toEqual([heading, lineOf('grt_1')]);
    expect(await radio.credential({ id: 'grt_1' })).toMatchObject({ passwordId: 'grt_1', security: 'wpa2-psk' });
    await radio.converge([]);
    expect(readFileSync(hostapd.pskFile, 'utf8')).not.toContain('keyid=grt_1 ');
    expect(block()).toEqual([heading, seal('grt_1')]);
  });

  test('one that is over is sealed at once, its station denied; later hostapd is rid of both, which is said before', async () => {
    await hostapd.start();
    const radio = await opened({ reloadAfterMs: 1000 });
    await radio.converge(wanted('grt_1', 'grt_2'));
    asked();
    const begun = performance.now();
    await radio.converge(wanted('grt_2'));
    expect(asked()).toEqual([
      'raw DENY_ACL ADD_MAC 02:00:00:00:01:00', seal('grt_1'), 'raw PMKSA_FLUSH', 'raw DEAUTHENTICATE 02:00:00:00:01:00',
      'raw DENY_ACL DEL_MAC mark', 'raw DENY_ACL ADD_MAC mark',
    ]);
    expect(block()).toEqual([heading, lineOf('grt_2'), seal('grt_1')]);
    expect(dropping).toEqual([1000]);
    await expect.poll(async () => { await radio.converge(wanted('grt_2')); return dropping; }, { timeout: 10_000 }).toEqual([1000, 0]);
    expect(performance.now() - begun).toBeGreaterThan(1000);
    expect(block()).toEqual([heading, lineOf('grt_2')]);
    await radio.converge(wanted('grt_2'));
    // It has read its configuration: there is nothing to tell it, and it denies nobody.
    expect(asked()).toEqual(['raw DENY_ACL ADD_MAC mark']);
    await radio.converge(wanted('grt_2'));
    expect([dropping, asked()]).toEqual([[1000, 0], []]);
  });

  test('a grant that was off the air for a while comes back with the password that it had, and nobody drops for it', async () => {
    await hostapd.start();
    const radio = await opened();
    await radio.converge(wanted('grt_1'));
    await radio.converge(wanted());
    expect(block()).toEqual([heading, seal('grt_1')]);
    asked();
    await radio.converge(wanted('grt_1'));
    expect(block()).toEqual([heading, lineOf('grt_1')]);
    expect(asked()).toEqual(expect.arrayContaining([`raw SET ${lineOf('grt_1').replace('=', ' ')}`, 'raw DENY_ACL DEL_MAC 02:00:00:00:01:00']));
    expect(dropping).toEqual([60_000]);
  });

  test('a device that is let in again meanwhile is not denied, and its old password stays sealed', async () => {
    await hostapd.start();
    const radio = await opened();
    await radio.converge(wanted('grt_1'));
    await radio.converge([]);
    asked();
    await radio.converge([{ ...wanted('grt_new')[0]!, mac: macs['grt_1'] }]);
    expect(asked()).toEqual(['raw DENY_ACL DEL_MAC 02:00:00:00:01:00', expect.stringMatching(/SET sae_password [a-z2-7]{26}\|mac=02:00:00:00:01:00\|id=grt_new$/), 'raw DENY_ACL DEL_MAC mark', 'raw DENY_ACL ADD_MAC mark']);
    expect(block()).toContainEqual(seal('grt_1'));
  });

  test('a grant whose station becomes known is that station’s alone', async () => {
    await hostapd.start();
    const radio = await opened();
    await radio.converge(wanted('grt_any'));
    asked();
    await radio.converge([{ ...wanted('grt_any')[0]!, mac: '02:00:00:00:03:00' }]);
    expect(asked().slice(0, 2)).toEqual([seal('grt_any'), expect.stringMatching(/\|mac=02:00:00:00:03:00\|id=grt_any$/)]);
    expect(dropping).toEqual([]);
  });

  test('an agent that starts anew finds what hostapd has, and what is yet to be taken from it', async () => {
    await hostapd.start();
    const first = await opened();
    await first.converge(wanted('grt_1', 'grt_2'));
    await first.close();
    asked();
    const second = await opened();
    await second.converge(wanted('grt_1', 'grt_2'));
    expect(asked()).toEqual([]);
    await second.close();
    const third = await opened();
    await third.converge(wanted('grt_2'));
    expect(asked()).toEqual(expect.arrayContaining(['raw DENY_ACL ADD_MAC 02:00:00:00:01:00', seal('grt_1')]));
    expect(dropping).toEqual([60_000]);
    await third.close();
    const fourth = await opened();
    await fourth.converge(wanted('grt_2'));
    expect(dropping).toEqual([60_000, 60_000]);
    expect(block()).toEqual([heading, lineOf('grt_2'), seal('grt_1')]);
  });

  test('a hostapd that was started anew has what is in its file, also what was sealed', async () => {
    await hostapd.start();
    const radio = await opened();
    await radio.converge(wanted('grt_1', 'grt_2'));
    await hostapd.kill('SIGKILL');
    // Also while it is not there, the file is what it is to start with.
    await expect(radio.converge(wanted('grt_2'))).rejects.toMatchObject({ code: 'radio_unreachable' });
    expect(block()).toEqual([heading, lineOf('grt_2'), seal('grt_1')]);
    const up = radios.nextDisturbance();
    await hostapd.start();
    await up;
    asked();
    await radio.converge(wanted('grt_2'));
    const now = asked();
    expect(now).toEqual(expect.arrayContaining(['raw DENY_ACL ADD_MAC 02:00:00:00:01:00', 'raw PMKSA_FLUSH', 'raw DENY_ACL ADD_MAC mark']));
    expect(now.filter((line) => line.includes('id=grt_1'))).toEqual([seal('grt_1')]);
    await radio.converge(wanted('grt_2'));
    expect(asked()).toEqual([]);
  });

  test('what was changed by hand is put back, and a hostapd that read it is told anew', async () => {
    await hostapd.start();
    const radio = await opened();
    await radio.converge(wanted('grt_1', 'grt_2'));
    const whole = configuration();
    writeFileSync(hostapd.configuration, whole.replace(lineOf('grt_1'), 'sae_password=mine|id=grt_mine').replace('ssid=Home', 'ssid=Home\n# mine'));
    await radio.converge(wanted('grt_1', 'grt_2'));
    expect(block()).toEqual([heading, lineOf('grt_1'), lineOf('grt_2'), seal('grt_mine')]);
    expect(configuration()).toContain('ssid=Home\n# mine\n');
    writeFileSync(hostapd.configuration, whole.replace(`${lineOf('grt_1')}\n`, ''));
    await hostapd.kill('SIGTERM');
    await hostapd.start();
    asked();
    await expect.poll(() => radio.converge(wanted('grt_1', 'grt_2')).catch(String), { timeout: 10_000 }).toBeUndefined();
    expect(asked()).toContain(`raw SET ${lineOf('grt_1').replace('=', ' ')}`);
    expect(block()).toContain(lineOf('grt_1'));
  });

  test('where the file cannot be found or read again, grants end all the same, and it is said', async () => {
    await hostapd.start();
    const radio = await opened({ reloadAfterMs: 0 });
    await radio.converge(wanted('grt_1', 'grt_2'));
    const elsewhere = `${hostapd.configuration}.elsewhere`;
    renameSync(hostapd.configuration, elsewhere);
    asked();
    await expect(radio.converge(wanted('grt_2'))).rejects.toMatchObject({ code: 'file_not_found' });
    expect(asked()).toEqual(expect.arrayContaining(['raw DENY_ACL ADD_MAC 02:00:00:00:01:00', seal('grt_1')]));
    // hostapd goes on with what it has.
    writeFileSync(hostapd.configuration, `${readFileSync(elsewhere, 'utf8')}nonsense\n`);
    expect(await radio.converge(wanted('grt_2'))).toEqual({ detail: expect.stringMatching(/open nothing, but stay in hostapd: hostapd did not take its configuration for lo anew/), hint: expect.any(String) });
    writeFileSync(hostapd.configuration, readFileSync(elsewhere));
    expect(await radio.converge(wanted('grt_2'))).toBeUndefined();
    expect(block()).toEqual([heading, lineOf('grt_2')]);
  });
});
