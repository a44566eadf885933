import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DebianPackage } from '../../scripts/testing/debian-packages.ts';
import { startPostgres, type PostgresServer } from '../postgres.ts';
import { requires } from '../requirements.ts';
import { consoleCommands, matchesOutput, type ConsoleCommand } from './console-blocks.ts';
import { ShellSession } from './shell-session.ts';

const root = new URL('../../', import.meta.url);
const guides = globSync(['README.md', 'docs/*.md'], { cwd: root }).sort();

for (const guide of guides) {
  const commands = consoleCommands(await readFile(new URL(guide, root), 'utf8'));
  if (commands.length === 0) continue;
  requires('iproute2', ...toolsOf(commands))(guide, () => {
    let postgres: PostgresServer | undefined;
    let session: ShellSession;
    beforeAll(async () => {
      postgres = toolsOf(commands).includes('postgresql') ? await startPostgres() : undefined;
      session = await ShellSession.start(postgres && { PGHOST: postgres.socketFolder, PGPORT: `${postgres.port}`, PGUSER: 'latchkey' });
    });
    afterAll(async () => {
      await session.stop();
      await postgres?.stop();
    });

    // One test a guide: its commands build on each other.
    test('every command prints what the guide shows', { timeout: 300_000 }, async ({ signal }) => {
      for (const step of commands) {
        const at = `${guide}:${step.line}: ${step.command}`;
        if (step.background) {
          const output = await session.runInBackground(step, AbortSignal.any([signal, AbortSignal.timeout(30_000)]));
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

/** What of the system a guide's commands call, as Debian's packages. */
function toolsOf(commands: readonly ConsoleCommand[]): DebianPackage[] {
  const tools: Record<string, readonly DebianPackage[]> = {
    curl: ['curl'],
    jq: ['jq'],
    openssl: ['openssl'],
    zbarimg: ['zbar-tools'],
    hledger: ['hledger'],
    hostapd: ['hostapd'],
    createdb: ['postgresql'],
    radclient: ['freeradius-utils'],
    nft: ['nftables'],
    '--check': ['hostapd', 'nftables'],
    // All that is made here is the reference device.
    make: ['make', 'gcc', 'libc6-dev', 'libmbedtls-dev'],
  };
  return Object.entries(tools).flatMap(([tool, packages]) =>
    commands.some(({ command }) => new RegExp(`(?<![\\w-])${tool} `).test(command)) ? packages : [],
  );
}
