import { shown } from '../../domain/shown-text.ts';
import type { Screen } from './screen.ts';
import { columns, pad, wrap } from './text.ts';

export interface Column<T> {
  readonly title: string;
  /** The cell's text, undefined for nothing. It is escaped here. */
  readonly cell: (row: T) => string | undefined;
  /** Numbers: they end below each other. */
  readonly right?: true;
  readonly paint?: (text: string, row: T, screen: Screen) => string;
}

const gap = 2;

/**
 * A table that fits the screen and drops nothing: long cells wrap between words; where that is not enough, each row
 * becomes a block of `title: value` lines.
 */
export function table<T>(rows: readonly T[], wanted: readonly Column<T>[], screen: Screen): string {
  const used = wanted.filter((column) => rows.some((row) => (column.cell(row) ?? '') !== ''));
  const cells = rows.map((row) => used.map((column) => shown(column.cell(row) ?? '')));
  const widest = (widthOf: (cell: string) => number) =>
    used.map((column, at) => cells.reduce((most, row) => Math.max(most, widthOf(row[at]!)), columns(column.title)));
  const natural = widest(columns);
  const longestWords = widest((cell) => Math.max(...cell.split(' ').map(columns)));
  const widths = fit(natural, longestWords, screen.width);
  if (widths === undefined) {
    return rows.map((row) => details(used.map((column) => [column.title, column.cell(row)]), screen)).join('\n\n');
  }
  const head = used.map((column, at) => screen.style.bold(aligned(column.title, widths[at]!, column)));
  return [head, ...rows.flatMap((row, at) => lines(row, cells[at]!, used, widths, screen))]
    .map((line) => line.join(' '.repeat(gap)).trimEnd())
    .join('\n');
}

function lines<T>(row: T, cells: readonly string[], used: readonly Column<T>[], widths: readonly number[], screen: Screen) {
  const wrapped = cells.map((cell, at) => wrap(cell, widths[at]!));
  const height = Math.max(...wrapped.map((cell) => cell.length));
  return Array.from({ length: height }, (_, line) =>
    wrapped.map((cell, at) => {
      const text = aligned(cell[line] ?? '', widths[at]!, used[at]!);
      const paint = used[at]!.paint;
      return paint === undefined ? text : paint(text, row, screen);
    }),
  );
}

function aligned(text: string, width: number, { right }: { readonly right?: true }): string {
  return right === true ? ' '.repeat(Math.max(0, width - columns(text))) + text : pad(text, width);
}

/**
 * Takes width from the widest columns until all fit; undefined if words would have to be cut, for an id in pieces
 * can no longer be copied.
 */
function fit(natural: readonly number[], least: readonly number[], width: number): number[] | undefined {
  const widths = [...natural];
  let excess = widths.reduce((sum, each) => sum + each, 0) + gap * (widths.length - 1) - width;
  while (excess > 0) {
    const spare = widths.map((each, at) => each - least[at]!);
    const at = spare.indexOf(Math.max(...spare));
    if (spare[at]! <= 0) {
      return undefined;
    }
    widths[at]! -= 1;
    excess -= 1;
  }
  return widths;
}

/** `title: value` lines, values aligned; what is undefined is left out. */
export function details(entries: readonly (readonly [title: string, value: string | undefined])[], screen: Screen): string {
  const present = entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined && entry[1] !== '');
  const title = Math.max(0, ...present.map(([name]) => columns(name) + 1));
  const space = Math.max(10, screen.width - title - gap);
  return present
    .flatMap(([name, value]) =>
      wrap(shown(value), space).map((line, at) => {
        const label = at === 0 ? screen.style.dim(pad(`${name}:`, title)) : ' '.repeat(title);
        return `${label}${' '.repeat(gap)}${line}`.trimEnd();
      }),
    )
    .join('\n');
}
