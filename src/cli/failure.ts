import { LatchkeyError } from '../domain/errors.ts';

/** What goes to stderr under `--json`, as one object on one line. */
export interface FailureJson {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly exit: number;
  readonly retry_after?: number;
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
}

/** Whatever was thrown, as the error that the contract knows; what nobody foresaw is `internal`. */
export function toLatchkeyError(thrown: unknown): LatchkeyError {
  if (thrown instanceof LatchkeyError) {
    return thrown;
  }
  if (isUsageError(thrown)) {
    return usageError(thrown);
  }
  return new LatchkeyError('internal', thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown), {
    cause: thrown,
  });
}

export function failureJson(error: LatchkeyError): FailureJson {
  return {
    code: error.code,
    message: error.message,
    hint: error.hint,
    exit: error.exit,
    ...(error.retryAfter === undefined ? {} : { retry_after: error.retryAfter }),
    ...(error.problems.length === 0 ? {} : { errors: error.problems }),
  };
}

/** What oclif's parser throws: a CLIError, with the parser's state where it knows that much. */
interface UsageError extends Error {
  readonly oclif: { readonly exit?: number };
  readonly args?: readonly { readonly name: string; readonly required?: boolean }[] | readonly string[];
  readonly parse?: {
    readonly input?: { readonly flags: Record<string, { readonly required?: boolean }> };
    readonly output?: { readonly flags: Record<string, unknown> };
  };
}

function isUsageError(thrown: unknown): thrown is UsageError {
  return thrown instanceof Error && 'oclif' in thrown && typeof thrown.oclif === 'object';
}

function usageError(error: UsageError): LatchkeyError {
  const hint = 'See the same command with --help.';
  const missing = [...missingArgs(error), ...missingFlags(error)];
  if (missing.length > 0) {
    return new LatchkeyError('missing_input', `${list(missing)} ${missing.length === 1 ? 'is' : 'are'} missing.`, {
      hint,
      cause: error,
    });
  }
  const message = error.message
    .replace(/\s*See more help with --help$/, '')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/^The following errors? occurred:\s*/, '')
    // oclif shows a flag's parsed value.
    .replace(/^(--[\w-]+)=.* (cannot also be provided when using --[\w-]+)$/, '$1 $2');
  return new LatchkeyError('invalid_input', message, { hint, cause: error });
}

function missingArgs({ args }: UsageError): string[] {
  return (args ?? []).flatMap((arg) => (typeof arg === 'object' && arg.required === true ? [arg.name.toUpperCase()] : []));
}

function missingFlags({ parse }: UsageError): string[] {
  const given = parse?.output?.flags ?? {};
  return Object.entries(parse?.input?.flags ?? {})
    .filter(([name, flag]) => flag.required === true && given[name] === undefined)
    .map(([name]) => `--${name}`);
}

function list(names: readonly string[]): string {
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
