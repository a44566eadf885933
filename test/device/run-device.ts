import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface DeviceRun {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A sanitizer's finding leaves with 99, which no run of the device does by itself. */
const sanitizerEnvironment = { ASAN_OPTIONS: 'exitcode=99', UBSAN_OPTIONS: 'exitcode=99:print_stacktrace=1' };

/** Runs the program to its end, pass_tmp on stdin. */
export async function runDevice(program: string, args: readonly string[], stdin = ''): Promise<DeviceRun> {
  const child = spawn(program, args, { env: sanitizerEnvironment });
  child.stdin.on('error', () => {}); // it may end without reading
  child.stdin.end(stdin);
  const [stdout, stderr, [exit]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { exit, stdout, stderr };
}
