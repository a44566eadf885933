import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DeviceIdentity } from '../../src/roles/device/ports.ts';
import { askAs, getStatus, plainCall, sayHello, secureCall } from './raw-device.ts';
import { onboardingSsid, password } from './site.ts';

const connections = 10_000;
const atOnce = 2000;
const allowedMiB = 64;

interface Agent {
  readonly helloPort: number;
  readonly securePort: number;
  readonly devices: DeviceIdentity[];
}

let child: ChildProcess;
let agent: Agent;
beforeAll(async () => {
  child = spawn(process.execPath, [fileURLToPath(new URL('agent-process.ts', import.meta.url))], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  agent = JSON.parse(line) as Agent;
});
afterAll(async () => {
  if (child.exitCode === null) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
});

test(`${connections} hostile connections cost at most ${allowedMiB} MiB, and a good device gets on meanwhile`, { timeout: 180_000 }, async () => {
  // Warm: code compiled, pools filled, as in an agent that has been at work.
  for (let i = 0; i < 5; i++) {
    await goodDevice(agent.devices.pop()!);
  }
  const before = await residentMiB();
  let most = before;
  const watch = setInterval(() => void residentMiB().then((now) => (most = Math.max(most, now))), 50);
  let left = connections;
  const hostile = Array.from({ length: atOnce }, async () => {
    while (left > 0) {
      const number = left--;
      await attacks[number % attacks.length]!(addressOf(number));
    }
  });
  const attacked = Promise.all(hostile);
  let gotOn = 0;
  while (left > connections / 20 && agent.devices.length > 2) {
    await goodDevice(agent.devices.pop()!);
    gotOn++;
  }
  await attacked;
  clearInterval(watch);
  await goodDevice(agent.devices.pop()!);
  expect(gotOn).toBeGreaterThan(0);
  expect(most - before).toBeLessThan(allowedMiB);
  expect(child.exitCode).toBeNull();
});

/** A good device comes from an address of its own, as everybody on a network does, and may have to come again. */
async function goodDevice(identity: DeviceIdentity): Promise<void> {
  for (;;) {
    try {
      const hello = await sayHello(agent, identity, { localAddress: '127.0.0.1' });
      const requestId = await askAs(hello);
      expect((await getStatus(hello, requestId, 30)).body).toMatchObject({ status: 'approved', password });
      return;
    } catch (error) {
      const { status, code } = error as { status?: number; code?: string };
      if (status !== 503 && code !== 'ECONNRESET') {
        throw error;
      }
    }
  }
}

/** All the addresses that an onboarding network of the usual size has for its attackers. */
function addressOf(number: number): string {
  return `127.7.0.${1 + (number % 250)}`;
}

async function residentMiB(): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

/** Each opens one connection, does its worst, and holds it for a while or until it is closed. */
type Attack = (localAddress: string) => Promise<unknown>;
const attacks: Attack[] = ([
  (from) => hold(agent.helloPort, from, ''),
  (from) => hold(agent.helloPort, from, 'POST /v1/hello HTTP/1.1\r\nhost: x\r\n'),
  (from) => hold(agent.helloPort, from, `POST /v1/hello HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 4000\r\n\r\n${'['.repeat(3000)}`),
  (from) => hold(agent.helloPort, from, `POST /v1/hello HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99999999\r\n\r\n${'x'.repeat(60_000)}`),
  (from) => hold(agent.helloPort, from, `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(60_000)}`),
  (from) => hold(agent.helloPort, from, 'GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(100)),
  (from) => hold(agent.helloPort, from, randomBytes(2000)),
  (from) => hold(agent.securePort, from, ''),
  (from) => hold(agent.securePort, from, randomBytes(2000)),
  // A handshake that begins and goes no further.
  (from) => hold(agent.securePort, from, Buffer.concat([Buffer.from('1603010200010001fc0303', 'hex'), randomBytes(400)])),
  (from) => plainCall(agent.helloPort, { path: '/v1/hello', localAddress: from, body: helloOf(agent.devices[0]!) }),
  (from) =>
    plainCall(agent.helloPort, {
      path: '/v1/access-requests?wait=1',
      localAddress: from,
      body: { uuid: agent.devices[0]!.uuid, onboarding_ssid: onboardingSsid, pass_tmp: 'guess' },
    }),
  (from) => secureCall(agent.securePort, { helloId: 'hel_none', psk: randomBytes(32) }, { path: '/', localAddress: from }),
  async (from) => {
    const { body } = await plainCall(agent.helloPort, { path: '/v1/hello', localAddress: from, body: helloOf(agent.devices[0]!) });
    await secureCall(agent.securePort, { helloId: String(body.hello_id), psk: randomBytes(32) }, { path: '/', localAddress: from });
  },
] satisfies Attack[]).map((attack) => (from) => settled(attack(from)));

function helloOf({ uuid }: DeviceIdentity) {
  return { uuid, onboarding_ssid: onboardingSsid, device_nonce: randomBytes(32).toString('base64url') };
}

function hold(port: number, localAddress: string, bytes: string | Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket: Socket = createConnection({ port, host: '127.0.0.1', localAddress });
    const timer = setTimeout(() => socket.destroy(), 1000);
    socket.on('error', () => {});
    socket.resume().once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.write(bytes);
  });
}

/** What an attacker gets for it is its own affair. */
async function settled(attack: Promise<unknown>): Promise<void> {
  await attack.catch(() => undefined);
}
