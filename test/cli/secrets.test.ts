import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { program } from '../program.ts';
import { requires } from '../requirements.ts';
import { CommandLine } from './command-line.ts';

requires('strace')('the processes of a whole onboarding', () => {
  test('carry no secret in their arguments or environment', { timeout: 60_000 }, async () => {
    const cli = await CommandLine.make();
    try {
      const trace = join(cli.folder, 'trace');
      const options = ['-f', '-qq', '-e', 'trace=execve,execveat', '-e', 'signal=none', '-v', '-s', '65536', '-o', trace];
      const child = spawn('strace', [...options, process.execPath, program, 'demo', '--json'], { env: cli.env, stdio: ['ignore', 'pipe', 'pipe'] });
      let stdout = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      const [code] = await once(child, 'close');
      expect(code).toBe(0);

      const told = stdout.trim().split('\n').flatMap((line) => (JSON.parse(line) as { lines?: string[] }).lines ?? []);
      const secretOf = (name: RegExp) => told.map((line) => name.exec(line)?.[1]).find((found) => found !== undefined)!;
      const passTmp = secretOf(/^pass_tmp\s+(\S+)$/);
      const password = secretOf(/^password:\s+(\S+)$/);
      expect(passTmp).toMatch(/^[0-9a-z]{26}$/);
      expect(password).toMatch(/^\S{8,}$/);

      const started = readFileSync(trace, 'utf8');
      expect(started.match(/execve/g)!.length).toBeGreaterThan(8);
      for (const secret of [passTmp, password]) {
        expect(started.includes(secret)).toBe(false);
      }
      // Tokens, and the codes that give them.
      expect(started.match(/\blke?_[A-Za-z0-9]+_?[A-Za-z0-9_-]{16,}/g)).toBeNull();
    } finally {
      await cli.close();
    }
  });
});
