import { errorTable, LatchkeyError, type ErrorCode } from '../domain/errors.ts';

/** SQLite's primary result codes (sqlite.org/rescode.html) that say something about the storage. */
const codes: Readonly<Record<number, ErrorCode>> = {
  3: 'storage_read_only', // PERM
  5: 'storage_locked', // BUSY
  6: 'storage_locked', // LOCKED
  8: 'storage_read_only', // READONLY
  10: 'storage_unavailable', // IOERR
  11: 'storage_corrupt', // CORRUPT
  13: 'storage_full', // FULL
  14: 'storage_unavailable', // CANTOPEN
  26: 'storage_corrupt', // NOTADB
};

/** What the operating system says when a database's file or folder is made or opened. */
const systemCodes: Readonly<Record<string, ErrorCode>> = {
  EACCES: 'storage_read_only',
  EPERM: 'storage_read_only',
  EROFS: 'storage_read_only',
  ENOSPC: 'storage_full',
  EDQUOT: 'storage_full',
  EFBIG: 'storage_full',
};

function property(error: unknown, name: 'errcode' | 'errstr' | 'code' | 'syscall'): unknown {
  return error instanceof Error ? (error as Error & Partial<Record<typeof name, unknown>>)[name] : undefined;
}

function primaryCode(error: unknown): number | undefined {
  const code = property(error, 'errcode');
  return typeof code === 'number' ? code & 0xff : undefined;
}

/** Somebody else holds the lock that was wanted: nothing was done, and it may be tried again. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(error);
  return code === 5 || code === 6;
}

/** The error as the roles know it; what is not the storage's fault stays as it is. */
export function sqliteError(error: unknown): unknown {
  const code = codes[primaryCode(error) ?? -1];
  if (code === undefined) {
    return error;
  }
  // SQLite's word for the code, the same every time: it names no data.
  return new LatchkeyError(code, `${errorTable[code].title} (${String(property(error, 'errstr'))}).`, { cause: error });
}

/** The same for an error of the file system. */
export function fileError(error: unknown, path: string): unknown {
  const code = property(error, 'code');
  if (property(error, 'syscall') === undefined || typeof code !== 'string') {
    return error;
  }
  const mapped = systemCodes[code] ?? 'storage_unavailable';
  return new LatchkeyError(mapped, `${path} cannot be used (${code}).`, { cause: error });
}
