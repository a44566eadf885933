import { errorTable, isErrorCode, LatchkeyError, type ErrorCode } from '../domain/errors.ts';
import { arrayOf, object, oneOf, remark, type Static } from './schema.ts';
import { present } from './wire.ts';

export const problemMediaType = 'application/problem+json';
const typePrefix = 'urn:latchkey:error:';

/** RFC 9457, with the code of the closed table and, for invalid input, what is wrong where (RFC 6901 pointers). */
export const problemSchema = object(
  'Problem',
  {
    type: { type: 'string', format: 'uri', maxLength: 128 },
    title: remark,
    status: { type: 'integer', minimum: 200, maximum: 599 },
    code: { type: 'string', minLength: 1, maxLength: 64 },
  },
  {
    detail: remark,
    instance: { type: 'string', maxLength: 128, description: 'Names the request in the server’s log.' },
    errors: arrayOf(object('InputProblem', { pointer: remark, detail: remark })),
  },
);
export type ProblemWire = Static<typeof problemSchema>;

/** As in OpenAPI, where the codes are listed. */
export const documentedProblemSchema = {
  ...problemSchema,
  properties: { ...problemSchema.properties, code: oneOf(Object.keys(errorTable)) },
};

/**
 * What the other side is told. Of what went wrong inside (5xx) it learns the code alone: the words may speak of
 * files, tables or addresses, and belong in the log.
 */
export function problemToWire(error: LatchkeyError, instance?: string): ProblemWire {
  const { title } = errorTable[error.code];
  const inside = error.http >= 500;
  return present({
    type: `${typePrefix}${error.code}`,
    title,
    status: error.http,
    detail: inside || error.message === title ? undefined : error.message,
    code: error.code,
    instance: instance === undefined ? undefined : `urn:latchkey:request:${instance}`,
    errors: inside || error.problems.length === 0 ? undefined : error.problems.map(({ pointer, detail }) => ({ pointer, detail })),
  });
}

/** The error that a problem document speaks of; undefined if its code is not of our table. */
export function problemFromWire(wire: ProblemWire, retryAfter?: number): LatchkeyError | undefined {
  const code: ErrorCode | undefined = isErrorCode(wire.code) ? wire.code : undefined;
  return code === undefined
    ? undefined
    : new LatchkeyError(code, wire.detail, {
        problems: wire.errors ?? [],
        ...(retryAfter === undefined ? {} : { retryAfter }),
      });
}
