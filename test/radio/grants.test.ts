import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jwkThumbprint, newAccessKey } from '../../src/protocol/access-code.ts';
import { latchkey } from './lab/lab.ts';
import type { LabProcess } from './lab/lab-process.ts';
import { Station } from './lab/station.ts';
import { suiteLab } from './lab/suite-lab.ts';
import { RadioTill } from './radio-till.ts';
import { mainAddress, networkOf, onboardingAddress, openNetwork, onboardingSsid, RadioSite, type Granted } from './site.ts';

const lab = suiteLab({ radios: 4 });
let site: RadioSite;
let till: RadioTill;
let first: Station;
let second: Station;

beforeAll(async () => {
  const key = newAccessKey();
  site = await RadioSite.open(lab(), { config: ['--vlan'], serve: ['--pos-key', await jwkThumbprint(key)] });
  till = await RadioTill.open(site, key);
  first = await Station.make(lab(), { name: 'first', radio: 1 });
  second = await Station.make(lab(), { name: 'second', radio: 2 });
});
afterAll(async () => {
  await till?.close();
  await site?.close();
});

/** Resolves when the station is off the air, with the moment. */
async function offTheAir(station: Station, since: number): Promise<number> {
  await station.process.until(/CTRL-EVENT-DISCONNECTED/, { since });
  return Date.now();
}

/** Pings without a pause until it is stopped; then says whether an answer was missing. */
class Pinging {
  readonly #process: LabProcess;

  private constructor(process: LabProcess) {
    this.#process = process;
  }

  static async start(station: Station): Promise<Pinging> {
    const process = await lab().start(`${station.name} ping`, `ping -i 0.2 ${mainAddress}`, { namespace: station.name });
    await process.until(/seq=2 /);
    return new Pinging(process);
  }

