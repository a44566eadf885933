import { afterEach, expect, test, vi } from 'vitest';
import { agentLog } from './agent-log.ts';

const isTerminal = process.stderr.isTTY;
afterEach(() => {
  vi.restoreAllMocks();
  process.stderr.isTTY = isTerminal;
});

test('what others wrote does not steer the terminal', () => {
  process.stderr.isTTY = true;
  const written: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  agentLog({ quiet: false, json: false })('warn', 'The registry does not answer.', {
    detail: 'away\u001b[2J\r\nerror: all is lost',
    error: new Error('a\u009b31mb'),
  });
  expect(written).toEqual([
    'warn: The registry does not answer. (detail=away\\x1b[2J\\x0d\\x0aerror: all is lost error=Error: a\\x9b31mb)\n',
  ]);
});
