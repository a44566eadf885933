import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { NamedBss } from './named-bss.ts';
import { setBack, type Renamed } from './set-back.ts';

/** Who sets the name back: a process, and when it was started, for another may have its number by now. */
export interface Guardian {
  readonly pid: number;
  readonly startedAt: string;
}

export interface Guarded extends Renamed {
  readonly guardian: Guardian;
}

const ending = '.renamed.json';
const longestMs = 10_000;

export function renamedFile(folder: string, { challengeId }: Pick<Renamed, 'challengeId'>): string {
  return join(folder, `${challengeId}${ending}`);
}

/** On the disk when it returns. */
export function keepRenamed(folder: string, guarded: Guarded): void {
  const path = renamedFile(folder, guarded);
  const fresh = `${path}.new`;
  writeFileSync(fresh, `${JSON.stringify(guarded)}\n`, { mode: 0o600, flush: true });
  renameSync(fresh, path);
  syncFolder(path);
}

export function forgetRenamed(folder: string, renamed: Pick<Renamed, 'challengeId'>): void {
  rmSync(renamedFile(folder, renamed), { force: true });
}

/** What is renamed, or was left so, of these BSSes. */
export function renamedOf(folder: string, bsses: readonly Pick<NamedBss, 'interface' | 'controlDirectory'>[]): Guarded[] {
  const isOne = (one: NamedBss) => bsses.some((other) => other.interface === one.interface && other.controlDirectory === one.controlDirectory);
  return namesIn(folder).filter((name) => name.endsWith(ending)).flatMap((name) => read(join(folder, name))).filter((kept) => kept.bsses.some(isOne));
}

/**
 * Sets the names of these BSSes back that were left renamed, with who was to do it: such as when the machine's services
 * were killed. Resolves to what is renamed rightly, by one that is there. Errors: those of `setBack`.
 */
export async function setBackWhatIsLeft(folder: string, bsses: readonly Pick<NamedBss, 'interface' | 'controlDirectory'>[], signal: AbortSignal): Promise<readonly Guarded[]> {
  const kept = renamedOf(folder, bsses);
  const late = AbortSignal.any([signal, AbortSignal.timeout(longestMs)]);
  for (const left of kept.filter(({ guardian }) => !isThere(guardian))) {
    await setBack(left, late);
    forgetRenamed(folder, left);
  }
  return kept.filter(({ guardian }) => isThere(guardian));
}

/** When a process was started, in the kernel's ticks since the machine was (proc(5), stat, field 22); undefined: there is none. */
export function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // A program may have any name, in parentheses.
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : fields[18];
  } catch {
    return undefined;
  }
}

function isThere({ pid, startedAt }: Guardian): boolean {
  return startOf(pid) === startedAt;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** One that went meanwhile, or that is damaged, is none. */
function read(path: string): Guarded[] {
  try {
    return [JSON.parse(readFileSync(path, 'utf8')) as Guarded];
  } catch {
    return [];
  }
}

function syncFolder(path: string): void {
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
