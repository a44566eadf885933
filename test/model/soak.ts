/**
 * `npm run soak`: 300,000 steps and more of payments and sales against the plain ledger and shop, and then of credit
 * payment codes and of shared networks against their plain rules; the results go into RESULT.md, here, in codes/ and in sharing/.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { CodesCoverage } from './codes/codes-coverage.ts';
import { summaryOfCodes, wantedOfCodes } from './codes/play-codes.ts';
import type { Side } from './crash-points.ts';
import { noCoverages, seedOfThisRun, summary, type Exploration, type Played } from './explore.ts';
import { summaryOfShares, wantedOfShares } from './sharing/play-share.ts';

type Counts = Readonly<Record<string, Record<Side, number>>>;
interface Part {
  readonly steps: number;
  readonly runs: number;
  readonly seed: number;
  readonly server: Counts;
  readonly terminal: Counts;
  readonly register: Counts;
  readonly answers: readonly (readonly [string, number])[];
}

type CountedPart = Played & { readonly server: Counts; readonly counts: readonly (readonly [string, number])[] };

const usage = `npm run soak -- [payments] [codes] [sharing] [--sqlite STEPS] [--postgres STEPS] [--codes STEPS] [--codes-postgres STEPS] [--sharing STEPS] [--sharing-postgres STEPS]

Plays payments and sales over a network that loses, doubles and delays, with servers, terminals and cash registers that
crash, and holds them against a plain ledger and a plain shop; by default 290,000 steps on SQLite and 15,000 on PostgreSQL, which takes some ten minutes. Then credit payment codes
with payers and registers that cheat, by default 100,000 steps and 6,000, which takes some three; and shared networks, with guests, sharers and agents that lie or go
silent, by default 40,000 steps and 6,000, which takes some five. Named, these alone; none of 0 steps is played.`;

const kinds = ['payments', 'codes', 'sharing'] as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sqlite: { type: 'string', default: '290000' }, postgres: { type: 'string', default: '15000' },
    codes: { type: 'string', default: '100000' }, 'codes-postgres': { type: 'string', default: '6000' },
    sharing: { type: 'string', default: '40000' }, 'sharing-postgres': { type: 'string', default: '6000' }, help: { type: 'boolean', default: false },
  },
});
const isWanted = (kind: (typeof kinds)[number], steps: string) => Number(steps) > 0 && (positionals.length === 0 || positionals.includes(kind));
if (values.help || positionals.some((name) => !(kinds as readonly string[]).includes(name))) {
  console.log(usage);
} else {
  if (isWanted('payments', values.sqlite)) await soak(Number(values.sqlite), Number(values.postgres));
  if (isWanted('codes', values.codes)) await soakCounted('codes', Number(values.codes), Number(values['codes-postgres']), { summaryOf: summaryOfCodes, wanted: wantedOfCodes });
  if (isWanted('sharing', values.sharing)) await soakCounted('sharing', Number(values.sharing), Number(values['sharing-postgres']), { summaryOf: summaryOfShares, wanted: wantedOfShares });
}

async function soak(sqlite: number, postgres: number): Promise<void> {
  const seed = seedOfThisRun();
  const began = performance.now();
  // Another million seeds for each, so that none is played twice.
  const parts = await Promise.all([
    play('sqlite', Math.ceil(sqlite / 2), seed),
    play('sqlite', Math.ceil(sqlite / 2), seed + 1_000_000),
    play('postgres', postgres, seed + 2_000_000),
  ]);
  const seconds = (performance.now() - began) / 1000;
  const [one, two, three] = parts;
  const blocks = [summary('SQLite', merged([one, two], seconds)), summary('PostgreSQL', merged([three], seconds))];
  report('.', parts, seconds, blocks);
}

async function soakCounted(
  of: 'codes' | 'sharing', sqlite: number, postgres: number,
  { summaryOf, wanted }: { readonly summaryOf: (name: string, played: Played & { readonly coverage: CodesCoverage }) => string; readonly wanted: readonly string[] },
): Promise<void> {
  const seed = seedOfThisRun();
  const began = performance.now();
  const [one, two] = await Promise.all([play<CountedPart>('sqlite', sqlite, seed, of), play<CountedPart>('postgres', postgres, seed + 1_000_000, of)]);
  const blocks = [['SQLite', one], ['PostgreSQL', two]] as const;
  report(of, [one, two], (performance.now() - began) / 1000, blocks.map(([name, { server, counts, ...played }]) => {
    const coverage = new CodesCoverage();
    coverage.server.add(server);
    coverage.add(counts);
    const missing = coverage.missing(wanted);
    if (name === 'SQLite' && missing.length > 0) throw new Error(`There was no ${missing.join(', nor ')}.`);
    return summaryOf(name, { ...played, coverage });
  }));
}

function report(folder: string, parts: readonly { readonly steps: number; readonly seed: number }[], seconds: number, blocks: readonly string[]): void {
  const steps = parts.reduce((sum, part) => sum + part.steps, 0);
  const processor = cpus()[0]?.model ?? 'unknown processor';
  const text = `# What \`npm run soak\` last came to

${steps} steps on ${new Date().toISOString().slice(0, 10)}, in ${Math.round(seconds)} s on ${cpus().length} × ${processor}, seeds ${parts.map(({ seed: of }) => of).join(', ')}: nothing was found.

${blocks.map((block) => `\`\`\`\n${block}\n\`\`\``).join('\n\n')}
`;
  writeFileSync(path.join(import.meta.dirname, folder, 'RESULT.md'), text);
  console.log(text);
}

async function play<Result = Part>(kind: string, steps: number, seed: number, of = 'payments'): Promise<Result> {
  const program = path.join(import.meta.dirname, 'soak-part.ts');
  const env = { ...process.env, LATCHKEY_MODEL_SEED: String(seed) };
  const { stdout } = await promisify(execFile)(process.execPath, [program, kind, String(steps), of], { env, maxBuffer: 2 ** 26 });
  return JSON.parse(stdout) as Result;
}

function merged(parts: readonly Part[], seconds: number): Exploration {
  const coverages = noCoverages();
  for (const { server, terminal, register, answers } of parts) {
    coverages.server.add(server);
    coverages.terminal.add(terminal);
    coverages.register.add(register);
    for (const [answer, count] of answers) coverages.answers.set(answer, (coverages.answers.get(answer) ?? 0) + count);
  }
  const missing = [...coverages.server.missing, ...coverages.terminal.missing, ...coverages.register.missing];
  if (missing.length > 0) throw new Error(`Nothing went wrong ${missing.join(', nor ')}.`);
  const sum = (of: (part: Part) => number) => parts.reduce((total, part) => total + of(part), 0);
  return { steps: sum(({ steps }) => steps), runs: sum(({ runs }) => runs), seed: parts[0]!.seed, seconds, coverages };
}
