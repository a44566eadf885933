import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { isErrorCode, LatchkeyError } from '../../src/domain/errors.ts';
import type { SecretStore } from '../../src/roles/secret-store.ts';

export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

export interface StoreProcess extends SecretStore {
  /** Milliseconds that the last call took inside the process. */
  readonly lastMs: number;
  /** Lets the process end; resolves to its exit status. */
  end(): Promise<number | null>;
  /** Ends it as a crash does; what it was asked for and has not answered rejects. */
  kill(): Promise<void>;
}

interface Options {
  /** The process's whole environment, but for PATH. */
  readonly env: Readonly<Record<string, string>>;
  readonly data: string;
  readonly mayPrompt?: boolean;
  /** The root of the project whose program it is, this one by default. */
  readonly root?: string;
}

/** A secret store in a process of its own, behind the same interface; see store-program.ts. */
export function startStore({ env, data, mayPrompt = false, root = projectRoot }: Options): StoreProcess {
  const program = join(root, 'test/secrets/store-program.ts');
  const child = spawn(process.execPath, [program, data, ...(mayPrompt ? ['may-prompt'] : [])], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'close');
  // Writing to a process that was killed fails; that it gives no answer says enough.
  child.stdin.on('error', () => undefined);
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let lastMs = Number.NaN;

  async function call(...request: string[]): Promise<unknown> {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const line = await answers.next();
    if (line.done === true) {
      throw new Error('the store’s process ended without an answer');
    }
    const { result, error, ms } = JSON.parse(line.value);
    lastMs = ms;
    if (isErrorCode(error?.code)) {
      throw new LatchkeyError(error.code, error.message, { hint: error.hint });
    }
    return result;
  }

  return {
    kind: 'keychain',
    get: async (name) => (await call('get', name)) as string | undefined,
    set: async (name, value) => void (await call('set', name, value)),
    delete: async (name) => (await call('delete', name)) as boolean,
    names: async () => (await call('names')) as string[],
    get lastMs() {
      return lastMs;
    },
    async end() {
      child.stdin.end();
      const [status] = await exited;
      return status;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
