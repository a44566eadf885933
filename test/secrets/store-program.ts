import { createInterface } from 'node:readline';
import { isErrorCode } from '../../src/domain/errors.ts';
import { openSecretStore } from '../../src/secrets/open-secret-store.ts';

/**
 * A secret store in a process of its own, since libsecret reads the process's environment: each line of stdin is
 * [method, ...arguments] as JSON, each line of stdout its result. Argument: the data folder.
 */
const [data = '', mayPrompt] = process.argv.slice(2);
const store = await openSecretStore(process.env, { data }, { mayPrompt: mayPrompt === 'may-prompt' });

for await (const line of createInterface({ input: process.stdin })) {
  const [method, name = '', value = ''] = JSON.parse(line) as [string, string?, string?];
  const startedAt = performance.now();
  const answer = await run(method, name, value).then(
    (result) => ({ result }),
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && isErrorCode(error.code)) {
        return { error: { code: error.code, message: error.message, hint: 'hint' in error ? error.hint : undefined } };
      }
      throw error;
    },
  );
  process.stdout.write(`${JSON.stringify({ ...answer, ms: performance.now() - startedAt })}\n`);
}

async function run(method: string, name: string, value: string): Promise<unknown> {
  switch (method) {
    case 'get':
      return store.get(name);
    case 'set':
      return store.set(name, value);
    case 'delete':
      return store.delete(name);
    default:
      return store.names();
  }
}
