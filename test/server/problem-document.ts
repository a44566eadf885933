import { expect } from 'vitest';
import { checker } from '../../src/api/check.ts';
import { problemSchema, type ProblemWire } from '../../src/api/problem.ts';
import { errorTable, type ErrorCode } from '../../src/domain/errors.ts';
import type { RawReply } from './raw-http.ts';

const check = checker(problemSchema);

/** Holds a reply to RFC 9457 and to our table, and gives the document. */
export function expectProblem(reply: RawReply | undefined, code: ErrorCode): ProblemWire {
  expect(reply, 'a reply').toBeDefined();
  const { status, headers, body } = reply!;
  expect(body).not.toBe('');
  const checked = check(JSON.parse(body));
  const problem = checked.ok ? checked.value : expect.fail(JSON.stringify(checked.problems));
  expect(problem).toMatchObject({ code, type: `urn:latchkey:error:${code}`, title: errorTable[code].title, status });
  expect(status).toBe(errorTable[code].http);
  expect(headers.get('content-type')).toBe('application/problem+json');
  expect(headers.has('retry-after')).toBe(status === 429 || status === 503);
  expect(headers.has('www-authenticate')).toBe(status === 401);
  expect(headers.has('allow')).toBe(status === 405);
  return problem;
}
