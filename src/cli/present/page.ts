import type { Screen } from './screen.ts';

export interface PageWire<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

/** Says how to see the rest, if this was not all. */
export function morePages(page: PageWire<unknown>, { style }: Screen): string {
  return page.next === undefined ? '' : `\n\n${style.dim(`There is more: --after ${page.next}`)}`;
}
