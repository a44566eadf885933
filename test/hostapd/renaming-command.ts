import { HostapdRenaming, type HostapdRenamingOptions } from '../../src/radio/hostapd/hostapd-renaming.ts';
import type { Rename } from '../../src/roles/networks/renaming.ts';

/** A command that renames a network, says so, and waits for ever. */
const [options = '', first = '', second = '', bssid = ''] = process.argv.slice(2);
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
const rename: Rename = { challengeId: 'chl_1', first: bytes(first), second: bytes(second), bssids: [bssid], expiresAt: new Date(Date.now() + 3_600_000) };
const renaming = new HostapdRenaming(JSON.parse(options) as HostapdRenamingOptions);
const { signal } = new AbortController();
await renaming.prepare(rename, signal);
await renaming.set(rename, signal);
console.log('renamed');
setInterval(() => {}, 60_000);
