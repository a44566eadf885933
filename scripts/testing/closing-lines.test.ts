import { expect, test } from 'vitest';
import { closingLines } from './closing-lines.ts';
import type { TestSummary } from './vitest-summary.ts';

const good: TestSummary = { passed: 7, failed: 0, skipped: [] };
const checks = [{ name: 'types', passed: true }];
const wanting = { file: 'a.test.ts', name: 'with strace', missing: ['strace'] as const };
const keyring = { file: 'b.test.ts', name: 'in a keychain', missing: ['gnome-keyring', 'dbus'] as const };

test('the numbers count tests and checks and are the last line', () => {
  const { lines, failed } = closingLines(checks, good, false);
  expect(lines.at(-1)).toBe('8 passed, 0 failed, 0 skipped');
  expect(failed).toBe(false);
});

test('a check that fails is named and counts', () => {
  const { lines, failed } = closingLines([...checks, { name: 'freshness', passed: false }], good, false);
  expect(lines).toContain('Failed: freshness');
  expect(lines.at(-1)).toBe('8 passed, 1 failed, 0 skipped');
  expect(failed).toBe(true);
});

test('what was skipped is named with what to install', () => {
  const { lines, failed } = closingLines(checks, { ...good, skipped: [wanting, wanting, keyring] }, false);
  expect(lines).toContain('Not tested for want of gnome-keyring, dbus: secrets in a real Secret Service');
  expect(lines).toContain('Install with: apt-get install strace gnome-keyring dbus');
  expect(lines.at(-1)).toBe('8 passed, 0 failed, 3 skipped');
  expect(failed).toBe(false);
});

test('what was skipped for no such reason is named by itself', () => {
  const { lines } = closingLines(checks, { ...good, skipped: [{ ...wanting, missing: [] }] }, false);
  expect(lines).toContain('Skipped: a.test.ts > with strace');
});

test('where skips are failures, what was skipped has failed', () => {
  const { lines, failed } = closingLines(checks, { ...good, skipped: [wanting] }, true);
  expect(lines.at(-1)).toBe('8 passed, 1 failed, 0 skipped');
  expect(failed).toBe(true);
});