  async stop(): Promise<{ readonly answered: number; readonly missing: number }> {
    await this.#process.stop();
    const seqs = [...this.#process.output().matchAll(/seq=(\d+) /g)].map(([, seq]) => Number(seq));
    return { answered: seqs.length, missing: seqs.at(-1)! + 1 - seqs.length };
  }
}

let firstGrant: Granted;
let secondGrant: Granted;
/** It is half a minute of waiting, beside which others are tried. */
let sold: ReturnType<typeof useTime>;
beforeAll(() => {
  sold = useTime();
  // Whoever waits hears of it.
  sold.catch(() => {});
});

test('a device with nothing but uuid, SSID and pass_tmp gets a password of its own and joins with it', async () => {
  firstGrant = await site.letIn(first, '10.1.0.11');
  expect(await first.reaches(mainAddress)).toBe(true);
  const grant = await site.grant(firstGrant, ({ usage }) => BigInt(usage.bytes_in) > 0n);
  expect(grant).toMatchObject({ state: 'active' });
  expect(await site.trail(firstGrant)).toContain('request.joined');
  const { items } = JSON.parse(await lab().do(`${latchkey} ap stations --json`, { env: site.agentEnvironment })) as { items: { mac: string }[] };
  expect(items.filter(({ mac }) => mac === first.mac)).toEqual([expect.objectContaining({ bss: 'wlan0', mac: first.mac, grant_id: firstGrant.grant_id, label: expect.stringContaining('lamp'), signal_dbm: expect.any(Number) })]);
});

test('two devices, one revoked: it is off within two seconds and cannot return, the other does not notice', async () => {
  secondGrant = await site.letIn(second, '10.1.0.12');
  const pinging = await Pinging.start(second);
  const off = offTheAir(first, first.process.mark());
  const { closed_at: closed } = await site.json<{ closed_at: string }>('grant', 'revoke', firstGrant.grant_id);
  const ms = (await off) - Date.parse(closed);
  console.info(`Off the air ${ms} ms after the revocation.`);
  expect(ms).toBeLessThan(2000);

  await first.start(networkOf(firstGrant));
  await site.refused(first);
  expect(await pinging.stop()).toEqual({ answered: expect.any(Number), missing: 0 });
});

describe('time', () => {
  test('a grant whose time is over is off the air within two seconds of the moment', async () => {
    const granted = await letInWith('--for', '12s');
    const mark = first.process.mark();
    const { ends_at: endsAt } = await site.json<{ ends_at: string }>('grant', 'show', granted.grant_id);
    const ms = (await offTheAir(first, mark)) - Date.parse(endsAt);
    console.info(`Off the air ${ms} ms after its end.`);
    expect(ms).toBeGreaterThan(-1000);
    expect(ms).toBeLessThan(2000);
    const { state, reason } = await site.grant(granted, (grant) => grant['state'] !== 'active');
    expect([state, reason]).toEqual(['ended', 'its time is over']);
  });

  test('who paid for 30 s is on the air for 30 s from when that was possible, with a pause in between, and then off', async () => {
    const { pausedMs, offMs, usedMs } = await sold;
    console.info(`Off the air ${pausedMs} ms after the pause, and ${offMs} ms after the end.`);
    expect(pausedMs).toBeLessThan(2000);
    expect(offMs).toBeGreaterThan(-1000);
    expect(offMs).toBeLessThan(2000);
    expect(Math.abs(usedMs - 30_000)).toBeLessThan(2000);
  });
});

describe('what happens to the machine', () => {
  test('an agent that was killed and started anew: nobody notices, and what was used meanwhile is counted, once', async () => {
    const pinging = await Pinging.start(second);
    site.agent.kill('KILL');
    await site.agent.ended;
    await site.startAgent();
    await site.agent.until(/The registry answers/, { timeoutMs: 60_000 });
    expect((await pinging.stop()).missing).toBe(0);
    const [, counted] = /rx_bytes=(\d+)/.exec(await site.hostapd.command('wlan0', `STA ${second.mac}`)) ?? [];
    const { usage } = await site.grant(secondGrant, (grant) => BigInt(grant.usage.bytes_in) >= BigInt(counted!));
    const [, later] = /rx_bytes=(\d+)/.exec(await site.hostapd.command('wlan0', `STA ${second.mac}`)) ?? [];
    expect(BigInt(usage.bytes_in)).toBeLessThanOrEqual(BigInt(later!));
  });

  test('a file of keys that was damaged by hand is whole again within five seconds, and nobody notices', async () => {
    const pinging = await Pinging.start(second);
    await lab().do('echo "keyid=x nonsense" > /run/latchkey/wpa_psk');
    await lab().do('while ! grep -q "^keyid=grt_" /run/latchkey/wpa_psk; do usleep 50000; done', { timeoutMs: 5000 });
    expect((await pinging.stop()).missing).toBe(0);
    // What it knows is what is in the file.
    const mark = second.process.mark();
    await second.command('REASSOCIATE');
    await second.process.until(/CTRL-EVENT-CONNECTED/, { since: mark });
  });

  test('a hostapd that was killed and started anew has the keys, within five seconds', async () => {
    site.hostapd.process.kill('KILL');
    await site.hostapd.process.ended;
    await site.agent.until(/not in step with the grants/, { since: 0 });
    await lab().do('echo > /run/latchkey/wpa_psk');
    await site.startHostapd();
    await lab().do('while ! grep -q "^keyid=grt_" /run/latchkey/wpa_psk; do usleep 50000; done', { timeoutMs: 5000 });
    await site.addresses();
    // A station that has lost its network looks for it less and less often: one that starts knows at once.
    await site.join(second, networkOf(secondGrant));
    expect(await second.reaches(mainAddress)).toBe(true);
  });
});

describe('bounds', () => {
  test('a station that sends past its allotment is cut: what it has beyond that, the link carries in two seconds', async () => {
    const granted = await letInWith('--quota', '2MB');
    const mark = first.process.mark();
    const begun = Date.now();
    const { received } = await send(5001);
    const took = ((await offTheAir(first, mark)) - begun) / 1000;
    const { state, reason } = await site.grant(granted, (grant) => grant['state'] !== 'active');
    expect([state, reason]).toEqual(['ended', 'its traffic is used up']);
    const used = await received();
    console.info(`${used} of 2000000 bytes came through, at ${Math.round(used / took)} a second.`);
    expect(used - 2_000_000).toBeLessThan((used / took) * 2);
    await first.start(networkOf(granted));
    await site.refused(first);
  });

  test('one whose policy is to restrict reaches the agent alone, gets more, and goes on', async () => {
    const granted = await letInWith('--quota', '100kB', '--when-spent', 'restrict');
    const reaches = async (port: number) => (await lab().run(`nc -w 2 ${mainAddress} ${port} </dev/null`, { namespace: first.name })).code === 0;
    expect([await first.reaches(mainAddress), await reaches(8430)]).toEqual([true, true]);

    const mark = first.process.mark();
    await send(5002);
    await lab().do(`until /usr/sbin/nft list set inet latchkey restricted | grep -q ${first.mac}; do usleep 50000; done`);
    expect([await first.reaches(mainAddress, 1), await reaches(8430), await reaches(5002)]).toEqual([false, true, false]);
    await site.json('grant', 'increase', granted.grant_id, '--quota', '100MB');
    await lab().do(`while /usr/sbin/nft list set inet latchkey restricted | grep -q ${first.mac}; do usleep 50000; done`);
    expect(await first.reaches(mainAddress)).toBe(true);
    expect(first.process.output().slice(mark)).not.toContain('CTRL-EVENT-DISCONNECTED');
  });
});

/** Somebody pays at the counter, joins with the password that the register gets, pauses, goes on, and uses all of it. */
async function useTime() {
  const payer = await Station.make(lab(), { name: 'payer', radio: 3 });
  const { id: grantId, network } = await till.sell();
  const running = await site.grant({ grant_id: grantId }, (grant) => grant['ends_at'] !== undefined);
  const begunAt = Date.parse(running['ends_at']) - 30_000;
  await site.join(payer, network);
  await payer.address('10.1.0.15/24');
  expect(await payer.reaches(mainAddress)).toBe(true);

  const off = offTheAir(payer, payer.process.mark());
  await till.pos.pause(grantId);
  const pausedAt = Date.now();
  const pausedMs = (await off) - pausedAt;
  const { waiting_ms: leftMs } = await site.json<{ waiting_ms: number }>('grant', 'show', grantId);
  await payer.start(network);
  await site.refused(payer);
  await till.pos.resume(grantId);
  await site.join(payer, network);
  const mark = payer.process.mark();
  const resumed = await site.grant({ grant_id: grantId }, (grant) => grant['ends_at'] !== undefined);
  const endsAt = Date.parse(resumed['ends_at']);
  const offAt = await offTheAir(payer, mark);
  const { state, reason } = await site.grant({ grant_id: grantId }, (grant) => grant['state'] !== 'active');
  expect([state, reason]).toEqual(['ended', 'its time is over']);
  await payer.start(network);
  await site.refused(payer);
  return { pausedMs, offMs: offAt - endsAt, usedMs: pausedAt - begunAt + (offAt - (endsAt - leftMs)) };
}

/** Lets the first station in by the owner's word. */
async function letInWith(...terms: string[]): Promise<Granted> {
  const identity = await site.device();
  const device = await site.ask(first, identity);
  await site.approve((await site.pending(identity)).request_id, ...terms);
  const granted = await site.given(device);
  await first.join(networkOf(granted));
  await first.address('10.1.0.11/24');
  return granted;
}

/**
 * The first station sends to a port of the access point as fast as it can, and has no more of the processor that it
 * shares with the agent here than is left.
 */
async function send(port: number): Promise<{ received(): Promise<number> }> {
  const sink = await lab().start('sink', `sh -c "tail -f /dev/null | nc -l -p ${port} > /run/received-${port}"`);
  const source = await lab().start('source', `nice -n 19 busybox sh -c "while ! nc ${mainAddress} ${port} < /dev/zero; do :; done"`, { namespace: first.name });
  return {
    async received() {
      source.kill('KILL');
      sink.kill('KILL');
      await Promise.all([source.ended, sink.ended]);
      return Number(await lab().do(`stat -c %s /run/received-${port}`));
    },
  };
}

describe('who is not let in', () => {
  test('a wrong pass_tmp never gets on', async () => {
    const identity = await site.lamp();
    const device = await site.ask(first, { ...identity, pass_tmp: 'another-pass-tmp-entirely' });
    expect(await device.ended).toBe(4);
    expect(device.output()).not.toContain('"password"');
  });

  test('a device on the onboarding network reaches nothing but the agent', async () => {
    await first.join([`ssid="${onboardingSsid}"`, ...openNetwork]);
    await site.dhcp(first);
    const reaches = async (address: string, port: number) => (await lab().run(`nc -w 2 ${address} ${port} </dev/null`, { namespace: first.name })).code === 0;
    await lab().start('other', 'nc -ll -p 2222 -e true');
    await lab().do(`until nc ${onboardingAddress} 2222 </dev/null; do :; done`);
    expect(await reaches(onboardingAddress, 8430)).toBe(true);
    const others = [reaches(onboardingAddress, 2222), reaches('10.0.2.2', Number(new URL(site.access.url).port)), first.reaches(onboardingAddress, 1), first.reaches(mainAddress, 1)];
    expect(await Promise.all(others)).toEqual([false, false, false, false]);
  });
});

describe('a grant’s VLAN', () => {
  let inVlan: Granted;
  let other: Granted;

  test('is where its station is, and the untagged network is not', async () => {
    const camera = await site.device('--model', 'camera');
    const asking = await site.ask(first, camera);
    const { request_id: requestId } = await site.pending(camera);
    await site.approve(requestId, '--vlan', '20');
    inVlan = await site.given(asking);
    await site.join(first, networkOf(inVlan));
    await first.address('10.1.0.13/24');
    expect(await lab().do('ls /sys/class/net')).toContain('wlan0.20');
    expect(await first.reaches(mainAddress, 2)).toBe(false);
    other = await site.letIn(second, '10.1.0.14');
    expect(await second.reaches(mainAddress)).toBe(true);
  });

  test('without VLANs at hostapd it gets onto nothing, which is said, and others get on', async () => {
    site.agent.kill('TERM');
    await site.agent.ended;
    site.hostapd.process.kill('TERM');
    await site.hostapd.process.ended;
    const file = 'hostapd/hostapd.conf';
    lab().write(file, lab().read(file).replace('dynamic_vlan=1\n', ''));
    await site.startHostapd();
    await site.addresses();
    await site.startAgent();
    await first.start(networkOf(inVlan));
    await site.refused(first);
    const { items: [status] } = JSON.parse(await lab().do(`${latchkey} ap status --json`, { env: site.agentEnvironment })) as { items: { agent: { radio: Record<string, string> } }[] };
    expect(status?.agent.radio['trouble']).toBe(`Grant ${inVlan.grant_id} for VLAN 20 is off the air: hostapd’s configuration has no dynamic_vlan=1 in the section of wlan0.`);
    await site.join(second, networkOf(other));
    expect(await second.reaches(mainAddress)).toBe(true);
  });
});
