import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LabProcess } from './lab/lab-process.ts';
import { Station } from './lab/station.ts';
import { suiteLab } from './lab/suite-lab.ts';
import { mainAddress, networkOf, RadioSite, type Granted } from './site.ts';

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

/** Milliseconds from a moment of the server's clock, which is this machine's, until the station is off the air. */
async function offTheAir(station: Station, since: number, moment: () => Date): Promise<number> {
  await station.process.until(/CTRL-EVENT-DISCONNECTED/, { since });
  return Date.now() - moment().getTime();
}

let firstGrant: Granted;

test('a device with nothing but uuid, SSID and pass_tmp gets a password of its own and joins with it', async () => {
  firstGrant = await site.letIn(first, '10.1.0.11');
  expect(await first.reaches(mainAddress)).toBe(true);
  const grant = await site.owner.until<Record<string, any>>(['grant', 'show', firstGrant.grant_id], ({ usage }) => BigInt(usage.bytes_in) > 0n);
  expect(grant).toMatchObject({ state: 'active', usage: { seconds: expect.any(Number) } });
  expect(await site.trail(firstGrant)).toContain('request.joined');
});

test('two devices, one revoked: it is off within two seconds and cannot return, the other does not notice', async () => {
  await site.letIn(second, '10.1.0.12');
  const ping: LabProcess = await lab().start('ping', `ping -i 0.2 ${mainAddress}`, { namespace: second.name });
  await ping.until(/seq=3 /);

  const since = first.process.mark();
  let closedAt = new Date();
  const off = offTheAir(first, since, () => closedAt);
  const { closed_at: closed } = await site.json<{ closed_at: string }>('grant', 'revoke', firstGrant.grant_id);
  closedAt = new Date(closed);
  const ms = await off;
  console.info(`off the air ${ms} ms after the revocation`);
  expect(ms).toBeLessThan(2000);

  const again = await first.start(networkOf(firstGrant));
  await again.until(/reason=WRONG_KEY/);
  await ping.stop();
  const seqs = [...ping.output().matchAll(/seq=(\d+) /g)].map(([, seq]) => Number(seq));
  expect(seqs).toEqual(seqs.map((_, index) => index));
  expect(seqs.length).toBeGreaterThan(10);
});
