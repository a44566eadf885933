import { quietZone, type QrCode } from './qr.ts';

/** Black on white of the palette that no theme changes (colours 16 and 231 of xterm's 256), and back. */
const [blackOnWhite, asBefore] = ['\u001b[38;5;16;48;5;231m', '\u001b[0m'];
/** By whether the upper and the lower half are inked. */
const halves = [' ', '▄', '▀', '█'] as const;

/** Columns that `qrTerminal` takes; it takes half as many lines. */
export function qrTerminalWidth({ size }: QrCode): number {
  return size + 2 * quietZone;
}

/**
 * A QR code with its quiet zone as lines of half blocks, for a terminal. With colours it says which are dark, so that it
 * reads the same on any theme; without, what is inked is light, which suits the usual dark terminal.
 */
export function qrTerminal(code: QrCode, { colours }: { readonly colours: boolean }): string {
  const side = qrTerminalWidth(code);
  const isDark = (x: number, y: number) =>
    x >= quietZone && y >= quietZone && x < side - quietZone && y < side - quietZone && code.isDark(x - quietZone, y - quietZone);
  const inked = (x: number, y: number) => isDark(x, y) === colours;
  let text = '';
  for (let y = 0; y < side; y += 2) {
    const line = Array.from({ length: side }, (_, x) => halves[(inked(x, y) ? 2 : 0) + (inked(x, y + 1) ? 1 : 0)]).join('');
    text += colours ? `${blackOnWhite}${line}${asBefore}\n` : `${line}\n`;
  }
  return text;
}
