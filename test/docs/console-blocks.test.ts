import { expect, test } from 'vitest';
import { consoleCommands, matchesOutput } from './console-blocks.ts';

test('commands, output, exit codes and background are read from console blocks alone', () => {
  const text = ['```sh', '$ not me', '```', '```console', '$ one \\', '> two', 'out', '$ serve &', 'ready', '$ no # exit 4', '```'].join('\n');
  expect(consoleCommands(text)).toEqual([
    { line: 5, command: 'one \\\ntwo', background: false, expected: ['out'], exit: 0 },
    { line: 8, command: 'serve', background: true, expected: ['ready'], exit: 0 },
    { line: 10, command: 'no', background: false, expected: [], exit: 4 },
  ]);
});

test('an ellipsis stands for part of a line or for lines, and nothing else is loose', () => {
  expect(matchesOutput(['a … c', '…', 'z'], 'a b c\nx\ny\nz\n')).toBe(true);
  expect(matchesOutput(['a … c', '…', 'z'], 'a b c\nz')).toBe(true);
  expect(matchesOutput(['a … c'], 'a b d\n')).toBe(false);
  expect(matchesOutput([], 'noise\n')).toBe(false);
  expect(matchesOutput(['1.5'], '1x5\n')).toBe(false);
});
