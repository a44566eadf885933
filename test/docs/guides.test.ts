import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { consoleCommands, matchesOutput } from './console-blocks.ts';
import { ShellSession } from './shell-session.ts';

const root = new URL('../../', import.meta.url);
const guides = globSync(['README.md', 'docs/*.md'], { cwd: root }).sort();

for (const guide of guides) {
  const commands = consoleCommands(await readFile(new URL(guide, root), 'utf8'));
  if (commands.length === 0) continue;
  describe(guide, () => {
    let session: ShellSession;
    beforeAll(async () => {
      session = await ShellSession.start();
    });
    afterAll(async () => {
      await session.stop();
    });

    // One test a guide: its commands build on each other.
    test('every command prints what the guide shows', { timeout: 180_000 }, async ({ signal }) => {
      for (const step of commands) {
        const at = `${guide}:${step.line}: ${step.command}`;
        if (step.background) {
          const output = await session.runInBackground(step, signal);
          expect(matchesOutput([...step.expected, '…'], output), `${at}\n${output}`).toBe(true);
          continue;
        }
        const { output, exit } = await session.run(step.command);
        expect(matchesOutput(step.expected, output), `${at}\nexpected:\n${step.expected.join('\n')}\ngot:\n${output}`).toBe(true);
        expect(exit, at).toBe(step.exit);
      }
    });
  });
}
