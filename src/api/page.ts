import type { Page, PageRequest } from '../roles/page.ts';
import { arrayOf, object, type Schema } from './schema.ts';
import { present } from './wire.ts';

/** Where a list goes on: made by the server, opaque to others. */
const cursor = { type: 'string', minLength: 1, maxLength: 512, pattern: '^[!-~]+$' } as const;

/** The query of every list. */
export const pageQuery = {
  after: { ...cursor, description: 'The `next` of the page before.' },
  limit: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
} as const;

const defaultLimit = pageQuery.limit.default;

/** One page of a list. */
export function pageOf<const Items extends Schema>(title: string, items: Items) {
  return object(title, { items: arrayOf(items) }, { next: cursor });
}

export function pageToWire<T, W>(page: Page<T>, toWire: (item: T) => W) {
  return present({ items: page.items.map(toWire), next: page.next });
}

export function pageFromWire<W, T>(
  wire: { readonly items: readonly W[]; readonly next?: string },
  fromWire: (item: W) => T,
): Page<T> {
  return { items: wire.items.map(fromWire), next: wire.next };
}

export function pageRequestToWire(page: PageRequest) {
  return present({ after: page.after, limit: page.limit });
}

export function pageRequestFromWire(query: { readonly after?: string; readonly limit?: number }): PageRequest {
  return { after: query.after, limit: query.limit ?? defaultLimit };
}
