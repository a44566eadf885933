import { custom, option } from '@oclif/core/args';
import { parseAccountName, parseAccountReference, parseCredit } from '../domain/account.ts';
import { isId, parseUuid } from '../domain/identifiers.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { parseAmount, type Amount } from '../domain/money.ts';
import { argValue } from './input-error.ts';

/**
 * Every argument comes from the command line alone: oclif would fill a missing one from piped stdin, which belongs
 * to `--…-file -`.
 */
const fromCommandLine = { ignoreStdin: true } as const;

export const textArg = custom<string>({ ...fromCommandLine });
export const uuidArg = custom<string>({ ...fromCommandLine, parse: argValue(parseUuid) });
export const idArg = custom<string>({ ...fromCommandLine, parse: argValue(parseIdArg) });

export const amountArg = custom<Amount>({ ...fromCommandLine, parse: argValue(parseAmount) });
/** An amount, or nothing. */
export const creditArg = custom<Amount>({ ...fromCommandLine, parse: argValue(parseCredit) });
/** An account by its id or name. */
export const accountArg = custom<string>({ ...fromCommandLine, parse: argValue(parseAccountReference) });
export const accountNameArg = custom<string>({ ...fromCommandLine, parse: argValue(parseAccountName) });

/** Of a showing, from 1. */
export const counterArg = custom<number>({ ...fromCommandLine, parse: argValue(parseCounter) });

function parseCounter(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) {
    throw new LatchkeyError('invalid_input', `"${text}" is not the number of a showing.`);
  }
  return Number(text);
}

function parseIdArg(text: string): string {
  if (!isId(text)) {
    throw new LatchkeyError('invalid_input', `"${text}" is not an id: 1 to 64 letters, digits, "_" and "-".`);
  }
  return text;
}

/** One of a few words. */
export function choiceArg<const Words extends readonly string[]>(words: Words) {
  return option({ options: words, ...fromCommandLine });
}
