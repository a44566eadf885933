import { LatchkeyError } from '../domain/errors.ts';
import type { LabelLogo } from './label-logo.ts';
import { quietZone, type QrCode } from './qr.ts';

export interface LabelSize {
  readonly widthMm: number;
  readonly heightMm: number;
  /** Dots an inch of what prints it. */
  readonly dpi: number;
}

export interface Label {
  readonly qr: QrCode;
  readonly lines: readonly string[];
  readonly logo: LabelLogo | undefined;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Characters are cells of 6 by 10 dots, times `scale`; x and y are the upper left corner of the first. */
export interface LaidLine {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
  readonly text: string;
}

/** Where everything is, in whole dots of the printer, so that no module of the QR code is wider than another. */
export interface LabelLayout {
  readonly size: LabelSize;
  readonly width: number;
  readonly height: number;
  /** Of the first module, inside the quiet zone, and the dots of one module. */
  readonly qr: { readonly code: QrCode; readonly x: number; readonly y: number; readonly module: number };
  readonly logo: (Box & { readonly logo: LabelLogo }) | undefined;
  readonly lines: readonly LaidLine[];
  /** Lines that were too long and now end in "...". */
  readonly shortened: readonly string[];
}

export const cellWidth = 6;
export const cellHeight = 10;
/** Above the baseline. */
export const ascent = 7;

const inchMm = 25.4;
const marginMm = 1;
/** Readers of the usual kind miss smaller modules. */
const smallestModuleMm = 0.2;
/** Of capital letters. */
const [smallestTextMm, largestTextMm] = [0.9, 2.5];
/** Of the longer side, where there is something beside the QR code. */
const largestQrShare = 0.7;
const ellipsis = '...';

/**
 * The QR code at the left with the rest beside it, or at the top with the rest below it if the label is not wider than
 * high; the logo above the text. Text is as large as fits, and shortened where even the smallest does not.
 * Errors: `invalid_input` if the label is too small.
 */
export function layOutLabel({ qr, lines, logo }: Label, size: LabelSize): LabelLayout {
  const dots = (mm: number) => Math.round((mm / inchMm) * size.dpi);
  const [width, height, margin] = [dots(size.widthMm), dots(size.heightMm), dots(marginMm)];
  const wide = width > height;
  const alone = lines.length === 0 && logo === undefined;
  const [long, short] = [Math.max(width, height), Math.min(width, height)];
  const modules = qr.size + 2 * quietZone;
  const module = Math.floor((alone ? short : Math.min(short, largestQrShare * long)) / modules);
  if (module < Math.max(1, Math.ceil((smallestModuleMm / inchMm) * size.dpi))) {
    throw tooSmall(size, `a QR code of ${qr.size} by ${qr.size} modules`);
  }
  const side = module * modules;
  const corner = alone || !wide ? Math.floor((width - side) / 2) : 0;
  const top = alone || wide ? Math.floor((height - side) / 2) : 0;
  const laid = { size, width, height, qr: { code: qr, x: corner + quietZone * module, y: top + quietZone * module, module } };
  if (alone) {
    return { ...laid, logo: undefined, lines: [], shortened: [] };
  }
  // The quiet zone keeps the text away already.
  const rest: Box = wide
    ? { x: side, y: margin, width: width - side - margin, height: height - 2 * margin }
    : { x: margin, y: side, width: width - 2 * margin, height: height - side - margin };
  const logoHeight = logo === undefined ? 0 : lines.length === 0 ? rest.height : Math.floor(rest.height / 3);
  const gap = logo === undefined || lines.length === 0 ? 0 : Math.min(margin, logoHeight);
  const box = { ...rest, y: rest.y + logoHeight + gap, height: rest.height - logoHeight - gap };
  const text = layOutText(lines, box, {
    smallest: Math.max(1, Math.round(dots(smallestTextMm) / ascent)),
    largest: Math.max(1, Math.floor(dots(largestTextMm) / ascent)),
    centred: !wide,
  });
  if (text === undefined || (logo !== undefined && (logoHeight < 1 || rest.width < 1))) {
    throw tooSmall(size, `${lines.length} lines of text${logo === undefined ? '' : ' and a logo'} beside its QR code`);
  }
  return { ...laid, ...text, logo: logo && { ...rest, height: logoHeight, logo } };
}

function layOutText(
  lines: readonly string[],
  box: Box,
  { smallest, largest, centred }: { smallest: number; largest: number; centred: boolean },
): Pick<LabelLayout, 'lines' | 'shortened'> | undefined {
  if (lines.length === 0) {
    return { lines: [], shortened: [] };
  }
  // Neither the last character's gap nor the last line's must fit.
  const cellsAt = (scale: number) => Math.floor((box.width / scale + 1) / cellWidth);
  const fits = (scales: readonly number[]) => cellHeight * scales.reduce((sum, scale) => sum + scale, 0) - scales.at(-1)! <= box.height;
  const scales = lines.map((line) => {
    let scale = largest;
    while (scale > smallest && cellsAt(scale) < cells(line)) scale -= 1;
    return scale;
  });
  for (let most = largest; most > smallest && !fits(scales); most -= 1) {
    for (const [index, scale] of scales.entries()) scales[index] = Math.min(scale, most - 1);
  }
  if (!fits(scales) || cellsAt(smallest) <= ellipsis.length) {
    return undefined;
  }
  const fitting = lines.map((line, index) => shorten(line, cellsAt(scales[index]!)));
  let y = box.y + Math.floor((box.height - cellHeight * scales.reduce((sum, scale) => sum + scale, 0) + scales.at(-1)!) / 2);
  const laid = fitting.map((text, index) => {
    const scale = scales[index]!;
    const line = { x: box.x + (centred ? Math.floor((box.width - (cells(text) * cellWidth - 1) * scale) / 2) : 0), y, scale, text };
    y += cellHeight * scale;
    return line;
  });
  return { lines: laid, shortened: lines.filter((line, index) => line !== fitting[index]) };
}

function shorten(line: string, most: number): string {
  if (cells(line) <= most) {
    return line;
  }
  const characters = [...line];
  while (cells(characters.join('')) > most - ellipsis.length) characters.pop();
  return characters.join('') + ellipsis;
}

/** Cells that a text takes: two for each character of the wide scripts, and for pictures. */
export function cells(text: string): number {
  return [...text].reduce((sum, character) => sum + cellsOf(character), 0);
}

export function cellsOf(character: string): 1 | 2 {
  return /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff00-\uff60]/u.test(character) ? 2 : 1;
}

function tooSmall({ widthMm, heightMm, dpi }: LabelSize, what: string): LatchkeyError {
  return new LatchkeyError('invalid_input', `A label of ${widthMm} by ${heightMm} mm at ${dpi} dpi has no room for ${what}.`, {
    hint: 'Make the label larger, the text fewer lines, or what the QR code says shorter.',
  });
}
