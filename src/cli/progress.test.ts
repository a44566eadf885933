import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { Progress } from './progress.ts';

function watched(isTTY: boolean) {
  const text: string[] = [];
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 80 });
  stream.on('data', (chunk: Buffer) => text.push(chunk.toString()));
  let now = 0;
  return {
    text,
    options: { unit: 'devices', silent: false, stream: stream as never, now: () => now },
    wait: (ms: number) => (now += ms),
  };
}

test('in a pipe: a line every five seconds, with rate and time left', () => {
  const { text, options, wait } = watched(false);
  using progress = new Progress({ ...options, total: 10_000 });
  for (let second = 1; second <= 11; second += 1) {
    wait(1000);
    progress.set(second * 500);
  }
  expect(text).toEqual([' 25 %  2,500/10,000 devices  500/s  15 s left\n', ' 50 %  5,000/10,000 devices  500/s  10 s left\n']);
});

test('at a terminal: a bar that is cleared at the end', () => {
  const { text, options, wait } = watched(true);
  {
    using progress = new Progress(options);
    wait(2000);
    progress.taken(0.25);
    progress.set(4000);
  }
  expect(text).toEqual(['\r\x1b[2K██████░░░░░░░░░░░░░░░░░░  25 %  4,000 devices  2,000/s  6 s left', '\r\x1b[2K']);
});

test('what was done before says nothing of the rate', () => {
  const { text, options, wait } = watched(false);
  using progress = new Progress({ ...options, total: 10_000 });
  progress.begin(6000);
  wait(5000);
  progress.set(7000);
  expect(text).toEqual([' 70 %  7,000/10,000 devices  200/s  15 s left\n']);
});

test('where nobody knows how much there is, count and rate; none of it if silent', () => {
  const { text, options, wait } = watched(false);
  using progress = new Progress(options);
  using silent = new Progress({ ...options, silent: true });
  wait(5000);
  progress.set(50);
  silent.set(50);
  expect(text).toEqual(['50 devices  10/s\n']);
});
