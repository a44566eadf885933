import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { showLive, type LiveOptions } from './live-code.ts';

/** A terminal of which one sees what is on its screen, with a clock that passes when it is told to. */
class Screen {
  readonly stdin = Object.assign(new EventEmitter(), { setRawMode: (raw: boolean) => void (this.isRaw = raw), resume: () => {}, pause: () => {} });
  readonly stdout = Object.assign(new EventEmitter(), { columns: 40, rows: 10, write: (text: string) => (this.#take(text), true) });
  readonly ending = new AbortController();
  isRaw = false;
  isCursorShown = true;
  now = new Date('2026-11-30T12:00:00.000Z');
  isTicking = false;
  #tick = () => {};
  #lines: string[] = ['$ latchkey code show'];
  #row = 1;

  show(more: Partial<LiveOptions> = {}): Promise<void> {
    let drawn = 0;
    return showLive({
      terminal: { stdin: this.stdin as never, stdout: this.stdout as never },
      clock: { now: () => this.now },
      everySecond: (tick) => {
        this.#tick = tick;
        this.isTicking = true;
        return () => void (this.isTicking = false);
      },
      signal: this.ending.signal,
      isOver: (now) => now >= new Date('2026-11-30T13:00:00.000Z'),
      frame: (now, { columns }) => [`code ${(drawn += 1)} of ${now.toISOString().slice(11, 19)}`, `${columns} wide`],
      status: (seconds) => `new in ${seconds} s`,
      ...more,
    });
  }

  pass(seconds: number): void {
    for (let second = 0; second < Math.abs(seconds); second += 1) {
      this.now = new Date(this.now.getTime() + Math.sign(seconds) * 1000);
      this.#tick();
    }
  }

  get lines(): string[] {
    return this.#lines;
  }

  /** As a terminal does, as far as it is needed here. */
  #take(text: string): void {
    for (const [part] of text.matchAll(/\u001b\[\??(\d*)[A-Za-z]|\r|\n|[^\u001b\r\n]+/g)) {
      if (part === '\n') {
        this.#row += 1;
      } else if (part === '\u001b[J') {
        this.#lines = this.#lines.slice(0, this.#row);
      } else if (part === '\u001b[2J') {
        this.#lines = [];
      } else if (part === '\u001b[H') {
        this.#row = 0;
      } else if (part.endsWith('A') && part.startsWith('\u001b')) {
        this.#row -= Number(/\d+/.exec(part)![0]);
      } else if (part === '\u001b[?25l' || part === '\u001b[?25h') {
        this.isCursorShown = part.endsWith('h');
      } else if (!part.startsWith('\u001b') && part !== '\r') {
        this.#lines[this.#row] = part;
      }
    }
  }
}

test('it is drawn anew in its place every 30 seconds, and says how long that takes', async () => {
  const screen = new Screen();
  const shown = screen.show();
  expect(screen.lines).toEqual(['$ latchkey code show', 'code 1 of 12:00:00', '40 wide', 'new in 30 s']);
  expect({ raw: screen.isRaw, cursor: screen.isCursorShown }).toEqual({ raw: true, cursor: false });
  screen.pass(29);
  expect(screen.lines).toEqual(['$ latchkey code show', 'code 1 of 12:00:00', '40 wide', 'new in 1 s']);
  screen.pass(1);
  expect(screen.lines).toEqual(['$ latchkey code show', 'code 2 of 12:00:30', '40 wide', 'new in 30 s']);
  screen.pass(65);
  expect(screen.lines).toEqual(['$ latchkey code show', 'code 4 of 12:01:30', '40 wide', 'new in 25 s']);
  screen.stdin.emit('data', Buffer.from('q'));
  await shown;
});

test('a clock that is put back makes it new at once', async () => {
  const screen = new Screen();
  const shown = screen.show();
  screen.pass(5);
  screen.now = new Date('2026-11-30T11:00:00.000Z');
  screen.pass(1);
  expect(screen.lines[1]).toBe('code 2 of 11:00:01');
  screen.stdin.emit('data', Buffer.from('q'));
  await shown;
});

test('in a window of another size it is drawn anew for that', async () => {
  const screen = new Screen();
  const shown = screen.show();
  screen.stdout.columns = 30;
  screen.stdout.emit('resize');
  expect(screen.lines).toEqual(['code 2 of 12:00:00', '30 wide', 'new in 30 s']);
  screen.stdin.emit('data', Buffer.from('q'));
  await shown;
});

test.each([
  ['any key', (screen: Screen) => screen.stdin.emit('data', Buffer.from('x'))],
  ['Ctrl-C, which is a key to a raw terminal', (screen: Screen) => screen.stdin.emit('data', Buffer.from('\u0003'))],
  ['a signal', (screen: Screen) => screen.ending.abort()],
  ['the end of the code', (screen: Screen) => {
    screen.now = new Date('2026-11-30T12:59:59.000Z');
    screen.pass(1);
  }],
  ['another size of the window after the end of the code', (screen: Screen) => {
    screen.now = new Date('2026-11-30T13:00:00.000Z');
    screen.stdout.emit('resize');
  }],
])('%s ends it: nothing of it is left to be seen, and the terminal is as before', async (_, end) => {
  const screen = new Screen();
  const shown = screen.show();
  screen.pass(3);
  end(screen);
  await shown;
  expect(screen.lines).toEqual(['$ latchkey code show']);
  expect({ raw: screen.isRaw, cursor: screen.isCursorShown, ticking: screen.isTicking }).toEqual({ raw: false, cursor: true, ticking: false });
  expect(screen.stdin.listenerCount('data') + screen.stdout.listenerCount('resize')).toBe(0);
});

test('what fails meanwhile ends it with that error, and the terminal is as before', async () => {
  const screen = new Screen();
  const frames = [['code'], undefined];
  const shown = screen.show({
    frame: () => {
      const frame = frames.shift();
      if (frame === undefined) throw new Error('no code');
      return frame;
    },
  });
  screen.pass(30);
  await expect(shown).rejects.toThrow('no code');
  expect({ raw: screen.isRaw, cursor: screen.isCursorShown, ticking: screen.isTicking, lines: screen.lines }).toEqual({ raw: false, cursor: true, ticking: false, lines: ['$ latchkey code show'] });
});
