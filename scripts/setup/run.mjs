import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Runs a program whose output, all of it, goes to our stderr. Throws if it fails. */
export async function runQuietly(program, args, options = {}) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
  child.stdout.pipe(process.stderr, { end: false });
  const [code, signal] = await once(child, 'close');
  if (code !== 0) {
    throw new Error(`${[program, ...args].join(' ')} failed (${signal ?? `exit code ${code}`})`);
  }
}

/** Runs a program in our place: our stdin, stdout, stderr and signals are its own. Resolves with its exit code. */
export async function runInOurPlace(program, args, options = {}) {
  const child = spawn(program, args, { stdio: 'inherit', ...options });
  // From a terminal Ctrl-C reaches the whole process group, and a second one would mean "at once".
  const fromTerminal = process.stdin.isTTY === true;
  const pass = (signal) => (signal === 'SIGINT' && fromTerminal ? undefined : child.kill(signal));
  forwarded.forEach((signal) => process.on(signal, pass));
  const watch = whenNpmIsGone(() => child.kill());
  try {
    const [code, signal] = await once(child, 'close');
    return code ?? 128 + constants.signals[signal];
  } finally {
    clearInterval(watch);
    forwarded.forEach((signal) => process.off(signal, pass));
  }
}

/** npm passes a signal to the shell between it and us, which ends and does not pass it on: then we are left alone. */
function whenNpmIsGone(act) {
  const shell = process.ppid;
  const look = () => (process.ppid === shell ? undefined : act());
  return process.env.npm_lifecycle_event === undefined ? undefined : setInterval(look, 200).unref();
}
