import { sql } from 'kysely';
import { LatchkeyError } from '../domain/errors.ts';
import type { Page, PageRequest } from '../roles/page.ts';

/** A cursor is the last row's place in the order, opaque to who carries it. */
type CursorPart = string | number;

function encodeCursor(parts: readonly CursorPart[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/**
 * What each part of a list's cursor must be; a cursor of something else is `invalid_input`. A time is in milliseconds
 * since 1970.
 */
export type CursorShape = readonly ('text' | 'number' | 'time')[];

/** The last moment of the year 9999: beyond, RFC 3339 ends, and soon what databases take. */
const latest = 253_402_300_799_999;

export function decodeCursor(text: string, shape: CursorShape): CursorPart[] {
  const parts = parseJson(Buffer.from(text, 'base64url').toString('utf8'));
  if (!Array.isArray(parts) || parts.length !== shape.length || !shape.every((kind, index) => fits(kind, parts[index]))) {
    throw new LatchkeyError('invalid_input', 'This page does not continue this list.');
  }
  return parts as CursorPart[];
}

function fits(kind: CursorShape[number], part: unknown): boolean {
  return kind === 'text'
    ? typeof part === 'string' && !part.includes('\0')
    : Number.isSafeInteger(part) && (kind === 'number' || (Number(part) >= 0 && Number(part) <= latest));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The page's limit, checked. */
export function pageLimit(page: PageRequest): number {
  if (!Number.isInteger(page.limit) || page.limit < 1 || page.limit > 1000) {
    throw new LatchkeyError('invalid_input', 'A page has 1 to 1000 items.');
  }
  return page.limit;
}

/** What a filter by an empty list leaves; `in ()` is not SQL everywhere. */
export const emptyPage: Page<never> = { items: [], next: undefined };

/**
 * So many rows at most. An expression, for SQLite plans a query anew at every run with a bare parameter as its limit,
 * which takes longer than running it.
 */
export function atMost(count: number) {
  return sql<number>`${count} + 0`;
}

/** Makes a page of rows that were read with `limit + 1`: one more than fits says that there is a next. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  place: (row: Row) => readonly CursorPart[],
): Page<Item> {
  const kept = rows.slice(0, limit);
  const last = kept.at(-1);
  return { items: kept.map(toItem), next: rows.length > limit && last !== undefined ? encodeCursor(place(last)) : undefined };
}
