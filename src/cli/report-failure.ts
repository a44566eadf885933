import { CLIError, ModuleLoadError } from '@oclif/core/errors';
import { LatchkeyError } from '../domain/errors.ts';
import { shownJson } from '../domain/shown-text.ts';
import { failureJson, toLatchkeyError } from './failure.ts';
import { OutputClosed, write } from './output.ts';
import { presentError } from './present/message.ts';
import { screenOf } from './present/screen.ts';

/** Whether the arguments ask for JSON: `--json` before any `--`. */
export function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json');
}

/** Tells of a failure on stderr and returns its exit code; never fails itself. */
export async function reportFailure(thrown: unknown, json: boolean): Promise<number> {
  const error = toLatchkeyError(thrown);
  if (error instanceof OutputClosed) {
    return error.exit;
  }
  const text = json ? shownJson(failureJson(error)) : presentError(error, await screenOf(process.stderr));
  const trace = error.code === 'internal' && process.env['LATCHKEY_LOG'] === 'debug' ? `\n${traceOf(error)}` : '';
  // Where stderr takes nothing, the exit code is all that is left to say.
  await write(process.stderr, `${text}${trace}\n`).catch(() => {});
  return error.exit;
}

function traceOf(error: LatchkeyError): string {
  return error.cause instanceof Error ? String(error.cause.stack) : String(error.stack);
}

/** Why no command was run at all: commands report their own failures, so what is left is that there is no such one. */
export function failureToStart(thrown: unknown, argv: readonly string[], commands: readonly string[] = []): unknown {
  if (!(thrown instanceof CLIError) || thrown instanceof ModuleLoadError) {
    return thrown;
  }
  const flag = argv.findIndex((word) => word.startsWith('-'));
  const words = flag < 0 ? argv : argv.slice(0, flag);
  if (words.length === 0) {
    return new LatchkeyError('invalid_input', `There is no command before ${argv[0]}.`, { hint: 'See `latchkey --help`.', cause: thrown });
  }
  // A word behind a command that takes none makes a name that nothing has.
  const extra = words.findIndex((_, index) => commands.includes(words.slice(0, index).join(':')));
  return extra < 0
    ? new LatchkeyError('invalid_input', `"${words.join(' ')}" is not a command.`, { hint: 'See `latchkey --help`.', cause: thrown })
    : new LatchkeyError('invalid_input', `Unexpected argument: ${words[extra]}`, { hint: 'See the same command with --help.', cause: thrown });
}
