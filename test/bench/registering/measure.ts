import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { postgresBin, startPostgres, type PostgresServer } from '../../postgres.ts';
import { makeHome, type Home } from '../../program.ts';
import type { Row, Section } from '../report.ts';
import { benchDeviceData } from '../seeded-registry.ts';
import { median } from '../statistics.ts';
import { runLatchkey, runWhole, type WholeOptions, type WholeRun } from '../whole-process.ts';
import { cachedIdentityFile, feedIdentities, type IdentityFile } from './identity-file.ts';

export interface RegisteringSizes {
  readonly devices: number;
  readonly rounds: number;
  /** How many are registered in one go, for the memory and for what a full table costs; a whole number of millions. */
  readonly many: number;
  readonly postgres: boolean;
}

/** The fastest table of that key that there is in SQLite, and durable as ours. */
const table = 'create table devices (uuid text not null primary key, pass_tmp text not null, ssid text not null)';
const sqliteTable = `pragma journal_mode = wal; pragma synchronous = full; ${table} without rowid;`;

/** From one million to another: how fast. */
interface Pace {
  readonly run: WholeRun;
  readonly first: number;
  readonly last: number;
}

export async function measureRegistering(sizes: RegisteringSizes, cache: string): Promise<Section> {
  await using closing = new AsyncDisposableStack();
  const folder = mkdtempSync(join(cache, 'run-'));
  closing.defer(() => rmSync(folder, { recursive: true }));
  const home = await makeHome();
  closing.defer(() => home.remove());
  const identities = cachedIdentityFile(cache, sizes.devices);
  const sqlite = await alternated(sizes.rounds, 'SQLite', {
    import: () => importIntoSqlite(folder, identities.path),
    from: () => withNewFile(folder, (url) => register(home, url, ['--from', identities.path])),
    count: () => withNewFile(folder, (url) => {
      const out = join(folder, 'out.ndjson');
      return register(home, url, ['--count', String(sizes.devices), '--ssid', benchDeviceData.ssid, '--out', out]).finally(() =>
        ['', '.run', '.run.lock'].forEach((ending) => rmSync(out + ending)));
    }),
  });
  const paces = sizes.many < 2_000_000 ? undefined : await measurePaces(home, folder, cachedIdentityFile(cache, sizes.many));
  let postgres;
  if (sizes.postgres) {
    const server = await startPostgres({ durable: true });
    closing.defer(() => server.stop());
    postgres = await alternated(sizes.rounds, 'PostgreSQL', {
      copy: () => copyIntoPostgres(server, identities),
      from: () => withNewDatabase(server, (url) => register(home, url, ['--from', identities.path])),
    });
  }
  return toSection(sizes, sqlite, paces, postgres);
}

function register(home: Home, url: string, args: readonly string[], options: WholeOptions = {}): Promise<WholeRun> {
  return runLatchkey(['device', 'register', ...args, '--quiet'], { ...options, env: { ...home.env, LATCHKEY_DATABASE: url } });
}

async function importIntoSqlite(folder: string, path: string, options: WholeOptions = {}): Promise<WholeRun> {
  const file = join(folder, 'import.db');
  try {
    return await runWhole(['sqlite3', file, sqliteTable, `.import --csv --skip 1 ${path} devices`], options);
  } finally {
    removeDatabase(file);
  }
}

async function withNewFile<T>(folder: string, work: (url: string) => Promise<T>): Promise<T> {
  const file = join(folder, 'registry.db');
  try {
    return await work(`sqlite:${file}`);
  } finally {
    removeDatabase(file);
  }
}

function removeDatabase(file: string): void {
  ['', '-wal', '-shm'].forEach((ending) => rmSync(file + ending, { force: true }));
}

async function copyIntoPostgres(server: PostgresServer, { path }: IdentityFile): Promise<WholeRun> {
  const psql = join(await postgresBin(), 'psql');
  return withNewDatabase(server, async (url) => {
    await runWhole([psql, url, '-c', table]);
    return runWhole([psql, url, '-c', `\\copy devices from '${path}' (format csv, header)`]);
  });
}

async function withNewDatabase<T>(server: PostgresServer, work: (url: string) => Promise<T>): Promise<T> {
  const { url, drop } = await server.createDatabase();
  try {
    return await work(url);
  } finally {
    await drop();
  }
}

type Runs<Name extends string> = Readonly<Record<Name, readonly WholeRun[]>>;

async function alternated<Name extends string>(rounds: number, where: string, contenders: Readonly<Record<Name, () => Promise<WholeRun>>>): Promise<Runs<Name>> {
  const names = Object.keys(contenders) as Name[];
  const runs = Object.fromEntries(names.map((name) => [name, [] as WholeRun[]])) as Record<Name, WholeRun[]>;
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) runs[name].push(await contenders[name]());
    console.error(`registering, ${where}, round ${round + 1}: ${names.map((name) => `${name} ${(runs[name].at(-1)!.ms / 1000).toFixed(1)} s`).join(', ')}`);
  }
  return runs;
}

