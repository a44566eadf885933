import type { PJSON } from '@oclif/core/interfaces';
import { LatchkeyError } from '../domain/errors.ts';
import { reportFailure, wantsJson } from './base-command.ts';

interface MainOptions {
  /** The folder of package.json. */
  readonly root: string;
  /** Instead of what package.json says, for running from the sources. */
  readonly pjson?: PJSON;
  readonly argv?: readonly string[];
}

/** Runs one command line to its end and ends the process: nothing that was left open keeps it alive. */
export async function main({ root, pjson, argv = process.argv.slice(2) }: MainOptions): Promise<never> {
  const json = wantsJson(argv);
  const fail = async (thrown: unknown) => {
    process.exitCode = await reportFailure(thrown, json);
    process.exit();
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  // Whoever reads our output may have enough of it; each write says so to whom it matters.
  process.stdout.on('error', ignoreClosedPipe);
  process.stderr.on('error', ignoreClosedPipe);
  try {
    const { run } = await import('@oclif/core/run');
    await run([...argv], { root, userPlugins: false, ...(pjson === undefined ? {} : { pjson, ignoreManifest: true }) });
  } catch (thrown) {
    process.exitCode = await reportFailure(await unknownCommand(thrown, argv), json);
  }
  await Promise.all([process.stdout, process.stderr].map(drained));
  process.exit();
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') {
    throw error;
  }
}

/** Commands report their own failures; what arrives here is that there is no such command. */
async function unknownCommand(thrown: unknown, argv: readonly string[]): Promise<unknown> {
  const { CLIError, ModuleLoadError } = await import('@oclif/core/errors');
  if (!(thrown instanceof CLIError) || thrown instanceof ModuleLoadError) {
    return thrown;
  }
  const flag = argv.findIndex((word) => word.startsWith('-'));
  const words = (flag < 0 ? argv : argv.slice(0, flag)).join(' ');
  return new LatchkeyError('invalid_input', `"${words}" is not a command.`, {
    hint: 'See `latchkey --help`.',
    cause: thrown,
  });
}

async function drained(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength > 0 && !stream.destroyed) {
    await new Promise<void>((resolve) => stream.write('', () => resolve()));
  }
}
