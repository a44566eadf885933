import { expect, test } from 'vitest';
import { LatchkeyError } from '../../domain/errors.ts';
import { presentError, presentWarning } from './message.ts';
import { localTime } from './time.ts';

const style = { good: plain, bad: plain, warning: plain, dim: plain, bold: plain };
function plain(text: string): string {
  return text;
}

test('people read the times of errors and warnings as those of everything else', () => {
  const at = '2026-11-30T23:24:10.386Z';
  const screen = { width: 80, style } as unknown as Parameters<typeof presentError>[1];
  const error = new LatchkeyError('code_over', `This code was valid until ${at}.`, { hint: `Since ${at}.`, problems: [{ pointer: '/at', detail: `is before ${at}` }] });
  expect(presentError(error, screen)).toBe(`Error: This code was valid until ${localTime(at)}.\n  /at: is before ${localTime(at)}\n  Since ${localTime(at)}.`);
  expect(presentWarning(`Until ${at}.`, screen)).toBe(`Warning: Until ${localTime(at)}.`);
});
