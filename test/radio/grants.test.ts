import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LabProcess } from './lab/lab-process.ts';
import { Station } from './lab/station.ts';
import { suiteLab } from './lab/suite-lab.ts';
import { mainAddress, networkOf, onboardingAddress, openNetwork, onboardingSsid, RadioSite, type Granted } from './site.ts';

const lab = suiteLab({ radios: 4 });
let site: RadioSite;
let first: Station;
let second: Station;

beforeAll(async () => {
  site = await RadioSite.open(lab());
  first = await Station.make(lab(), { name: 'first', radio: 1 });
  second = await Station.make(lab(), { name: 'second', radio: 2 });
});
afterAll(() => site?.close());

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

test('a device with nothing but uuid, SSID and pass_tmp gets a password of its own and joins with it', async () => {
  firstGrant = await site.letIn(first, '10.1.0.11');
  expect(await first.reaches(mainAddress)).toBe(true);
  const grant = await site.owner.until<Record<string, any>>(['grant', 'show', firstGrant.grant_id], ({ usage }) => BigInt(usage.bytes_in) > 0n);
  expect(grant).toMatchObject({ state: 'active' });
  expect(await site.trail(firstGrant)).toContain('request.joined');
});

test('two devices, one revoked: it is off within two seconds and cannot return, the other does not notice', async () => {
  secondGrant = await site.letIn(second, '10.1.0.12');
  const pinging = await Pinging.start(second);
  const off = offTheAir(first, first.process.mark());
  const { closed_at: closed } = await site.json<{ closed_at: string }>('grant', 'revoke', firstGrant.grant_id);
  const ms = (await off) - Date.parse(closed);
  console.info(`Off the air ${ms} ms after the revocation.`);
  expect(ms).toBeLessThan(2000);

  const again = await first.start(networkOf(firstGrant));
  await again.until(/reason=WRONG_KEY/);
  expect(await pinging.stop()).toEqual({ answered: expect.any(Number), missing: 0 });
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
    const { usage } = await site.owner.until<Record<string, any>>(['grant', 'show', secondGrant.grant_id], (grant) => BigInt(grant.usage.bytes_in) >= BigInt(counted!));
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
    const mark = second.process.mark();
    await second.retry();
    await second.process.until(/CTRL-EVENT-CONNECTED/, { since: mark });
    expect(await second.reaches(mainAddress)).toBe(true);
  });
});

describe('bounds', () => {
  test('a grant whose time is over is off the air within two seconds of the moment', async () => {
    const identity = await site.device();
    const device = await site.ask(first, identity);
    const { request_id: requestId } = await site.pending(identity);
    const { grant_id: grantId } = await site.approve(requestId, '--for', '12s');
    const [line] = await device.until(/\{"ssid":.*\}/);
    await first.join(networkOf(JSON.parse(line) as Granted));
    const mark = first.process.mark();
    const { ends_at: endsAt } = await site.json<{ ends_at: string }>('grant', 'show', grantId);
    const ms = (await offTheAir(first, mark)) - Date.parse(endsAt);
    console.info(`Off the air ${ms} ms after its end.`);
    expect(ms).toBeGreaterThan(-1000);
    expect(ms).toBeLessThan(2000);
    const { state, reason } = await site.owner.until<Record<string, string>>(['grant', 'show', grantId], (grant) => grant['state'] !== 'active');
    expect([state, reason]).toEqual(['ended', 'its time is over']);
  });
});

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
    expect(await reaches(onboardingAddress, 8430)).toBe(true);
    await lab().start('others', 'nc -lk -p 2222 -e true');
    expect(await reaches(onboardingAddress, 2222)).toBe(false);
    expect(await reaches('10.0.2.2', Number(new URL(site.access.url).port))).toBe(false);
    expect(await first.reaches(onboardingAddress, 1)).toBe(false);
    expect(await first.reaches(mainAddress, 1)).toBe(false);
  });
});
