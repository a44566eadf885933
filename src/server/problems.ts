import { LatchkeyError } from '../domain/errors.ts';

/** Every error as one of the closed table; what is not ours is `internal`, with its cause for the log. */
export function toLatchkeyError(error: unknown): LatchkeyError {
  return error instanceof LatchkeyError ? error : new LatchkeyError('internal', undefined, { cause: error });
}

const usualRetryAfter: Partial<Record<number, number>> = { 429: 1, 503: 5 };

/** The headers that a problem brings (RFC 9110: 401 names the scheme, 429 and 503 say when to come again). */
export function problemHeaders(error: LatchkeyError): string[] {
  const retryAfter = error.retryAfter ?? usualRetryAfter[error.http];
  return [
    ...(retryAfter === undefined ? [] : ['Retry-After', String(Math.ceil(retryAfter))]),
    ...(error.http === 401 ? ['WWW-Authenticate', 'Bearer realm="latchkey"'] : []),
  ];
}
