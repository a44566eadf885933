import { spawnSync } from 'node:child_process';
import type { Config } from '@oclif/core/interfaces';
import { expect, test } from 'vitest';
import { completionFor, shells } from './completion.ts';

const config = {
  bin: 'latchkey',
  topics: [{ name: 'device', description: 'Devices: it’s all of them' }],
  commands: [
    {
      id: 'device:list',
      summary: 'List devices.',
      hidden: false,
      flags: {
        state: { name: 'state', type: 'option', description: 'Only in this state.', options: ['reserved', 'revoked'] },
        output: { name: 'output', type: 'option', description: 'Write it here.', helpValue: 'PATH' },
        quiet: { name: 'quiet', char: 'q', type: 'boolean', description: 'Say nothing.' },
      },
    },
    { id: 'device:show', summary: 'Show [one] device: all of it.', hidden: false, flags: {} },
    { id: 'whoami', summary: 'Say who.', hidden: false, flags: {} },
  ],
} as unknown as Config;

function completed(...line: string[]): string[] {
  const { script } = completionFor('bash', config);
  const words = line.map((word) => `'${word}'`).join(' ');
  const ask = `${script}\nCOMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _latchkey; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', ask], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.trim().split('\n').filter((word) => word !== '');
}

test('bash completes topics, commands, flags and their values', () => {
  expect(completed('latchkey', '')).toEqual(['device', 'whoami']);
  expect(completed('latchkey', 'device', '')).toEqual(['list', 'show']);
  expect(completed('latchkey', 'device', 'sh')).toEqual(['show']);
  expect(completed('latchkey', 'device', 'list', '--s')).toEqual(['--state']);
  expect(completed('latchkey', 'device', 'list', '-q', '--state', 'rev')).toEqual(['revoked']);
  expect(completed('latchkey', 'device', 'list', '--output', '/etc/host')).toContain('/etc/hosts');
  expect(completed('latchkey', 'device', 'show', '--state', '')).toEqual([]);
});

test.each(shells)('the script for %s knows every command and flag', (shell) => {
  const { script } = completionFor(shell, config);
  for (const word of ['device', 'list', 'show', 'whoami', 'state', 'output', 'quiet', 'help', 'reserved']) {
    expect(script).toContain(word);
  }
});

test('without a shell of ours it asks for one', () => {
  expect(() => completionFor('tcsh', config)).toThrow(expect.objectContaining({ code: 'missing_input' }));
});
