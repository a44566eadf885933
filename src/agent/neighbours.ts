import { readFileSync } from 'node:fs';

/** Linux's table of neighbours: the header, then `address type flags mac mask device` (proc(5)). */
const table = '/proc/net/arp';
const noMac = '00:00:00:00:00:00';

/** The MAC address that the kernel has seen behind an IPv4 address of a network that this machine is on. */
export function macOf(address: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(table, 'utf8');
  } catch {
    // Not Linux: then nobody is known by his MAC.
    return undefined;
  }
  const row = text.split('\n').find((line) => line.startsWith(`${address} `));
  const mac = row?.split(/\s+/)[3]?.toLowerCase();
  return mac === noMac ? undefined : mac;
}
