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
  // A reader may have enough, a disk be full; each write says so to whom it matters.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  const plugins = pjson === undefined ? builtCommands(root) : undefined;
  try {
    const { run } = await import('@oclif/core/run');
    await run([...argv], { root, ...(plugins === undefined ? { pjson, ignoreManifest: true, userPlugins: false } : { plugins }) });
  } catch (thrown) {
    const { failureToStart } = await import('./report-failure.ts');
    const known = [...(plugins?.values() ?? [])].flatMap(({ commandIDs }) => commandIDs);
    await fail(failureToStart(thrown, argv, known));
  }
  await Promise.all([process.stdout, process.stderr].map(drained));
  process.exit();
}

async function drained(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength > 0 && !stream.destroyed) {
    await new Promise<void>((resolve) => stream.write('', () => resolve()));
  }
}
