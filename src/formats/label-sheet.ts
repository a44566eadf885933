import { LatchkeyError } from '../domain/errors.ts';
import type { LabelLayout, LabelSize } from './label-layout.ts';
import { labelElements } from './label-svg.ts';

/** In mm, upright. */
export const papers = { A4: { width: 210, height: 297 }, Letter: { width: 215.9, height: 279.4 } } as const;
export type Paper = keyof typeof papers;

export interface SheetOptions {
  readonly paper: Paper;
  /** White around all labels, on each side, in mm. */
  readonly marginMm: number;
  /** Between labels, in mm. */
  readonly gapMm: number;
  readonly cutMarks: boolean;
}

export interface Sheet extends SheetOptions {
  readonly columns: number;
  readonly rows: number;
}

/** As many labels as fit. Errors: `invalid_input` if not one does. */
export function planSheet({ widthMm, heightMm }: Pick<LabelSize, 'widthMm' | 'heightMm'>, options: SheetOptions): Sheet {
  const { paper, marginMm, gapMm } = options;
  const fit = (room: number, size: number) => Math.floor((room - 2 * marginMm + gapMm) / (size + gapMm) + 1e-9);
  const [columns, rows] = [fit(papers[paper].width, widthMm), fit(papers[paper].height, heightMm)];
  if (columns < 1 || rows < 1) {
    throw new LatchkeyError('invalid_input', `No label of ${widthMm} by ${heightMm} mm fits on ${paper} with margins of ${marginMm} mm.`);
  }
  return { ...options, columns, rows };
}

/** One page as an SVG in mm, filled row by row; at most `columns` × `rows` labels, all of one size. */
export function sheetSvg(labels: readonly LabelLayout[], sheet: Sheet): string {
  const { paper, marginMm, gapMm, columns, cutMarks } = sheet;
  const { width, height } = papers[paper];
  const placed = labels.map((label, index) => ({
    label,
    x: marginMm + (index % columns) * (label.size.widthMm + gapMm),
    y: marginMm + Math.floor(index / columns) * (label.size.heightMm + gapMm),
  }));
  const elements = placed.map(({ label, x, y }) =>
    `<svg x="${rounded(x)}" y="${rounded(y)}" width="${label.size.widthMm}" height="${label.size.heightMm}" viewBox="0 0 ${label.width} ${label.height}" preserveAspectRatio="none">\n${labelElements(label)}</svg>\n`,
  );
  const marks = cutMarks ? marksAround(placed.map(({ label, x, y }) => ({ x, y, ...label.size })), Math.min(longestMarkMm, marginMm * 0.8)) : '';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}mm" height="${height}mm" viewBox="0 0 ${width} ${height}">\n`,
    `<rect width="${width}" height="${height}" fill="#fff"/>\n`,
    ...elements,
    ...(marks === '' ? [] : [`<path fill="none" stroke="#000" stroke-width="0.1" d="${marks}"/>\n`]),
    '</svg>\n',
  ].join('');
}

const longestMarkMm = 5;

/** Short lines in the margin, from which a guillotine finds every edge; none of them touches a label. */
function marksAround(labels: readonly ({ readonly x: number; readonly y: number } & LabelSize)[], length: number): string {
  const [xs, ys] = [labels.flatMap(({ x, widthMm }) => [x, x + widthMm]), labels.flatMap(({ y, heightMm }) => [y, y + heightMm])];
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)].map(rounded);
  const mark = rounded(length);
  const down = [...new Set(xs.map(rounded))].map((x) => `M${x} ${top}v-${mark}M${x} ${bottom}v${mark}`);
  const across = [...new Set(ys.map(rounded))].map((y) => `M${left} ${y}h-${mark}M${right} ${y}h${mark}`);
  return [...down, ...across].join('');
}

function rounded(mm: number): number {
  return Math.round(mm * 1000) / 1000;
}
