import { readFile } from 'node:fs/promises';
import { LatchkeyError } from '../../domain/errors.ts';
import type { InterfaceCounters } from '../../domain/interface-meter.ts';

/** Of this process's own network namespace (proc_pid_net(5)), where /sys may be of another, with an interface of the same name. */
const ownInterfaces = '/proc/net/dev';
/** Columns behind the name. */
const [received, sent] = [0, 8];

/** What an interface of this Linux machine has counted. `table`: a file like /proc/net/dev. Errors: `interface_not_found`. */
export async function interfaceCounters(name: string, table = ownInterfaces): Promise<InterfaceCounters> {
  try {
    const lines = (await readFile(table, 'utf8')).split('\n').map((line) => line.trim());
    const columns = lines.find((line) => line.startsWith(`${name}:`))!.slice(name.length + 1).trim().split(/\s+/);
    return { received: BigInt(columns[received]!), sent: BigInt(columns[sent]!) };
  } catch (error) {
    throw new LatchkeyError('interface_not_found', `The counters of interface ${name} cannot be read.`, { cause: error });
  }
}
