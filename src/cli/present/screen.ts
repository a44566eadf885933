import type { WriteStream } from 'node:tty';

type Paint = (text: string) => string;

/** How presenters emphasise; nothing else knows colours. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly good: Paint;
  readonly warning: Paint;
  readonly bad: Paint;
}

/** What a presenter needs to know of where its text goes. */
export interface Screen {
  /** Columns; Infinity where nothing wraps (a file, a pipe). */
  readonly width: number;
  readonly style: Style;
  /** Whether it shows reverse video where it is to have no colours. */
  readonly canReverse?: boolean;
}

const asIs: Paint = (text) => text;
export const plainStyle: Style = { bold: asIs, dim: asIs, good: asIs, warning: asIs, bad: asIs };

/** Colour is for terminals, and not where NO_COLOR is set or TERM is dumb. chalk is only loaded where there is colour. */
export async function screenOf(stream: WriteStream): Promise<Screen> {
  if (!stream.isTTY) {
    return { width: Infinity, style: plainStyle };
  }
  const width = stream.columns || Number(process.env['COLUMNS']) || 80;
  if (process.env['NO_COLOR'] || process.env['TERM'] === 'dumb') {
    return { width, style: plainStyle, canReverse: process.env['TERM'] !== 'dumb' };
  }
  const { default: chalk } = await import('chalk');
  return { width, style: { bold: chalk.bold, dim: chalk.dim, good: chalk.green, warning: chalk.yellow, bad: chalk.red } };
}
