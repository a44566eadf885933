import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { forgetRenamed, keepRenamed, startOf } from './renamed-file.ts';
import { setBack, type Renamed } from './set-back.ts';

/**
 * The process that sets a network's name back, whatever becomes of the command that renamed it: when that asks for it, when
 * that ends, when the time is over, or when it is told to end itself. On its standard input comes what is renamed, as JSON
 * on a line; then "restore", or the end. It says "ready", then "restored" or "failed" and why. What it does is also in a
 * log in the folder.
 */
export interface GuardOrder {
  readonly folder: string;
  readonly renamed: Renamed;
}

type Reason = 'asked' | 'command-ended' | 'time-over' | 'told-to-end';

/** A try takes so long at most; and so long it is tried, for hostapd may be stopped for a while. */
const [tryMs, againMs, triesMs] = [15_000, 1000, 600_000];

const input = createInterface(process.stdin);
const lines = input[Symbol.asyncIterator]();
// Nobody may be there to hear.
process.stdout.on('error', () => {});
void main();

async function main(): Promise<void> {
  const order = await lines.next();
  if (order.done !== true) {
    await guard(JSON.parse(order.value) as GuardOrder);
  }
  process.exit();
}

async function guard({ folder, renamed }: GuardOrder): Promise<void> {
  const log = (level: 'info' | 'error', msg: string, details = {}) => {
    const line = JSON.stringify({ time: new Date().toISOString(), level, msg, challenge: renamed.challengeId, ...details });
    whatever(() => appendFileSync(join(folder, 'renaming.log'), `${line}\n`, { mode: 0o600 }));
  };
  keepRenamed(folder, { ...renamed, guardian: { pid: process.pid, startedAt: startOf(process.pid)! } });
  log('info', 'A network may be renamed until it is set back.', { interfaces: renamed.bsses.map((bss) => bss.interface), until: new Date(renamed.until).toISOString() });
  const ending = over(renamed.until);
  say('ready');
  const reason = await ending;
  const until = performance.now() + triesMs;
  for (let told = ''; ; await pause(againMs)) {
    try {
      await setBack(renamed, AbortSignal.timeout(tryMs));
      if (reason !== 'asked') {
        // What the command had under way when it ended may have come behind.
        await pause(againMs);
        await setBack(renamed, AbortSignal.timeout(tryMs));
      }
      // Who sees that nothing is renamed any more finds in the log why.
      log('info', 'The network has its first name.', { reason });
      whatever(() => forgetRenamed(folder, renamed));
      say('restored');
      return;
    } catch (error) {
      const { message } = error as Error;
      if (message !== told) {
        told = message;
        log('error', 'The name could not be set back yet.', { reason, error: message });
      }
      if (performance.now() > until) {
        log('error', 'The name was not set back: it is tried again before the next renaming, and when the agent starts.', { reason, error: message });
        say(`failed ${message}`);
        return;
      }
    }
  }
}

function over(until: number): Promise<Reason> {
  return new Promise((resolve) => {
    const line = lines.next();
    line.then(({ done }) => resolve(done === true ? 'command-ended' : 'asked'), () => resolve('command-ended'));
    setTimeout(() => resolve('time-over'), Math.max(0, until - Date.now()));
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => resolve('told-to-end'));
    }
  });
}

/** A disk that is full keeps no name from being set back. */
function whatever(work: () => void): void {
  try {
    work();
  } catch {
    // What is left says nothing wrong: it is tried again.
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
