import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CommandLine, jsonWith, type Running } from './command-line.ts';
import { password, serveArgs } from './site.ts';

let cli: CommandLine;
beforeEach(async () => (cli = await CommandLine.make()));
afterEach(() => cli.close());

async function serve(args: readonly string[], env: Record<string, string> = {}): Promise<{ agent: Running; address: string }> {
  const agent = cli.start([...serveArgs, ...args, '--json'], { input: password, env });
  const { status } = (await agent.line(jsonWith('event', 'listening'))) as { status: { hello_port: number } };
  return { agent, address: `127.0.0.1:${status.hello_port}` };
}

async function device(address: string, ...more: string[]): Promise<{ args: string[]; input: string }> {
  const { uuid, pass_tmp: input } = await cli.json(['device', 'register', '--ssid', 'iot-setup', '--label', 'Lamp']);
  return { input, args: ['device', 'join', '--uuid', uuid, '--ssid', 'iot-setup', '--ap', address, '--pass-tmp-file', '-', ...more] };
}

function decided(agent: Running, status: string): Promise<Record<string, any>> {
  return agent.line((line) => {
    const { event, request } = JSON.parse(line) as Record<string, any>;
    return event === 'request' && request.status === status ? (request as Record<string, any>) : undefined;
  });
}

/** A program of the owner's: keeps its question, environment and arguments, then does `then`. */
function asker(then: string): string {
  const path = join(cli.folder, 'ask');
  writeFileSync(path, `#!/bin/sh\ncat > asked.json\nenv > asked.env\necho $$ > asked.pid\n${then}\n`, { mode: 0o700 });
  return `exec:'${path}' "two words"`;
}

const kept = (name: string) => join(cli.folder, name);

/** The process that is or was asked. */
async function asked(): Promise<number> {
  await expect.poll(() => existsSync(kept('asked.pid')) && readFileSync(kept('asked.pid'), 'utf8')).toMatch(/\d\n/);
  return Number(readFileSync(kept('asked.pid'), 'utf8'));
}

test('a program is asked in the owner’s place, without our variables, in text that steers no screen', async () => {
  const { address } = await serve(['--prompt', asker('exit 0')]);
  const { args, input } = await device(address, '--yes', '--label', '\u202eLamp\u009b31m" Model: lamp');
  expect(await cli.json(args, { input })).toMatchObject({ password });
  const { title, lines } = JSON.parse(readFileSync(kept('asked.json'), 'utf8')) as { title: string; lines: string[] };
  expect(title).toBe('Let this device in?');
  expect(lines).toEqual(expect.arrayContaining(['Label: Lamp', 'It calls itself: "\\u202eLamp\\x9b31m\\" Model: lamp"']));
  expect(readFileSync(kept('asked.env'), 'utf8')).not.toMatch(/LATCHKEY_/);
  expect(lines.join()).not.toContain(input);
});

test('its exit code 1 is a no', async () => {
  const { address } = await serve(['--prompt', asker('exit 1')]);
  const { args, input } = await device(address, '--yes');
  expect((await cli.run(args, { input })).code).toBe(4);
});

test('any other leaves the question open', async () => {
  const { agent, address } = await serve(['--prompt', asker('exit 7')]);
  const { args, input } = await device(address, '--yes');
  const joining = cli.start(args, { input });
  const { request_id: id } = await decided(agent, 'pending');
  await asked();
  expect((await cli.json(['ap', 'requests'])).items).toMatchObject([{ request_id: id, status: 'pending' }]);
  await cli.json(['ap', 'approve', id]);
  expect((await joining.ended).code).toBe(0);
});

test('a program that is still asked when the owner decides elsewhere is ended', async () => {
  const { agent, address } = await serve(['--prompt', asker('exec sleep 600')]);
  const { args, input } = await device(address, '--yes');
  const joining = cli.start(args, { input });
  const { request_id: id } = await decided(agent, 'pending');
  const pid = await asked();
  await cli.json(['ap', 'approve', id]);
  expect((await joining.ended).code).toBe(0);
  await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
});

