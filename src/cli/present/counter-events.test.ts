import { expect, test } from 'vitest';
import { presentCounterEvent } from './counter-events.ts';

const plain = (text: string) => text;
const screen = { width: 200, style: { good: plain, bad: plain, warning: plain, dim: plain, bold: plain } } as unknown as Parameters<typeof presentCounterEvent>[1];

test('a counter that waits for its server says that it is not open, and where phones are told so', () => {
  expect(presentCounterEvent({ event: 'waiting', url: 'http://127.0.0.1:8434/', reachable: false, error_code: 'remote_unreachable', message: 'shop.example cannot be reached (ECONNREFUSED).' }, screen)).toBe(
    'The counter is not open yet: it opens once the server is there, and tells phones at http://127.0.0.1:8434/ to wait. shop.example cannot be reached (ECONNREFUSED).',
  );
});

test('codes that are overdue are said to be', () => {
  expect(presentCounterEvent({ event: 'codes_waiting', waiting: 2, settle_by: new Date(Date.now() - 60_000).toISOString() }, screen)).toMatch(/codes not settled {2}2 wait to be settled, the first overdue since \d{4}-.*: the server need not pay it$/);
  expect(presentCounterEvent({ event: 'codes_waiting', waiting: 2, settle_by: new Date(Date.now() + 60_000).toISOString() }, screen)).toMatch(/2 wait to be settled, the first to be by \d{4}-/);
});
