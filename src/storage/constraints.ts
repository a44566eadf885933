import { isUniqueViolation } from './postgres-errors.ts';

/** SQLite's extended result codes for a check and for a trigger that says no (sqlite.org/rescode.html). */
const sqliteCheck = 275;
const sqliteTrigger = 1811;
/** SQLSTATE check_violation (PostgreSQL manual, appendix A). */
const postgresCheck = '23514';

/** SQLite's extended result codes for a key that is taken. */
const sqliteKeys: readonly unknown[] = [1555, 2067];

/** Whether a statement would have added what has a key that is taken. */
export function isKeyTaken(error: unknown): boolean {
  return isUniqueViolation(error) || (error instanceof Error && sqliteKeys.includes((error as { errcode?: unknown }).errcode));
}

/** The name of the check, or of the trigger's own rule, that a statement would have broken; undefined if none. */
export function brokenCheck(error: unknown): string | undefined {
  if (!(error instanceof Error)) {
    return undefined;
  }
  const { errcode, code, constraint } = error as { errcode?: unknown; code?: unknown; constraint?: unknown };
  if (code === postgresCheck && typeof constraint === 'string') {
    return constraint;
  }
  // SQLite has the name in its message only, and nothing else in it varies.
  return errcode === sqliteCheck || errcode === sqliteTrigger ? error.message.replace(/^CHECK constraint failed: /, '') : undefined;
}
