import type { Clock } from '../../domain/clock.ts';
import { renewalMs } from '../../domain/credit-code.ts';
import { columns as widthOf } from '../present/text.ts';

/** What of a terminal is needed to show something until a key is pressed. */
export interface LiveTerminal {
  readonly stdin: Pick<NodeJS.ReadStream, 'setRawMode' | 'resume' | 'pause' | 'on' | 'off'>;
  readonly stdout: Pick<NodeJS.WriteStream, 'write' | 'columns' | 'rows' | 'on' | 'off'>;
}

/** Of a terminal's window. */
export interface WindowSize {
  readonly columns: number;
  /** Infinity if it is not known. */
  readonly rows: number;
}

export interface LiveOptions {
  readonly terminal: LiveTerminal;
  readonly clock: Clock;
  /** Calls every second, until what it returns is called. */
  readonly everySecond: (tick: () => void) => () => void;
  readonly signal: AbortSignal;
  /** Whether it ends by itself now. */
  readonly isOver: (now: Date) => boolean;
  /** All lines but the last, anew. */
  readonly frame: (now: Date, room: WindowSize) => readonly string[];
  /** The last line; `seconds` to the next renewal. */
  readonly status: (seconds: number) => string;
}

const [hideCursor, showCursor, eraseBelow, eraseLine, eraseAll] = ['\u001b[?25l', '\u001b[?25h', '\u001b[J', '\u001b[K', '\u001b[2J\u001b[H'];

/**
 * Shows a frame in place, anew every 30 seconds, with the seconds to the next time below it, until a key is pressed.
 * Then nothing of it is left on the screen, and the terminal is as it was before; so also when the signal or the process
 * ends it.
 */
export async function showLive({ terminal: { stdin, stdout }, clock, everySecond, signal, isOver, frame, status }: LiveOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let drawnAt = clock.now();
  let above = 0;

  const statusLine = (now: Date) => {
    const left = Math.max(0, Math.ceil((drawnAt.getTime() + renewalMs - now.getTime()) / 1000));
    return `\r${cut(status(left), sizeOf(stdout).columns - 1)}${eraseLine}`;
  };
  const erased = () => (above === 0 ? '' : `\r\u001b[${above}A${eraseBelow}`);
  const draw = (clear: string) => {
    drawnAt = clock.now();
    if (isOver(drawnAt)) {
      resolve();
      return;
    }
    const lines = frame(drawnAt, sizeOf(stdout));
    stdout.write(`${clear}${lines.map((line) => `${line}\n`).join('')}${statusLine(drawnAt)}`);
    above = lines.length;
  };
  const tick = () => {
    const now = clock.now();
    const age = now.getTime() - drawnAt.getTime();
    if (isOver(now)) {
      resolve();
    } else if (age >= renewalMs || age < 0) {
      draw(erased());
    } else {
      stdout.write(statusLine(now));
    }
  };
  const orEnd = (work: () => void) => () => {
    try {
      work();
    } catch (error) {
      reject(error);
    }
  };
  // How the lines of before are wrapped now, nobody knows.
  const onResize = orEnd(() => draw(eraseAll));
  const onKey = () => resolve();
  const restore = () => {
    stdin.setRawMode(false);
    stdout.write(`${erased()}${showCursor}`);
    above = 0;
  };

  stdin.setRawMode(true);
  process.once('exit', restore);
  signal.addEventListener('abort', onKey, { once: true });
  let stop = () => {};
  try {
    stdout.write(hideCursor);
    draw('');
    stdout.on('resize', onResize);
    stdin.on('data', onKey);
    stdin.resume();
    stop = everySecond(orEnd(tick));
    if (!signal.aborted) {
      await promise;
    }
  } finally {
    stop();
    stdout.off('resize', onResize);
    stdin.off('data', onKey);
    stdin.pause();
    signal.removeEventListener('abort', onKey);
    process.off('exit', restore);
    restore();
  }
}

export function sizeOf({ columns, rows }: Pick<NodeJS.WriteStream, 'columns' | 'rows'>): WindowSize {
  return { columns: columns || 80, rows: rows || Infinity };
}

/** A text without escapes, as far as there is room for it. */
function cut(text: string, width: number): string {
  return widthOf(text) <= width ? text : text.slice(0, Math.max(0, width));
}
