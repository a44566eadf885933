import { quietZone, type QrCode } from './qr.ts';

/** Black and white of the palette that no theme changes (colours 16 and 231 of xterm's 256), and what ends them. */
const [black, white, asBefore] = ['16', '231', '\u001b[0m'];
/** By whether the upper and the lower half are inked. */
const halves = [' ', '▄', '▀', '█'] as const;

/** Columns that `qrTerminal` takes; it takes half as many lines. */
export function qrTerminalWidth({ size }: QrCode): number {
  return size + 2 * quietZone;
}

/**
 * A QR code with its quiet zone as lines of half blocks, for a terminal. With colours it says which are dark, so that it
 * reads the same on any theme; without, what is inked is light, which suits the usual dark terminal, or with `darkInk`
 * dark, for a light one.
 */
export function qrTerminal(code: QrCode, { colours, darkInk = false }: { readonly colours: boolean; readonly darkInk?: boolean }): string {
  const side = qrTerminalWidth(code);
  const isDark = (x: number, y: number) =>
    x >= quietZone && y >= quietZone && x < side - quietZone && y < side - quietZone && code.isDark(x - quietZone, y - quietZone);
  let text = '';
  for (let y = 0; y < side; y += 2) {
    const cells = Array.from({ length: side }, (_, x) => ({ upper: isDark(x, y), lower: isDark(x, y + 1) }));
    text += colours ? `${coloured(cells)}${asBefore}\n` : `${cells.map(({ upper, lower }) => halves[(upper === darkInk ? 2 : 0) + (lower === darkInk ? 1 : 0)]).join('')}\n`;
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
  let text = '';
  let before = '';
  for (const { upper, lower } of cells) {
    const colours = `\u001b[38;5;${lower ? black : white};48;5;${upper ? black : white}m`;
    text += `${colours === before ? '' : colours}${upper === lower ? ' ' : '▄'}`;
    before = colours;
  }
  return text;
}
