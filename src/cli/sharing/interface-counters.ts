import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LatchkeyError } from '../../domain/errors.ts';
import type { InterfaceCounters } from '../../domain/interface-meter.ts';

const sysfs = '/sys/class/net';

/** What an interface of this Linux machine has counted. Errors: `interface_not_found`. */
export async function interfaceCounters(name: string, folder = sysfs): Promise<InterfaceCounters> {
  const read = async (counter: string) => BigInt((await readFile(join(folder, name, 'statistics', counter), 'utf8')).trim());
  try {
    const [received, sent] = await Promise.all([read('rx_bytes'), read('tx_bytes')]);
    return { received, sent };
  } catch (error) {
    throw new LatchkeyError('interface_not_found', `The counters of interface ${name} cannot be read.`, { cause: error });
  }
}
