import type { FastifyReply } from 'fastify';
import { problemMediaType, problemToWire } from '../api/problem.ts';
import { LatchkeyError, type ErrorCode } from '../domain/errors.ts';

/** What Fastify itself refuses, in our words. Whatever else it finds wrong with a request is the request's fault. */
const frameworkCodes: Record<string, [ErrorCode, string | undefined]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['payload_too_large', undefined],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported_media_type', undefined],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid_input', 'The body is not as long as it says.'],
  FST_ERR_BAD_URL: ['invalid_input', 'The path is not well-formed.'],
  FST_ERR_MAX_PARAM_LENGTH: ['route_not_found', undefined],
};

/** Every error as one of the closed table; what is not ours is `internal`, with its cause for the log. */
export function toLatchkeyError(error: unknown): LatchkeyError {
  if (error instanceof LatchkeyError) {
    return error;
  }
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    const known = frameworkCodes[error.code];
    if (known !== undefined) {
      return new LatchkeyError(known[0], known[1]);
    }
    if (error.code.startsWith('FST_') && 'statusCode' in error && typeof error.statusCode === 'number' && error.statusCode < 500) {
      return new LatchkeyError('invalid_input', 'The request is not well-formed.', { cause: error });
    }
  }
  return new LatchkeyError('internal', undefined, { cause: error });
}

const usualRetryAfter: Partial<Record<number, number>> = { 429: 1, 503: 5 };

/** The headers that a problem brings (RFC 9110: 401 names the scheme, 429 and 503 say when to come again). */
export function problemHeaders(error: LatchkeyError): Record<string, string> {
  const retryAfter = error.retryAfter ?? usualRetryAfter[error.http];
  return {
    ...(retryAfter === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfter)) }),
    ...(error.http === 401 ? { 'www-authenticate': 'Bearer realm="latchkey"' } : {}),
  };
}

export function renderProblem(error: LatchkeyError, requestId: string): string {
  return JSON.stringify(problemToWire(error, requestId));
}

export function sendProblem(reply: FastifyReply, error: LatchkeyError): FastifyReply {
  return reply
    .code(error.http)
    .headers(problemHeaders(error))
    .type(problemMediaType)
    .serializer(String)
    .send(renderProblem(error, reply.request.id));
}
