import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { CommandLine, jsonWith } from '../cli/command-line.ts';
import { password, serveArgs } from '../cli/site.ts';
import { program } from '../program.ts';
import { requires } from '../requirements.ts';
import { wpaKey } from '../../src/protocol/wpa-key.ts';
import { StandInPrograms } from './stand-in-programs.ts';

let cli: CommandLine;
let ap: string;
let programs: StandInPrograms;

beforeAll(async () => {
  cli = await CommandLine.make();
  await cli.json(['secret', 'set', 'ap/password', '--value-file', '-'], { input: password });
  const agent = cli.start([...serveArgs.slice(0, -2), '--auto-approve', 'model=lamp', '--json']);
  const { status } = (await agent.line(jsonWith('event', 'listening'))) as { status: { hello_port: number } };
  ap = `127.0.0.1:${status.hello_port}`;
});
afterAll(() => cli.close());

beforeEach(() => {
  programs = new StandInPrograms();
  // Nothing here may touch this machine's own.
  programs.simple('ip');
  programs.simple('dhcpcd');
});
afterEach(() => programs.close());

async function device(): Promise<{ uuid: string; args: string[]; input: string }> {
  const { uuid, pass_tmp: input } = await cli.json(['device', 'register', '--ssid', 'iot-setup', '--model', 'lamp']);
  return { uuid, input, args: ['device', 'join', '--uuid', uuid, '--ssid', 'iot-setup', '--ap', ap, '--pass-tmp-file', '-', '--yes', '--json'] };
}

const applying = ['--apply', 'wpa_supplicant', '--interface', 'lo'];

async function actions(uuid: string): Promise<string[]> {
  const { items } = await cli.json<{ items: { action: string }[] }>(['device', 'history', uuid]);
  return items.map(({ action }) => action);
}

requires('strace')('a device that joins by itself', () => {
  test('says where it is, reports it, and gives no program a secret by its arguments or environment', async () => {
    programs.wpaCli('joins', { keeps: false });
    const { args, input, uuid } = await device();
    const trace = join(cli.folder, 'trace');
    const options = ['-f', '-qq', '-e', 'trace=execve,execveat', '-e', 'signal=none', '-v', '-s', '65536', '-o', trace];
    const env = { ...cli.env, PATH: programs.path };
    const child = spawn('strace', [...options, process.execPath, program, ...args, ...applying], { env, stdio: 'pipe' });
    child.stdin.end(input);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code] = await once(child, 'close');
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('update_config=1') });
    expect(JSON.parse(stdout)).toMatchObject({ uuid, ssid: 'Home', interface: 'lo', address: '127.0.0.1', kept: false });
    expect(programs.told('wpa_cli')).toContain(`SET_NETWORK 3 psk ${wpaKey(password, 'Home')}`);
    await expect.poll(() => actions(uuid), { timeout: 10_000 }).toContain('request.joined');

    const started = readFileSync(trace, 'utf8');
    expect(started).toContain('dhcpcd');
    for (const secret of [password, wpaKey(password, 'Home'), input]) {
      expect(started.includes(secret)).toBe(false);
    }
  });
});

test('where the password is not taken it is not reported as joined, and the exit code is 4', async () => {
  programs.wpaCli('wrong-key');
  const { args, input, uuid } = await device();
  const { code, stdout, stderr } = await cli.run([...args, ...applying], { input, env: { PATH: programs.path } });
  expect({ code, stdout, error: JSON.parse(stderr) }).toMatchObject({ code: 4, stdout: '', error: { code: 'wifi_wrong_password' } });
  expect(programs.told('wpa_cli')).toEqual(expect.arrayContaining(['REMOVE_NETWORK 3', 'SELECT_NETWORK 0']));
  expect(await actions(uuid)).not.toContain('request.joined');
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s in the middle: it goes back', async (signal) => {
  programs.wpaCli('silence');
  const { args, input } = await device();
  const joining = cli.start([...args, ...applying], { input, env: { PATH: programs.path } });
  await expect.poll(() => programs.told('wpa_cli'), { timeout: 10_000 }).toContain('SELECT_NETWORK 3');
  joining.kill(signal);
  expect((await joining.ended).code).toBe(130);
  expect(programs.told('wpa_cli')).toEqual(expect.arrayContaining(['REMOVE_NETWORK 3', 'SELECT_NETWORK 0']));
});

test('out of time it goes back, too', async () => {
  programs.wpaCli('silence');
  const { args, input } = await device();
  const { code, stderr } = await cli.run([...args, ...applying, '--timeout', '3s'], { input, env: { PATH: programs.path } });
  expect({ code, error: JSON.parse(stderr) }).toMatchObject({ code: 8, error: { code: 'timed_out' } });
  expect(programs.told('wpa_cli')).toEqual(expect.arrayContaining(['REMOVE_NETWORK 3', 'SELECT_NETWORK 0']));
});

test('what cannot join is said before anybody is asked', async () => {
  const { args, input, uuid } = await device();
  const failure = async (flags: string[]) => {
    const { code, stderr } = await cli.run([...args, ...flags], { input, env: { PATH: programs.path } });
    return { code, error: JSON.parse(stderr) as { code: string; message: string } };
  };
  expect(await failure(['--apply', 'wpa_supplicant'])).toMatchObject({ code: 2, error: { code: 'missing_input', message: expect.stringContaining('--interface') } });
  expect(await failure(['--interface', 'wlan0'])).toMatchObject({ code: 2, error: { message: expect.stringContaining('--apply') } });
  expect(await failure([...applying, '--format', 'wpa_supplicant'])).toMatchObject({ code: 2, error: { code: 'invalid_input' } });
  programs.simple('wpa_cli', 1);
  expect(await failure(applying)).toMatchObject({ code: 6, error: { code: 'wifi_unavailable' } });
  expect(await actions(uuid)).not.toContain('request.created');
});
