/**
 * `npm run soak`: 300,000 steps and more of payments and sales against the plain ledger and shop, and then of credit
 * payment codes against the plain rules; the results go into RESULT.md, here and in codes/.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { CodesCoverage } from './codes/codes-coverage.ts';
import { summaryOfCodes, wantedOfCodes, type PlayedCodes } from './codes/play-codes.ts';
import type { Side } from './crash-points.ts';
import { noCoverages, seedOfThisRun, summary, type Exploration } from './explore.ts';

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

type CodesPart = Omit<PlayedCodes, 'coverage'> & { readonly server: Counts; readonly counts: readonly (readonly [string, number])[] };

const usage = `npm run soak -- [--sqlite STEPS] [--postgres STEPS] [--codes STEPS] [--codes-postgres STEPS]

Plays payments and sales over a network that loses, doubles and delays, with servers, terminals and cash registers that
crash, and holds them against a plain ledger and a plain shop; by default 290,000 steps on SQLite and 15,000 on PostgreSQL, which takes some ten minutes. Then credit payment codes
with payers and registers that cheat, by default 100,000 steps and 6,000, which takes some three. None of 0 steps is played.`;

const { values } = parseArgs({
  options: {
    sqlite: { type: 'string', default: '290000' }, postgres: { type: 'string', default: '15000' },
    codes: { type: 'string', default: '100000' }, 'codes-postgres': { type: 'string', default: '6000' }, help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(usage);
} else {
  if (Number(values.sqlite) > 0) await soak(Number(values.sqlite), Number(values.postgres));
  if (Number(values.codes) > 0) await soakCodes(Number(values.codes), Number(values['codes-postgres']));
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

async function soakCodes(sqlite: number, postgres: number): Promise<void> {
  const seed = seedOfThisRun();
  const began = performance.now();
  const [one, two] = await Promise.all([play<CodesPart>('sqlite', sqlite, seed, 'codes'), play<CodesPart>('postgres', postgres, seed + 1_000_000, 'codes')]);
  const blocks = [['SQLite', one], ['PostgreSQL', two]] as const;
  report('codes', [one, two], (performance.now() - began) / 1000, blocks.map(([name, { server, counts, ...played }]) => {
    const coverage = new CodesCoverage();
    coverage.server.add(server);
    coverage.add(counts);
    const missing = coverage.missing(wantedOfCodes);
    if (name === 'SQLite' && missing.length > 0) throw new Error(`There was no ${missing.join(', nor ')}.`);
    return summaryOfCodes(name, { ...played, coverage });
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
