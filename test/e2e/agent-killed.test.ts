import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { SecureAccessPointLink } from '../../src/client/access-point/link.ts';
import { LatchkeyError } from '../../src/domain/errors.ts';
import type { DeviceIdentity } from '../../src/roles/device/ports.ts';
import { OwnerService } from '../../src/roles/owner/service.ts';
import { LongRunning, makeHome } from '../program.ts';
import { Registry } from './registry.ts';

const kills = 25;
const devicesARound = 3;

/** A device, and how far the agent has said that it is. */
interface Device {
  readonly identity: DeviceIdentity;
  readonly link: SecureAccessPointLink;
  requestId: string | undefined;
  acknowledged: 'nothing' | 'asked' | 'granted' | 'joined';
}

test(`an agent killed ${kills} times amid devices goes on where it was`, { timeout: 300_000 }, async () => {
  const home = await makeHome();
  onTestFinished(() => home.remove());
  const database = `sqlite:${path.join(home.folder, 'registry.db')}`;
  const registry = await Registry.open(database, home.key);
  onTestFinished(() => registry.close());
  const owner = new OwnerService(registry.context());
  const { secret, token } = await registry.token('ap', 'hall');
  const server = await LongRunning.start(['server', 'start', '--listen', '127.0.0.1:0', '--database', database], home.env);
  onTestFinished(() => server.end('SIGKILL'));

  const passwordFile = path.join(home.folder, 'wifi');
  await writeFile(passwordFile, 'correct horse 9!\n', { mode: 0o600 });
  const [port, securePort] = await freePorts();
  const startAgent = () =>
    LongRunning.start(
      // prettier-ignore
      ['ap', 'serve', '--onboarding-ssid', 'setup', '--ssid', 'Home', '--password-file', passwordFile,
       '--listen', '127.0.0.1', '--port', String(port), '--secure-port', String(securePort), '--server', String(server.ready['url'])],
      { ...home.env, LATCHKEY_TOKEN: secret },
    );

  const devices: Device[] = [];
  let agent = await startAgent();
  onTestFinished(() => agent.end('SIGKILL'));
  for (let kill = 0; kill < kills; kill++) {
    const arrivals = await Promise.all(
      Array.from({ length: devicesARound }, async (): Promise<Device> => {
        const { uuid, passTmp } = await registry.device();
        return {
          identity: { uuid, ssid: 'setup', passTmp },
          link: new SecureAccessPointLink({ host: '127.0.0.1', port }),
          requestId: undefined,
          acknowledged: 'nothing',
        };
      }),
    );
    devices.push(...arrivals);
    // The kill falls behind one of the acknowledgements of this round, and before its last.
    const progress = new Progress(1 + randomInt(3 * devicesARound - 1));
    const working = Promise.all(arrivals.map((device) => untilJoined(device, owner, progress)));
    await progress.reached;
    await agent.end('SIGKILL');
    agent = await startAgent();
    await working;
  }

  // What devices said is told to the registry, also what was said just before a kill.
  await expect
    .poll(async () => {
      const requests = await owner.requests({ apIds: [token.apId!] }, { limit: 1000 });
      const granted = requests.items.filter(({ id }) => devices.some(({ requestId }) => requestId === id));
      return granted.map(({ status }) => status);
    }, { timeout: 20_000 })
    .toEqual(devices.map(() => 'joined'));
  const grants = await owner.grants({ state: 'active' }, { limit: 1000 });
  expect(grants.items.map(({ subject }) => subject.id).toSorted()).toEqual(devices.map(({ identity }) => identity.uuid).toSorted());
});

/** Counts acknowledgements up to the one behind which the agent is killed. */
class Progress {
  readonly reached: Promise<void>;
  readonly #reach: () => void;
  #left: number;

  constructor(wanted: number) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.reached = promise;
    this.#reach = resolve;
    this.#left = wanted;
  }

  acknowledged(): void {
    this.#left -= 1;
    if (this.#left === 0) {
      this.#reach();
    }
  }
}

async function untilJoined(device: Device, owner: OwnerService, progress: Progress): Promise<void> {
  while (device.acknowledged !== 'joined') {
    try {
      await advance(device, owner, progress);
    } catch (error) {
      // Only what a killed agent looks like from outside: nobody there, or nobody there yet.
      const code = error instanceof LatchkeyError ? error.code : 'internal';
      expect(['remote_unreachable', 'server_unavailable', 'agent_busy'], String(error)).toContain(code);
      await delay(20);
    }
  }
  await device.link.close();
}

/** One device goes as far as it can; what was acknowledged before must still hold. */
async function advance(device: Device, owner: OwnerService, progress: Progress): Promise<void> {
  const { link, identity } = device;
  if (device.acknowledged === 'nothing') {
    device.requestId = (await link.ask(identity, { showsCode: false })).requestId;
    device.acknowledged = 'asked';
    progress.acknowledged();
  } else {
    const status = await link.status();
    if (device.acknowledged === 'granted' && status === 'joined') {
      // It was heard, and the kill cut off the acknowledgement.
      device.acknowledged = 'joined';
      progress.acknowledged();
      return;
    }
    expect(['pending', 'approved']).toContain(status);
  }
  await approveOnce(owner, device.requestId!);
  const granted = await link.wait(20_000);
  expect(granted).toMatchObject({ ssid: 'Home', password: 'correct horse 9!' });
  if (device.acknowledged === 'asked') {
    device.acknowledged = 'granted';
    progress.acknowledged();
  }
  await link.joined();
  device.acknowledged = 'joined';
  progress.acknowledged();
}

async function approveOnce(owner: OwnerService, requestId: string): Promise<void> {
  const { status } = await owner.request(requestId);
  if (status === 'pending') {
    await owner.approve(requestId);
  }
}

/** Two that are free, held at the same time so that they differ. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()] as const;
  const ports = servers.map(async (server) => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return (server.address() as { port: number }).port;
  });
  const [first, second] = await Promise.all(ports);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return [first!, second!];
}
