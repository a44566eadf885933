import { LatchkeyError } from './errors.ts';
import { asSentence } from './shown-text.ts';

/** The same error, which also says what became of the money, and what to do; what nobody foresaw stays as it is. */
export function withOutcome(error: unknown, outcome: string, hint: string): unknown {
  if (!(error instanceof LatchkeyError)) {
    return error;
  }
  const { code, message, retryAfter } = error;
  return new LatchkeyError(code, `${asSentence(message)} ${outcome}`, { hint, cause: error, ...(retryAfter === undefined ? {} : { retryAfter }) });
}
