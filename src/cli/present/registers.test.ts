import { expect, test } from 'vitest';
import { presentRegisterStatus } from './registers.ts';

const plain = (text: string) => text;
const screen = { width: 200, style: { good: plain, bad: plain, warning: plain, dim: plain, bold: plain } } as unknown as Parameters<typeof presentRegisterStatus>[1];
const dayMs = 86_400_000;
const daysFromNow = (days: number) => new Date(Date.now() + days * dayMs).toISOString();
const statusOf = (settleBy: number, trustAsOf: number) => presentRegisterStatus({ reachable: false, open_charges: [], codes: { waiting: 2, settle_by: daysFromNow(settleBy), trust_as_of: daysFromNow(trustAsOf) } }, screen);

test('codes that are not settled in time are overdue, and a trust list by which none is accepted is too old', () => {
  expect(statusOf(1, -1)).toMatch(/2 accepted and not settled, the first to be by \d{4}-.*\n.*24 h old$/);
  expect(statusOf(-2, -10)).toMatch(/2 accepted and not settled, the first overdue since \d{4}-.*: the server need not pay it\n.*10 d old: too old to accept codes by$/);
});
