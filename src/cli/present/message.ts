import { remark } from '../../api/schema.ts';
import { tryLater, type LatchkeyError } from '../../domain/errors.ts';
import { asSentence, shown } from '../../domain/shown-text.ts';
import type { Screen } from './screen.ts';
import { withLocalTimes } from './time.ts';

function people(text: string): string {
  return shown(withLocalTimes(text));
}

/** An error for people: what happened, what is wrong where, what to do. */
export function presentError(error: LatchkeyError, { style }: Screen): string {
  return [
    `${style.bad('Error:')} ${people(asSentence(error.message))}`,
    ...error.problems.map(({ pointer, detail }) => `  ${shown(pointer === '' ? '(the whole)' : pointer)}: ${people(detail)}`),
    `  ${style.dim(people(hintOf(error)))}`,
  ].join('\n');
}

function hintOf({ hint, retryAfter }: LatchkeyError): string {
  const when = retryAfter === undefined ? undefined : `Try again in ${retryAfter} s.`;
  return when === undefined ? hint : hint === tryLater ? when : `${when} ${hint}`;
}

export function presentWarning(text: string, { style }: Screen): string {
  return `${style.warning('Warning:')} ${people(text)}`;
}

/** An error as a part of a result. */
export function troubleOf({ code, message }: LatchkeyError): { readonly error_code: string; readonly message: string } {
  return { error_code: code, message: message.slice(0, remark.maxLength) };
}
