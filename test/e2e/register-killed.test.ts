import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomInt } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { makeHome, program, run } from '../program.ts';

const kills = 20;

test(`\`device register\` killed ${kills} times: what it printed can be registered, or is`, { timeout: 120_000 }, async () => {
  const home = await makeHome();
  onTestFinished(() => home.remove());
  // How long one takes here, so that the kills fall into its work.
  const begun = performance.now();
  expect((await run(['device', 'register', '--ssid', 'setup', '--json'], home.env)).exit).toBe(0);
  const usualMs = performance.now() - begun;

  const printed: { uuid: string; pass_tmp: string }[] = [];
  for (let kill = 0; kill < kills; ) {
    const child = spawn(process.execPath, [program, 'device', 'register', '--ssid', 'setup', '--json'], {
      env: home.env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    // Half of them at the moment in question, between what is printed and what is committed after it.
    const atOutput = kill % 2 === 0;
    if (atOutput) {
      child.stdout.once('data', () => child.kill('SIGKILL'));
    } else {
      const timer = setTimeout(() => child.kill('SIGKILL'), randomInt(Math.ceil(usualMs)));
      child.once('exit', () => clearTimeout(timer));
    }
    const [, signal] = (await once(child, 'close')) as [number | null, string | null];
    kill += signal === 'SIGKILL' ? 1 : 0;
    if (text.endsWith('}\n')) {
      printed.push(JSON.parse(text) as { uuid: string; pass_tmp: string });
    }
  }

  expect(printed.length).toBeGreaterThan(0);
  for (const { uuid, pass_tmp: passTmp } of printed) {
    const again = await run(['device', 'register', '--ssid', 'setup', '--uuid', uuid, '--pass-tmp-file', '-', '--json'], home.env, passTmp);
    expect(again.exit, again.stderr).toBe(0);
    const shown = await run(['device', 'show', uuid, '--json'], home.env);
    expect((JSON.parse(shown.stdout) as { state: string }).state).toBe('registered');
  }
});
