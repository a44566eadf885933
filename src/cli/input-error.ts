import { LatchkeyError } from '../domain/errors.ts';

/** A flag's or argument's value that is not valid; names it, for the domain's parsers do not know where it came from. */
export class InputError extends LatchkeyError {
  constructor(name: string, cause: LatchkeyError) {
    const message = `${name}: ${cause.message}`;
    super(cause.code, message, { hint: cause.hint, cause });
    // oclif assigns a text of its own to the message of whatever a flag's parser throws.
    Object.defineProperty(this, 'message', { get: () => message, set: () => {} });
  }
}

type OclifParser<T> = (text: string, context: unknown, definition: { readonly name: string }) => Promise<T>;

/** A parser of the domain for a flag: text in, domain value out, the flag's name in the error. */
export function flagValue<T>(parse: (text: string) => T): OclifParser<T> {
  return async (text, _context, { name }) => attempt(parse, text, `--${name}`);
}

/** The same for an argument. */
export function argValue<T>(parse: (text: string) => T): OclifParser<T> {
  return async (text, _context, { name }) => attempt(parse, text, name.toUpperCase());
}

function attempt<T>(parse: (text: string) => T, text: string, name: string): T {
  try {
    return parse(text);
  } catch (error) {
    throw error instanceof LatchkeyError ? new InputError(name, error) : error;
  }
}
