import { readFileSync } from 'node:fs';

/** The kernel counts CPU time in hundredths of a second towards user space (proc(5), sysconf(_SC_CLK_TCK)). */
const tickMs = 10;

export interface Usage {
  readonly atMs: number;
  /** User and system time of all the process's threads so far. */
  readonly cpuMs: number;
}

export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // Fields 14 and 15; the second, the command, may hold spaces and ends with the last parenthesis.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { atMs: performance.now(), cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs };
}

/** How much of a core the process had between two moments: 1 is all of it. */
export function busyShare(from: Usage, to: Usage): number {
  return (to.cpuMs - from.cpuMs) / (to.atMs - from.atMs);
}

/** The most memory that the process has had resident, in MiB (proc(5), VmHWM). */
export function peakMemoryMiB(pid: number): number {
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  return Number(line?.[1] ?? Number.NaN) / 1024;
}