export async function measurePaces(home: Home, folder: string, identities: IdentityFile): Promise<{ ours: Pace; imported: Pace }> {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const imported = await paceOf(identities, pipe, (options) => importIntoSqlite(folder, pipe, options));
  const ours = await paceOf(identities, pipe, (options) => withNewFile(folder, (url) => register(home, url, ['--from', pipe], options)));
  return { ours, imported };
}

/** Of the first million and of the last, by the clock of who feeds them. */
async function paceOf(identities: IdentityFile, pipe: string, work: (options: WholeOptions) => Promise<WholeRun>): Promise<Pace> {
  const at = [performance.now()];
  const run = await work({ beside: () => feedIdentities(identities, pipe, (millions) => (at[millions] = performance.now())) });
  const rate = (million: number) => 1e6 / ((at[million]! - at[million - 1]!) / 1000);
  const pace = { run, first: rate(1), last: rate(at.length - 1) };
  console.error(`registering ${identities.devices}: first million ${Math.round(pace.first)}/s, last ${Math.round(pace.last)}/s, ${run.peakMiB.toFixed(0)} MiB`);
  return pace;
}

function toSection(
  sizes: RegisteringSizes,
  sqlite: Runs<'import' | 'from' | 'count'>,
  paces: { ours: Pace; imported: Pace } | undefined,
  postgres: Runs<'copy' | 'from'> | undefined,
): Section {
  const devices = sizes.devices.toLocaleString('en');
  const speed = (runs: readonly WholeRun[]) => {
    const seconds = median(runs.map(({ ms }) => ms)) / 1000;
    return `${Math.round(sizes.devices / seconds).toLocaleString('en')}/s, ${(median(runs.map(({ cpuMs }) => cpuMs)) / 1000).toFixed(1)} s CPU, ${megabytes(Math.max(...runs.map(({ peakMiB }) => peakMiB)))}`;
  };
  const row = (figure: string, ours: readonly WholeRun[], other: readonly WholeRun[], name: string, least: number): Row => {
    const ratio = median(ours.map(({ ms }, round) => other[round]!.ms / ms));
    return { figure, ours: speed(ours), baseline: `${speed(other)} (${name})`, ratio, goal: { text: `at least ${least}`, met: ratio >= least } };
  };
  return {
    title: 'Registering many',
    rows: [
      row(`\`device register --from\` of ${devices}, SQLite`, sqlite.from, sqlite.import, '`sqlite3 .import`', 0.5),
      row(`\`device register --count\` of ${devices} into \`--out\`, SQLite`, sqlite.count, sqlite.from, '`--from`', 0.8),
      ...(paces === undefined ? [] : paceRows(sizes.many, paces)),
      ...(postgres === undefined ? [] : [row(`\`device register --from\` of ${devices}, PostgreSQL`, postgres.from, postgres.copy, '`\\copy`', 0.3)]),
    ],
    conditions: [
      'Whole processes, not pinned, into new databases, every commit on the disk (SQLite: WAL, `synchronous = full`; PostgreSQL: as it is by default); rates and CPU times are medians, memory the highest peak (VmHWM).',
      `${sizes.rounds} rounds, all contenders after each other in each; each ratio is that of its round. The rows have uuid, pass_tmp and SSID, in no order of uuids.`,
      'Ours checks each row, seals each pass_tmp, and commits each chunk twice, with two threads; `.import` and `\\copy` put three columns into one table with the uuid as its key (in SQLite without rowid, which is faster), in one transaction and one thread (of psql; the server is another).',
      ...(paces === undefined ? [] : [`The ${sizes.many.toLocaleString('en')} came through a pipe, and the clock is of who fed it.`]),
    ],
  };
}

function paceRows(many: number, { ours, imported }: { ours: Pace; imported: Pace }): Row[] {
  const fall = ({ first, last }: Pace) => last / first;
  const text = (pace: Pace) => `${Math.round(pace.first).toLocaleString('en')}/s, then ${Math.round(pace.last).toLocaleString('en')}/s: ${fall(pace).toFixed(2)}`;
  const ratio = fall(ours) / fall(imported);
  const megas = ours.run.peakMiB * 1.048576;
  return [
    {
      figure: `the first million of ${many.toLocaleString('en')}, and the last`,
      ours: text(ours), baseline: `${text(imported)} (\`sqlite3 .import\`)`, ratio,
      goal: { text: 'falls no more', met: ratio >= 1 },
    },
    {
      figure: `memory for ${many.toLocaleString('en')}`,
      ours: megabytes(ours.run.peakMiB), baseline: `${megabytes(imported.run.peakMiB)} (\`sqlite3 .import\`)`,
      goal: { text: 'at most 150 MB', met: megas <= 150 },
    },
  ];
}

const megabytes = (mib: number) => `${(mib * 1.048576).toFixed(0)} MB`;
