import { expect, test } from 'vitest';
import { LatchkeyError } from '../domain/errors.ts';
import { wordsOf } from './child.ts';

test.each<[command: string, words: string[]]>([
  ['notify', ['notify']],
  ['  /opt/a b   c ', ['/opt/a', 'b', 'c']],
  [`"/opt/my program" 'it said "yes"' ""`, ['/opt/my program', 'it said "yes"', '']],
  ['sh -c $(id)`id`;|&*', ['sh', '-c', '$(id)`id`;|&*']],
])('%s', (command, words) => {
  expect(wordsOf(command)).toEqual(words);
});

test.each(['', '   ', '""', `'' x`, '"a', 'a"b"', `'a'b`])('%j is no command', (command) => {
  expect(() => wordsOf(command)).toThrow(expect.objectContaining({ code: 'invalid_input' }) as LatchkeyError);
});
