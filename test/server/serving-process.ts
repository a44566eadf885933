/** A server in a process of its own: says its port, and its resident memory whenever it is asked. */
import { startServer } from './running-server.ts';

const running = await startServer({ limits: { headersMs: 2_000, connectionsPerAddress: 256 } });
process.on('message', () => process.send?.({ rss: process.memoryUsage().rss }));
process.on('disconnect', () => void running.stop().then(() => process.exit()));
process.send?.({ port: running.port });
