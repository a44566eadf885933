import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { buildPackages, buildReferenceDevice, sanitizers } from '../device/build-reference-device.ts';
import { runDevice } from '../device/run-device.ts';
import { LongRunning, makeHome, run, type Home } from '../program.ts';
import { requires } from '../requirements.ts';

requires(...buildPackages)('the reference device in C at a real access point', () => {
  let folder: string;
  let program: string;
  let home: Home;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'latchkey-device-'));
    [program, home] = await Promise.all([buildReferenceDevice(folder, sanitizers), makeHome()]);
    await writeFile(path.join(home.folder, 'wifi'), 'correct horse 9!\n', { mode: 0o600 });
  }, 60_000);
  afterAll(async () => {
    await home.remove();
    await rm(folder, { recursive: true, force: true });
  });

  async function serve(...flags: string[]): Promise<string> {
    const agent = await LongRunning.start(
      // prettier-ignore
      ['ap', 'serve', '--onboarding-ssid', 'setup', '--ssid', 'Home', '--password-file', path.join(home.folder, 'wifi'),
       '--listen', '127.0.0.1', '--port', '0', '--secure-port', '0', ...flags],
      home.env,
    );
    onTestFinished(() => agent.end());
    return String((agent.ready['status'] as Record<string, unknown>)['hello_port']);
  }

  async function register(...flags: string[]): Promise<{ uuid: string; pass_tmp: string }> {
    const { stdout } = await run(['device', 'register', '--ssid', 'setup', '--json', ...flags], home.env);
    return JSON.parse(stdout) as { uuid: string; pass_tmp: string };
  }

  test('is let in by its owner, who compares the code that it shows', { timeout: 30_000 }, async () => {
    const port = await serve();
    const { uuid, pass_tmp: passTmp } = await register();
    const device = runDevice(program, ['-c', '-p', port, '127.0.0.1', uuid, 'setup'], passTmp);
    const pending = async () => {
      const { stdout } = await run(['ap', 'requests', '--json'], home.env);
      return (JSON.parse(stdout) as { items: { request_id: string; match_code: string }[] }).items;
    };
    await expect.poll(pending, { timeout: 20_000 }).toHaveLength(1);
    const [{ request_id: id, match_code: code }] = (await pending()) as [{ request_id: string; match_code: string }];
    const approved = await run(['ap', 'approve', id], home.env);
    expect(approved.exit, approved.stderr).toBe(0);

    const { exit, stdout, stderr } = await device;
    expect(exit, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ssid: 'Home', password: 'correct horse 9!', security: 'wpa2-psk' });
    expect(stderr).toContain(code);
  });

  test('is refused with another pass_tmp, and its owner is never asked', { timeout: 30_000 }, async () => {
    const port = await serve('--auto-approve', 'model=lamp');
    const { uuid } = await register('--model', 'lamp');
    const { exit, stdout } = await runDevice(program, ['-p', port, '127.0.0.1', uuid, 'setup'], 'another-pass-tmp-entirely');
    expect([exit, stdout]).toEqual([4, '']);
    const requests = await run(['ap', 'requests', '--all', '--json'], home.env);
    expect((JSON.parse(requests.stdout) as { items: { uuid: string }[] }).items.filter((request) => request.uuid === uuid)).toEqual([]);
  });
});
