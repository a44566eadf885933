import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { administrationFolders } from '../../programs/run-administration-program.ts';
import { programEnvironment } from '../../programs/run-program.ts';

/** One that goes on in the background once it has an address, and fails if it gets none. */
export interface DhcpClient {
  readonly name: string;
  readonly args: readonly string[];
  /** Ends the one that the system has started for the interface, whose lease is of the network before. */
  readonly before?: readonly string[];
}

/** The first DHCP client that this machine has; undefined if there is none. */
export function dhcpClient(face: string): DhcpClient | undefined {
  const pidFile = `/run/dhclient.${face}.pid`;
  const udhcpc = ['-i', face, '-n', '-t', '10', '-T', '3'];
  const known: readonly DhcpClient[] = [
    { name: 'dhcpcd', args: ['-4', '-w', face] },
    { name: 'dhclient', args: ['-4', '-1', '-pf', pidFile, face], before: ['-4', '-x', '-pf', pidFile, face] },
    { name: 'udhcpc', args: udhcpc },
    { name: 'busybox', args: ['udhcpc', ...udhcpc] },
  ];
  return known.find(({ name }) => isInstalled(name));
}

/** Whether it got an address. Unlike what `runProgram` runs, it stays when we are gone, and holds nothing of ours open. */
export async function runDhcpClient({ name, args, before }: DhcpClient, signal: AbortSignal): Promise<boolean> {
  if (before !== undefined) {
    await start(name, before, signal);
  }
  return (await start(name, args, signal)) === 0;
}

function start(program: string, args: readonly string[], signal: AbortSignal): Promise<number | null> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve(null);
      return;
    }
    const child = spawn(program, args, { env: { ...programEnvironment(), PATH: administrationFolders() }, stdio: 'ignore', detached: true });
    const stop = () => child.pid !== undefined && killGroup(child.pid);
    signal.addEventListener('abort', stop, { once: true });
    child.once('error', () => resolve(null));
    child.once('exit', (code) => {
      signal.removeEventListener('abort', stop);
      resolve(code);
    });
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    // It has ended already.
  }
}

function isInstalled(program: string): boolean {
  return administrationFolders().split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
