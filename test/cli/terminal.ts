import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { program } from '../program.ts';
import type { CommandLine } from './command-line.ts';

/** A command at a terminal: what it shows, and keys for it. */
export interface Terminal {
  /** Resolves when what is shown holds the text, from where the last wait ended. */
  shows(text: string | RegExp): Promise<string>;
  type(keys: string): void;
  readonly code: Promise<number | null>;
  /** All that was shown, without escape sequences. */
  readonly screen: () => string;
}

/** `script` (util-linux) gives it a terminal of its own, 100 columns wide if nothing else is said. */
export function atTerminal(cli: CommandLine, args: readonly string[], env: Record<string, string> = {}, { columns = 100, rows = 50 } = {}): Terminal {
  const words = [process.execPath, program, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', `stty cols ${columns} rows ${rows}; exec ${words}`, '/dev/null'], {
    env: { ...cli.env, TERM: 'xterm', ...env },
    cwd: cli.folder,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill());
  let shown = '';
  let from = 0;
  const looking = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    looking.forEach((look) => look());
  });
  const code = once(child, 'close').then(([status]) => status as number | null);
  const plain = () => shown.replaceAll(/\u001b\[[0-9;?]*[A-Za-z]/g, '').replaceAll('\r', '');
  return {
    screen: plain,
    code,
    type: (keys) => void child.stdin.write(keys),
    shows: (text) =>
      Promise.race([
        new Promise<string>((resolve) => {
          const look = () => {
            const rest = plain().slice(from);
            const found = typeof text === 'string' ? (rest.includes(text) ? { index: rest.indexOf(text), 0: text } : undefined) : text.exec(rest);
            if (found) {
              looking.delete(look);
              from += found.index! + found[0].length;
              resolve(found[0]);
            }
          };
          looking.add(look);
          look();
        }),
        code.then((status) => Promise.reject(new Error(`It ended with ${status} and never showed ${text}:\n${plain()}`))),
      ]),
  };
}
