import { basename } from 'node:path';
import type { Config } from '@oclif/core/interfaces';
import { LatchkeyError } from '../../domain/errors.ts';
import { bashCompletion } from './bash.ts';
import { commandTree } from './command-tree.ts';
import { fishCompletion } from './fish.ts';
import { powershellCompletion } from './powershell.ts';
import { zshCompletion } from './zsh.ts';

export const shells = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type Shell = (typeof shells)[number];

const makers = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion, powershell: powershellCompletion };

/** Errors: `missing_input` if the shell is none of ours. */
export function completionFor(name: string, config: Config): { shell: Shell; script: string } {
  const shell = shells.find((known) => known === name);
  if (shell === undefined) {
    throw new LatchkeyError('missing_input', `SHELL is missing: name one of ${shells.join(', ')}.`);
  }
  return { shell, script: makers[shell](config.bin, commandTree(config)) };
}

/** The shell of whoever runs this, by its name. */
export function usualShell(): string {
  return basename(process.env['SHELL'] ?? '');
}