test('a program that cannot be started leaves the question open, and the log says so', async () => {
  const { agent, address } = await serve(['--prompt', 'exec:/nowhere/ask']);
  const { args, input } = await device(address, '--yes');
  const joining = cli.start(args, { input });
  const { request_id: id } = await decided(agent, 'pending');
  await expect.poll(agent.errors).toContain('file_not_found: The program /nowhere/ask cannot be started.');
  await cli.json(['ap', 'approve', id]);
  expect((await joining.ended).code).toBe(0);
});

/** The files of sysfs that an LED has, as plain files. */
class Led {
  readonly env: Record<string, string>;
  readonly #folder: string;

  constructor(state: { trigger: string; brightness: string }) {
    const leds = kept('leds');
    this.env = { LATCHKEY_LED_FOLDER: leds };
    this.#folder = join(leds, 'green:wps');
    mkdirSync(this.#folder, { recursive: true });
    for (const [name, text] of Object.entries(state)) {
      writeFileSync(join(this.#folder, name), `${text}\n`);
    }
  }

  read(attribute: string): string | undefined {
    const file = join(this.#folder, attribute);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  }

  get blinks(): boolean {
    return this.read('trigger') === 'timer' && this.read('delay_on') === '200' && this.read('delay_off') === '200';
  }
}

test('an LED blinks while the owner’s question is open, and is then as before', async () => {
  const led = new Led({ trigger: 'none timer [heartbeat]', brightness: '1' });
  const { agent, address } = await serve(['--prompt', 'led:green:wps'], led.env);
  const { args, input } = await device(address, '--yes');
  const joining = cli.start(args, { input });
  const { request_id: id } = await decided(agent, 'pending');
  await expect.poll(() => led.blinks).toBe(true);
  await cli.json(['ap', 'approve', id]);
  expect((await joining.ended).code).toBe(0);
  await expect.poll(() => led.read('trigger')).toBe('heartbeat');
  expect(led.read('brightness')).toBe('1\n');
});

test('an LED that was on by hand is on again when the agent ends amid a question', async () => {
  const led = new Led({ trigger: '[none] timer heartbeat', brightness: '255' });
  const { agent, address } = await serve(['--prompt', 'led:green:wps'], led.env);
  const { args, input } = await device(address, '--yes');
  const joining = cli.start(args, { input });
  await expect.poll(() => led.blinks).toBe(true);
  agent.kill('SIGTERM');
  await agent.ended;
  expect([led.read('trigger'), led.read('brightness')]).toEqual(['none', '255']);
  joining.kill('SIGTERM');
  await joining.ended;
});

test('at the device an LED says that its user is asked, and is as before when nobody answered', async () => {
  const led = new Led({ trigger: '[none] timer', brightness: '0' });
  const { address } = await serve(['--prompt', asker('exit 0')]);
  const { args, input } = await device(address, '--prompt', 'led:green:wps');
  const joining = cli.start(args, { input, env: led.env });
  await expect.poll(() => led.blinks, { timeout: 10_000 }).toBe(true);
  joining.kill('SIGTERM');
  const { code, stdout } = await joining.ended;
  expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
  expect([led.read('trigger'), led.read('brightness')]).toEqual(['none', '0']);
});

test.each([
  ['led:red', 3, 'file_not_found'],
  ['led:../leds/green:wps', 2, 'invalid_input'],
  ['led:', 2, 'invalid_input'],
  ['exec:', 2, 'invalid_input'],
  ['screen', 2, 'invalid_input'],
])('the prompt %s is refused before anything is asked', async (prompt, code, error) => {
  const led = new Led({ trigger: '[none]', brightness: '0' });
  for (const args of [[...serveArgs, '--json'], ['device', 'join', '--uuid', '9f1c7a52-6f0b-4f43-9d0e-1d2f8a0b1c2d', '--ssid', 'iot-setup', '--ap', '127.0.0.1:1', '--pass-tmp-file', '-', '--json']]) {
    const refused = await cli.run([...args, '--prompt', prompt], { input: password, env: led.env });
    expect({ code: refused.code, error: JSON.parse(refused.stderr).code }).toEqual({ code, error });
  }
});
