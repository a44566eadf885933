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
