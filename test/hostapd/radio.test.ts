import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readConfiguration, servingBsses } from '../../src/radio/hostapd/read-configuration.ts';
import type { Firewall } from '../../src/radio/hostapd/restriction.ts';
import { SharedPasswordRadio } from '../../src/radio/hostapd/shared-password-radio.ts';
import type { GrantOnAir } from '../../src/roles/agent/radio.ts';
import { requires } from '../requirements.ts';
import { newGrant } from '../storage/samples.ts';
import { HostapdForGrants } from './hostapd-program.ts';
import { RadioUnderTest } from './radio-under-test.ts';

const run = promisify(execFile);

class StandInFirewall implements Firewall {
  macs = new Set<string>();
  broken = false;
  writes = 0;

  async set(macs: ReadonlySet<string>): Promise<void> {
    if (this.broken) {
      throw new Error('nft: no such table');
    }
    this.writes += 1;
    this.macs = new Set(macs);
  }

  async get(): Promise<ReadonlySet<string>> {
    return this.macs;
  }
}

requires('hostapd')('a real hostapd', () => {
  let hostapd: HostapdForGrants;
  let radio: RadioUnderTest;
  let kept: RadioUnderTest['kept'];
  let firewall: StandInFirewall;

  beforeEach(() => {
    hostapd = new HostapdForGrants();
    radio = new RadioUnderTest();
    ({ kept } = radio);
    firewall = new StandInFirewall();
  });
  afterEach(async () => {
    await radio[Symbol.asyncDispose]();
    await hostapd[Symbol.asyncDispose]();
  });

  const opened = () => radio.opened(hostapd, { firewall });

  const wanted = (...ids: string[]): GrantOnAir[] =>
    ids.map((id) => ({ grant: newGrant('ap_1', { id }), restricted: false, vlan: id === 'grt_vlan' ? 4094 : undefined, mac: undefined }));

  test('takes over a file with a key for each grant, and knows nobody by other words', async () => {
    await hostapd.start();
    const hostapdRadio = await opened();
    await hostapdRadio.converge(wanted('grt_1', 'grt_vlan'));
    const text = readFileSync(hostapd.pskFile, 'utf8');
    expect(text.split('\n').slice(1)).toEqual([
      `keyid=grt_1 00:00:00:00:00:00 ${Buffer.from(kept.get('grt_1')!.psk).toString('hex')}`,
      `keyid=grt_vlan vlanid=4094 00:00:00:00:00:00 ${Buffer.from(kept.get('grt_vlan')!.psk).toString('hex')}`,
      '',
    ]);
    expect(statSync(hostapd.pskFile).mode & 0o777).toBe(0o600);
    const { password } = await hostapdRadio.credential({ id: 'grt_1' });
    expect(text).not.toContain(password);
    expect(await hostapdRadio.stations()).toEqual([]);
    await expect(hostapdRadio.credential({ id: 'grt_2' })).rejects.toMatchObject({ code: 'grant_not_found' });
  });

  test('a grant that was off the air for a while comes back with the password that it had', async () => {
    await hostapd.start();
    const hostapdRadio = await opened();
    await hostapdRadio.converge(wanted('grt_1'));
    const [text, credential] = [readFileSync(hostapd.pskFile, 'utf8'), await hostapdRadio.credential({ id: 'grt_1' })];
    await hostapdRadio.converge(wanted());
    expect(readFileSync(hostapd.pskFile, 'utf8')).not.toContain('grt_1');
    await hostapdRadio.converge(wanted('grt_1'));
    expect(readFileSync(hostapd.pskFile, 'utf8')).toBe(text);
    expect(await hostapdRadio.credential({ id: 'grt_1' })).toEqual(credential);
  });

  test('puts back what was changed by hand, and writes nothing while all is as it was', async () => {
    await hostapd.start();
    const hostapdRadio = await opened();
    await hostapdRadio.converge(wanted('grt_1'));
    const { ino } = statSync(hostapd.pskFile);
    const text = readFileSync(hostapd.pskFile, 'utf8');
    await hostapdRadio.converge(wanted('grt_1'));
    expect(statSync(hostapd.pskFile).ino).toBe(ino);
    for (const damage of [() => writeFileSync(hostapd.pskFile, 'nonsense\n'), () => rmSync(hostapd.pskFile)]) {
      damage();
      await hostapdRadio.converge(wanted('grt_1'));
      expect(readFileSync(hostapd.pskFile, 'utf8')).toBe(text);
    }
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)('says so when hostapd is gone (%s), and goes on with the next one', async (signal) => {
    await hostapd.start();
    const hostapdRadio = await opened();
    await hostapd.kill(signal);
    await expect(hostapdRadio.converge(wanted('grt_1'))).rejects.toMatchObject({ code: 'radio_unreachable' });
    await expect(hostapdRadio.stations()).rejects.toMatchObject({ code: 'radio_unreachable' });
    const up = radio.nextDisturbance();
    await hostapd.start();
    await up;
    await hostapdRadio.converge(wanted('grt_1'));
  });

  test('waits for a hostapd that starts later', async () => {
    const hostapdRadio = radio.open(hostapd);
    await expect(hostapdRadio.converge(wanted('grt_1'))).rejects.toMatchObject({ code: 'radio_unreachable', message: expect.stringContaining('lo') });
    const up = radio.nextDisturbance();
    await hostapd.start();
    await up;
    await hostapdRadio.converge(wanted('grt_1'));
  });

  test('is told if the file cannot be written, and keeps the one that is there', async () => {
    await hostapd.start();
    const hostapdRadio = await opened();
    await hostapdRadio.converge(wanted('grt_1'));
    const text = readFileSync(hostapd.pskFile, 'utf8');
    mkdirSync(`${hostapd.pskFile}.new`);
    await expect(hostapdRadio.converge(wanted('grt_1', 'grt_2'))).rejects.toMatchObject({ code: 'storage_read_only' });
    expect(readFileSync(hostapd.pskFile, 'utf8')).toBe(text);
    rmSync(`${hostapd.pskFile}.new`, { recursive: true });
    await hostapdRadio.converge(wanted('grt_1', 'grt_2'));
    expect(readFileSync(hostapd.pskFile, 'utf8')).toContain('keyid=grt_2');
  });

  test('a reload that hostapd refuses is an error, and is asked for again', async () => {
    await hostapd.start();
    const hostapdRadio = await opened();
    await hostapdRadio.converge(wanted('grt_1'));
    // Whatever puts a file there that hostapd does not read, between our writing and its reading: here hostapd looks elsewhere.
    const elsewhere = join(hostapd.folder, 'elsewhere');
    renameSync(hostapd.pskFile, elsewhere);
    await run('hostapd_cli', ['-p', hostapd.controlDirectory, '-i', 'lo', 'raw', 'SET', 'wpa_psk_file', join(hostapd.folder, 'missing')]);
    await expect(hostapdRadio.converge(wanted('grt_1'))).rejects.toMatchObject({ code: 'radio_unreachable', message: expect.stringContaining('FAIL') });
    await run('hostapd_cli', ['-p', hostapd.controlDirectory, '-i', 'lo', 'raw', 'SET', 'wpa_psk_file', hostapd.pskFile]);
    await hostapdRadio.converge(wanted('grt_1'));
  });

  test('the stations of a restricted grant are kept to the agent, also if the firewall was loaded anew', async () => {
    await hostapd.start();
    const hostapdRadio = await opened();
    const restricted: GrantOnAir = { ...wanted('grt_1')[0]!, restricted: true, mac: '02:00:00:00:01:00' };
    expect(await hostapdRadio.converge([restricted, ...wanted('grt_2')])).toBeUndefined();
    expect([...firewall.macs]).toEqual(['02:00:00:00:01:00']);
    const { writes } = firewall;
    await hostapdRadio.converge([restricted]);
    expect(firewall.writes).toBe(writes);
    firewall.macs.clear();
    await hostapdRadio.converge([restricted]);
    expect([...firewall.macs]).toEqual(['02:00:00:00:01:00']);
    await hostapdRadio.converge(wanted('grt_1'));
    expect([...firewall.macs]).toEqual([]);
  });

  test('without a firewall a restricted grant is off the air, the others are on it, and it is said', async () => {
    await hostapd.start();
    const hostapdRadio = await opened();
    firewall.broken = true;
    expect(await hostapdRadio.converge([{ ...wanted('grt_1')[0]!, restricted: true }, ...wanted('grt_2')])).toEqual({
      detail: expect.stringMatching(/no firewall .*no such table/), hint: expect.stringContaining('--firewall'), offAir: new Set(['grt_1']),
    });
    const text = readFileSync(hostapd.pskFile, 'utf8');
    expect([text.includes('keyid=grt_1 '), text.includes('keyid=grt_2 ')]).toEqual([false, true]);
    expect(await hostapdRadio.converge(wanted('grt_1', 'grt_2'))).toBeUndefined();
  });

  test('without VLANs at hostapd a grant for one is off the air, the others are on it, and it is said', async () => {
    await hostapd[Symbol.asyncDispose]();
    hostapd = new HostapdForGrants(['WPA-PSK', 'SAE'], { vlans: false });
    await hostapd.start();
    const hostapdRadio = await opened();
    const mac = '02:00:00:00:01:00';
    const [other, inVlan] = wanted('grt_1', 'grt_vlan');
    expect(await hostapdRadio.converge([{ ...other!, mac }, inVlan!])).toEqual({
      detail: 'Grant grt_vlan for VLAN 4094 is off the air: hostapd’s configuration has no dynamic_vlan=1 in the section of lo.',
      hint: 'Write it there, and start hostapd and the agent anew.',
      offAir: new Set(['grt_vlan']),
    });
    for (const file of [hostapd.pskFile, hostapd.configuration]) {
      const text = readFileSync(file, 'utf8');
      expect([text.includes('grt_1'), text.includes('grt_vlan')]).toEqual([true, false]);
    }
    await expect(hostapdRadio.credential({ id: 'grt_vlan' })).rejects.toMatchObject({ code: 'grant_not_found' });
    expect(await hostapdRadio.converge([{ ...inVlan!, vlan: undefined }])).toBeUndefined();
  });

  test('a program that is no hostapd_cli, or is not there, is an unreachable radio', async () => {
    const hostapdRadio = radio.open(hostapd, { controlProgram: join(hostapd.folder, 'nothing') });
    await expect(hostapdRadio.converge([])).rejects.toMatchObject({ code: 'radio_unreachable' });
    await hostapdRadio.close();
    const silent = join(hostapd.folder, 'silent');
    writeFileSync(silent, '#!/bin/sh\nexec cat >/dev/null\n');
    chmodSync(silent, 0o700);
    await expect(radio.open(hostapd, { controlProgram: silent }).converge([])).rejects.toMatchObject({ code: 'radio_unreachable' });
  });

  test('with one password for all it says who is on, and hands that password out', async () => {
    await hostapd.start();
    const credential = { ssid: 'Home', password: 'correct horse', security: 'wpa2-psk' } as const;
    const shared = new SharedPasswordRadio({ credential, bsses: servingBsses('Home', readConfiguration(readFileSync(hostapd.configuration, 'utf8'), hostapd.configuration)) });
    await new Promise<void>((resolve) => shared.watch(() => resolve()));
    expect(await shared.converge(wanted('grt_1'))).toBeUndefined();
    expect(await shared.converge(wanted('grt_1', 'grt_vlan'))).toEqual({ detail: expect.stringContaining('grt_vlan'), hint: expect.stringContaining('--shared-password'), offAir: new Set(['grt_vlan']) });
    expect(await shared.stations()).toEqual([]);
    expect(await shared.credential()).toEqual(credential);
    expect(readFileSync(hostapd.pskFile, 'utf8')).toBe('');
    await shared.close();
  });
});
