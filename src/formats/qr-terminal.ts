import { quietZone, type QrCode } from './qr.ts';

/** Black and white of the palette that no theme changes (colours 16 and 231 of xterm's 256); reverse video; what ends both. */
const [black, white, reversed, asBefore] = ['16', '231', '\u001b[7m', '\u001b[0m'];
/** By whether the upper and the lower half are inked. */
const halves = [' ', '▄', '▀', '█'] as const;

/**
 * What a terminal can do: `colours`, with which it is said what is dark, so that it reads the same on any theme;
 * `reversal`, reverse video alone; `ink`, nothing but characters.
 */
export type TerminalMeans = 'colours' | 'reversal' | 'ink';

/** Columns that `qrTerminal` takes; it takes half as many lines. */
export function qrTerminalWidth({ size }: QrCode): number {
  return size + 2 * quietZone;
}

/**
 * A QR code with its quiet zone as lines of half blocks, for a terminal. Without colours, what is inked is light, which
 * suits the usual dark terminal, or with `darkInk` dark, for a light one.
 */
export function qrTerminal(code: QrCode, means: TerminalMeans, { darkInk = false } = {}): string {
  const side = qrTerminalWidth(code);
  const isDark = (x: number, y: number) =>
    x >= quietZone && y >= quietZone && x < side - quietZone && y < side - quietZone && code.isDark(x - quietZone, y - quietZone);
  const draw = { colours: coloured, reversal: reversing, ink: inked }[means];
  let text = '';
  for (let y = 0; y < side; y += 2) {
    text += `${draw(Array.from({ length: side }, (_, x) => ({ upper: isDark(x, y), lower: isDark(x, y + 1) })), darkInk)}\n`;
  }
  return text;
}

interface Cell {
  /** Whether it is dark. */
  readonly upper: boolean;
  readonly lower: boolean;
}

/**
 * Backgrounds as far as possible: they fill a cell, where the blocks of many fonts leave gaps between lines that readers
 * stumble over. Only a lower half that differs is a block.
 */
function coloured(cells: readonly Cell[]): string {
  return backgrounds(cells, ({ upper, lower }) => `\u001b[38;5;${lower ? black : white};48;5;${upper ? black : white}m`);
}

function reversing(cells: readonly Cell[], darkInk: boolean): string {
  return backgrounds(cells, ({ upper }) => (upper === darkInk ? `${asBefore}${reversed}` : asBefore));
}

function backgrounds(cells: readonly Cell[], switchOf: (cell: Cell) => string): string {
  let text = '';
  let before = '';
  for (const cell of cells) {
    const now = switchOf(cell);
    text += `${now === before ? '' : now}${cell.upper === cell.lower ? ' ' : '▄'}`;
    before = now;
  }
  return `${text}${asBefore}`;
}

function inked(cells: readonly Cell[], darkInk: boolean): string {
  return cells.map(({ upper, lower }) => halves[(upper === darkInk ? 2 : 0) + (lower === darkInk ? 1 : 0)]).join('');
}
