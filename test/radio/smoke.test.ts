import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { suiteLab } from './lab/suite-lab.ts';

const lab = suiteLab({ radios: 3 });
const program = path.join(import.meta.dirname, '../../bin/run.js');

test('a command has its exit code, its output and its namespace', async () => {
  expect(await lab().run('echo out; echo error >&2; exit 7')).toEqual({ code: 7, stdout: 'out\n', stderr: 'error\n' });
  await lab().namespace('apart');
  expect(await lab().do('ls /sys/class/net')).toContain('wlan0');
  expect(await lab().do('ip -o link', { namespace: 'apart' })).toMatch(/^1: lo: <LOOPBACK,UP.*\n$/);
});

test('commands run at the same time', async () => {
  const waiting = lab().do('mkfifo /run/pipe; cat /run/pipe');
  const process = await lab().start('writer', `sh -c 'echo "$WORD" > /run/pipe; echo done; exec cat /run/pipe'`, { env: { WORD: "it's" } });
  expect(await waiting).toBe("it's\n");
  await process.until(/done/);
  expect(await process.stop()).toBe(128 + 15);
});

test('a command that takes too long is killed', async () => {
  await expect(lab().run('echo begun; cat /dev/zero > /dev/null', { timeoutMs: 1000 })).rejects.toThrow(/did not end in 1000 ms:\nbegun/);
});

test('waiting for what is not written ends with what was', async () => {
  const process = await lab().start('short', `sh -c 'echo last words; exit 3'`);
  await expect(process.until(/never/)).rejects.toThrow('short ended with 3 before it wrote /never/:\nlast words');
});

test('node and the program start in the guest', async () => {
  expect(await lab().do('node --version')).toBe(`${process.version}\n`);
  const env = { HOME: '/tmp/home', LATCHKEY_CACHE_HOME: '/tmp/cache' };
  expect(await lab().do(`node ${program} --version`, { env })).toMatch(/^latchkey\/\d/);
});

test('the loopback of this machine is at 10.0.2.2', async () => {
  const server = createServer((socket) => socket.end('hello from the host\n')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    expect(await lab().do(`nc 10.0.2.2 ${port}`)).toBe('hello from the host\n');
  } finally {
    server.close();
  }
});

test('the firewall takes rules and holds to them', async () => {
  await lab().do('nft add table inet smoke');
  expect(await lab().do('nft list tables')).toBe('table inet smoke\n');
  await lab().do(`nft 'add chain inet smoke in { type filter hook input priority 0; }; add rule inet smoke in ct state new ip daddr 127.0.0.9 reject'`);
  expect((await lab().run('ping -c 1 -W 1 127.0.0.1')).code).toBe(0);
  expect((await lab().run('ping -c 1 -W 1 127.0.0.9')).code).toBe(1);
});
