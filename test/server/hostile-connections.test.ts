import { fork } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { ask, RawConnection, requestBytes } from './raw-http.ts';

const kinds = [
  '\u0000\u0001',
  'GET / HTTP/1.1\r\nX: ',
  requestBytes('POST', '/v1/enrollments', { body: '['.repeat(1000) }),
  requestBytes('GET', '/v1/devices', { token: 'lk_factory_aaaaaaaaaaaaaaaaaaaaaa' }),
  '',
];

async function hostile(port: number, index: number): Promise<void> {
  const connection = await RawConnection.open(port).catch(() => undefined);
  if (connection === undefined) return;
  connection.send(kinds[index % kinds.length]!);
  // Some stay until they are answered or cut off, some go away before.
  await Promise.race([connection.reply(), new Promise((resolve) => setTimeout(resolve, 1 + (index % 10)))]);
  connection.socket.destroy();
}

test('ten thousand hostile connections take no memory that stays, and good requests get through meanwhile', async () => {
  const server = fork(new URL('./serving-process.ts', import.meta.url), { serialization: 'json' });
  const message = async () => ((await once(server, 'message')) as [Record<string, number>])[0];
  const resident = async () => {
    server.send('rss');
    return (await message())['rss']! / 2 ** 20;
  };
  try {
    const port = (await message())['port']!;
    const wave = (count: number) => Promise.all(Array.from({ length: count }, (_, index) => hostile(port, index)));
    await wave(250);
    const before = await resident();
    for (let count = 0; count < 40; count += 1) {
      const [good] = await Promise.all([ask(port, 'GET', '/readyz').catch(() => undefined), wave(250)]);
      // One of so many from one address may be one too many; the next is not.
      expect((good ?? (await ask(port, 'GET', '/readyz'))).status).toBe(200);
    }
    expect((await resident()) - before).toBeLessThan(64);
  } finally {
    server.disconnect();
    await once(server, 'exit');
  }
}, 60_000);
