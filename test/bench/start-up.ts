import { spawnSync } from 'node:child_process';
import { makeHome, program } from '../program.ts';
import type { Row, Section } from './report.ts';
import { median } from './statistics.ts';

const commands = [
  { args: ['--version'], most: 1.8 },
  { args: ['device', 'register', '--help'], most: 2.0 },
  { args: ['grant', 'list'], most: 2.2 },
] as const;

/** The whole life of a process as its caller sees it, against that of a Node that does nothing. */
export async function measureStartUp({ rounds }: { readonly rounds: number }): Promise<Section> {
  const home = await makeHome();
  try {
    const bare = { name: 'node -e 0', run: () => timed(['-e', '0'], home.env) };
    const ours = commands.map(({ args }) => ({ args, run: () => timed([program, ...args], home.env) }));
    // The first runs make the database and fill the compile cache.
    for (const { run } of [...ours, ...ours]) run();
    const times = { bare: [] as number[], ours: commands.map(() => [] as number[]) };
    for (let round = 0; round < rounds; round += 1) {
      times.bare.push(bare.run());
      ours.forEach(({ run }, index) => times.ours[index]!.push(run()));
    }
    const floor = median(times.bare);
    const rows = commands.map(({ args, most }, index): Row => {
      const own = median(times.ours[index]!);
      const ratio = own / floor;
      return {
        figure: `\`latchkey ${args.join(' ')}\`${args[0] === 'grant' ? ', embedded database' : ''}`,
        ours: `${own.toFixed(1)} ms`,
        baseline: `${floor.toFixed(1)} ms (\`${bare.name}\`)`,
        ratio,
        goal: { text: `at most ${most.toFixed(1)}`, met: ratio <= most },
      };
    });
    return { title: 'Start-up', rows, conditions: [`Medians of ${rounds} alternated runs of whole processes, not pinned, files and compile cache warm.`] };
  } finally {
    await home.remove();
  }
}

function timed(args: readonly string[], env: Record<string, string>): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const time = performance.now() - start;
  if (status !== 0) {
    throw new Error(`${args.join(' ')} ended with ${status}: ${stderr.toString()}`);
  }
  return time;
}
