import { existsSync, readFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Runs beside pcscd, in its network: lets cards in by a Unix socket for each reader's port. Says `ready` when both ends are. */
const [folder, ...ports] = process.argv.slice(2);

function isListening(port: string): boolean {
  const hex = Number(port).toString(16).toUpperCase().padStart(4, '0');
  return new RegExp(`:${hex} 0{8}:0{4} 0A `).test(readFileSync('/proc/net/tcp', 'utf8'));
}

const giveUp = AbortSignal.timeout(20_000);
// To look by connecting would be a card.
while (!existsSync(join(folder!, 'pcscd', 'pcscd.comm')) || !ports.every(isListening)) {
  giveUp.throwIfAborted();
  await delay(5);
}
for (const port of ports) {
  const server = createServer((card) => {
    const reader = connect({ host: '127.0.0.1', port: Number(port), noDelay: true });
    const end = () => [card, reader].forEach((socket) => socket.destroy());
    [card, reader].forEach((socket) => socket.on('error', end).on('close', end));
    card.pipe(reader).pipe(card);
  });
  await new Promise<void>((resolve) => server.listen(join(folder!, port), resolve));
}
console.log('ready');
