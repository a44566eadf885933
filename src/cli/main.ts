import type { PJSON } from '@oclif/core/interfaces';
import { builtCommands } from './built-commands.ts';

interface MainOptions {
  /** The folder of package.json. */
  readonly root: string;
  /** Instead of the build, which is used else: says where the sources of the commands are. */
  readonly pjson?: PJSON;
  readonly argv?: readonly string[];
}

/**
 * Runs one command line to its end and ends the process: nothing that was left open keeps it alive. Imports nothing
 * that `--version` and `--help` do not need.
 */
export async function main({ root, pjson, argv = process.argv.slice(2) }: MainOptions): Promise<never> {
  const fail = async (thrown: unknown) => {
    const { reportFailure, wantsJson } = await import('./report-failure.ts');
    process.exitCode = await reportFailure(thrown, wantsJson(argv));
    process.exit();
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  // A command that waits for what nothing will ever bring would else end the process as if all had gone well.
  process.on('beforeExit', () => fail(new Error('the command came to no end, and nothing was left that could end it')));
  // Whoever reads our output may have enough of it; each write says so to whom it matters.
  process.stdout.on('error', ignoreClosedPipe);
  process.stderr.on('error', ignoreClosedPipe);
  try {
    const { run } = await import('@oclif/core/run');
    const commands = pjson === undefined ? { plugins: builtCommands(root) } : { pjson, ignoreManifest: true, userPlugins: false };
    await run([...argv], { root, ...commands });
  } catch (thrown) {
    const { failureToStart } = await import('./report-failure.ts');
    await fail(failureToStart(thrown, argv));
  }
  await Promise.all([process.stdout, process.stderr].map(drained));
  process.exit();
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') {
    throw error;
  }
}

async function drained(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength > 0 && !stream.destroyed) {
    await new Promise<void>((resolve) => stream.write('', () => resolve()));
  }
}
