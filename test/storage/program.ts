import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

function nodeArguments(name: string, arguments_: readonly string[]): string[] {
  return [fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url)), ...arguments_];
}

/** Runs one of this folder's programs to its end; resolves to the JSON that it prints. Throws if it fails. */
export async function runProgram(name: string, ...arguments_: readonly string[]): Promise<unknown> {
  return finish(spawn(process.execPath, nodeArguments(name, arguments_), { stdio: ['ignore', 'pipe', 'inherit'] }));
}

/** The same, in a mount namespace of its own in which `mount` was run before. */
export async function runProgramMounted(mount: string, name: string, ...arguments_: readonly string[]): Promise<unknown> {
  const script = `${mount} && exec "$0" "$@"`;
  return finish(spawn('unshare', [
    ...namespaces(), 'sh', '-c', script, process.execPath, ...nodeArguments(name, arguments_),
  ], { stdio: ['ignore', 'pipe', 'inherit'] }));
}

/** Root may mount; others in a user namespace of their own. */
export function namespaces(): string[] {
  return process.getuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount'];
}

async function finish(child: ChildProcess): Promise<unknown> {
  const [output, [status]] = await Promise.all([text(child.stdout!), once(child, 'exit')]);
  if (status !== 0) {
    throw new Error(`the program ended with ${String(status)}`);
  }
  return JSON.parse(output);
}

export interface RunningProgram {
  /** The next line that it prints. */
  line(): Promise<string>;
  kill(): Promise<void>;
  /** Ends its standard input; resolves when it is gone. */
  finish(): Promise<void>;
}

/** Starts a program that goes on until its standard input ends. */
export function startProgram(name: string, ...arguments_: readonly string[]): RunningProgram {
  const child = spawn(process.execPath, nodeArguments(name, arguments_), { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async line() {
      const { value, done } = await lines.next();
      if (done === true) {
        throw new Error('the program ended');
      }
      return value;
    },
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
    async finish() {
      child.stdin.end();
      await gone;
    },
  };
}
