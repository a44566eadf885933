import { expect, test } from 'vitest';
import { AgentTime } from './agent-time.ts';

const noon = new Date('2026-11-25T12:00:00Z');
const later = (ms: number) => new Date(noon.getTime() + ms);

function clock(known?: Date) {
  let monotonic = 5000;
  return { time: new AgentTime(() => monotonic, known), pass: (ms: number) => (monotonic += ms) };
}

test('knows no time until the server is heard', () => {
  const { time, pass } = clock();
  pass(1000);
  expect(time.now()).toBeUndefined();
  time.heard(noon);
  pass(1500);
  expect(time.now()).toEqual(later(1500));
});

test('goes on from what was persisted, and leaps forward when the server is heard', () => {
  const { time, pass } = clock(noon);
  pass(1000);
  expect(time.now()).toEqual(later(1000));
  time.heard(later(60_000));
  expect(time.now()).toEqual(later(60_000));
});

test('never goes backwards: ahead of the server, it goes at half speed until they agree', () => {
  const { time, pass } = clock(noon);
  pass(10_000);
  time.heard(later(8000));
  expect(time.now()).toEqual(later(10_000));
  pass(2000);
  expect(time.now()).toEqual(later(11_000));
  pass(2000);
  expect(time.now()).toEqual(later(12_000));
  pass(2000);
  expect(time.now()).toEqual(later(14_000));
});

test('a server whose clock was set back does not stop it', () => {
  const { time, pass } = clock(later(3_600_000));
  time.heard(noon);
  let before = time.now()!;
  for (let i = 0; i < 10; i++) {
    pass(1000);
    time.heard(later((i + 1) * 1000));
    expect(time.now()!.getTime()).toBeGreaterThan(before.getTime());
    before = time.now()!;
  }
});

const hourMs = 3_600_000;
const yearMs = 365 * 24 * hourMs;

/** Passes minutes, hearing at each what the server says then. */
function minutes(count: number, { time, pass }: ReturnType<typeof clock>, serverSays: () => Date): void {
  for (let minute = 0; minute < count; minute++) {
    pass(60_000);
    time.heard(serverSays());
  }
}

test('after a start the first answer leads forward however long it was off', () => {
  const { time } = clock(noon);
  expect(time.heard(later(yearMs))).toEqual({ aheadMs: 0, tookOver: false });
  expect(time.now()).toEqual(later(yearMs));
});

test('one answer far ahead moves nothing, nor do some among others', () => {
  const { time, pass } = clock(noon);
  time.heard(noon);
  expect(time.heard(later(64 * yearMs))).toEqual({ aheadMs: -64 * yearMs, tookOver: false });
  for (let passed = 0; passed < 4 * hourMs; passed += 60_000) {
    time.heard(later(64 * yearMs + passed));
    time.heard(later(passed));
    expect(time.now()).toEqual(later(passed));
    pass(60_000);
  }
});

test.each([['far ahead', 64 * yearMs], ['an hour back', -hourMs]])('a server that is %s for ten minutes on end is followed', (_, offMs) => {
  const running = clock(noon);
  let passed = 0;
  const says = () => later((passed += 60_000) + offMs);
  running.time.heard(noon);
  minutes(10, running, says);
  expect(running.time.now()).toEqual(later(passed));
  running.pass(60_000);
  expect(running.time.heard(says())).toEqual({ aheadMs: 0, tookOver: true });
  expect(running.time.now()).toEqual(later(passed + offMs));
});

test('a clock that woke 64 years ahead comes back', () => {
  const running = clock(later(64 * yearMs));
  let passed = 0;
  running.time.heard(noon);
  minutes(10, running, () => later((passed += 60_000)));
  expect(running.time.now()).toEqual(later(passed));
});
