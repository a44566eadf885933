import { errorTable, LatchkeyError, type ErrorCode } from '../domain/errors.ts';

/** SQLSTATEs (PostgreSQL manual, appendix A) that say something about the storage; a class by its two first. */
const codes: Readonly<Record<string, ErrorCode>> = {
  '08': 'storage_unavailable', // connection exception
  '22007': 'invalid_input', // invalid datetime format: there is no year 0
  '22008': 'invalid_input', // datetime field overflow
  '22021': 'invalid_input', // character not in repertoire: PostgreSQL's text holds no zero character
  '22P05': 'invalid_input', // untranslatable character
  '25006': 'storage_read_only', // read-only transaction
  '28': 'storage_unavailable', // invalid authorization
  '3D': 'storage_unavailable', // invalid catalog name
  '40001': 'storage_locked', // serialization failure
  '40P01': 'storage_locked', // deadlock detected
  '42501': 'storage_read_only', // insufficient privilege
  '53': 'storage_unavailable', // insufficient resources
  '53100': 'storage_full', // disk full
  '55P03': 'storage_locked', // lock not available
  '57': 'storage_unavailable', // operator intervention
  '58': 'storage_unavailable', // system error
  XX001: 'storage_corrupt', // data corrupted
  XX002: 'storage_corrupt', // index corrupted
};

/** The SQLSTATE, if it was PostgreSQL that said no. */
function sqlState(error: unknown): string | undefined {
  // `severity` tells it from the codes of Node's errors, which may be as short.
  if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) {
    return undefined;
  }
  return typeof error.code === 'string' ? error.code : undefined;
}

function systemCode(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/**
 * The error as the roles know it. The driver's other errors, with Node's codes or with none, are all about the
 * connection; what is the caller's own fault stays as it is.
 */
export function postgresError(error: unknown): unknown {
  if (error instanceof LatchkeyError || error instanceof TypeError || !(error instanceof Error)) {
    return error;
  }
  const state = sqlState(error);
  const code = state === undefined ? 'storage_unavailable' : (codes[state] ?? codes[state.slice(0, 2)]);
  if (code === undefined) {
    return error;
  }
  // The code alone: what PostgreSQL says with it may name users and data.
  const reason = state === undefined ? systemCode(error) : `SQLSTATE ${state}`;
  return new LatchkeyError(code, `${errorTable[code].title}${reason === undefined ? '' : ` (${reason})`}.`, { cause: error });
}

/** Two transactions got into each other's way: one of them was ended and can be run again. */
export function isContention(error: unknown): boolean {
  const state = sqlState(error instanceof LatchkeyError ? error.cause : error);
  return state === '40001' || state === '40P01';
}

/** A unique key was taken, maybe by a transaction that committed meanwhile: run again, it would see that. */
export function isUniqueViolation(error: unknown): boolean {
  return sqlState(error) === '23505';
}
