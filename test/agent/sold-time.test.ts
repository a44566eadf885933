import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Grant } from '../../src/domain/grant.ts';
import { Site } from './site.ts';
import { StandInRadio } from './stand-in-radio.ts';
import { newUid, Till } from './till.ts';

const minuteMs = 60_000;

let site: Site;
let till: Till;
let radio: StandInRadio;

beforeEach(async () => {
  site = await Site.open({ openRadio: ({ keys }) => (radio = new StandInRadio(keys)) });
  await expect.poll(async () => (await site.agent.service.status()).server.reachable).toBe(true);
  till = await Till.open(site);
});
afterEach(() => site.close());

const known = ({ id }: Grant) => site.owner.grant(id);
const isOnAir = ({ id }: Grant) => radio.onAir.includes(id);
const begun = (grant: Grant) => expect.poll(async () => (await known(grant)).waitingMs).toBeUndefined();
/** Whether it ends so long after a moment, give or take what this machine takes for it. */
const isAbout = (at: Date | undefined, since: number, ms: number) => Math.abs(at!.getTime() - since - ms) < 10_000;

/** Resolves when the radio has the grant, with the line to the registry cut at that moment. */
async function cutWhenOnAir(sell: () => Promise<Grant>): Promise<Grant> {
  radio.onConverged = () => radio.onAir.length > 0 && site.line.cut();
  const grant = await sell();
  await expect.poll(() => isOnAir(grant)).toBe(true);
  radio.onConverged = () => {};
  await expect.poll(async () => (await site.agent.service.status()).server.reachable).toBe(false);
  return grant;
}

test('time that was sold runs from when the radio has the grant, and the registry hears of it', async () => {
  radio.isThere = false;
  const grant = await till.sell('1.00');
  await expect.poll(async () => (await site.agent.service.status()).activeGrants).toBe(1);
  site.pass(30 * minuteMs);
  expect(await known(grant)).toMatchObject({ state: 'active', waitingMs: 10 * minuteMs, endsAt: undefined });
  radio.isThere = true;
  site.pass(2000);
  const from = site.context.clock.now().getTime();
  await begun(grant);
  expect(isAbout((await known(grant)).endsAt, from, 10 * minuteMs)).toBe(true);
  site.pass(10 * minuteMs + 1000);
  await expect.poll(async () => (await known(grant)).state).toBe('ended');
  expect(isOnAir(grant)).toBe(false);
});

test('it ends at the access point also while the registry is away and over a restart, and was as long as was paid for', async () => {
  const grant = await cutWhenOnAir(() => till.sell('1.00'));
  const from = site.context.clock.now().getTime();
  site.pass(4 * minuteMs);
  await site.stop();
  await site.start();
  await expect.poll(() => isOnAir(grant)).toBe(true);
  site.pass(5 * minuteMs);
  expect((await site.agent.service.reveal(grant.id)).ssid).toBe('Home');
  site.pass(1 * minuteMs + 1000);
  await expect.poll(() => isOnAir(grant)).toBe(false);
  expect(await known(grant)).toMatchObject({ state: 'active', waitingMs: 10 * minuteMs });
  site.line.mend();
  await expect.poll(async () => (await known(grant)).state, { timeout: 10_000 }).toBe('ended');
  const { endsAt, closedAt, reason } = await known(grant);
  expect([isAbout(endsAt, from, 10 * minuteMs), isAbout(closedAt, from, 10 * minuteMs), reason]).toEqual([true, true, 'its time is over']);
});

test('time that is added before the registry heard of the beginning begins anew, and none is lost', async () => {
  const uid = newUid();
  const grant = await cutWhenOnAir(() => till.sell('1.00', uid));
  site.pass(9 * minuteMs);
  expect((await till.sell('1.00', uid)).waitingMs).toBe(20 * minuteMs);
  site.pass(2 * minuteMs);
  await expect.poll(() => isOnAir(grant)).toBe(false);
  const from = site.context.clock.now().getTime();
  site.line.mend();
  await expect.poll(() => isOnAir(grant), { timeout: 10_000 }).toBe(true);
  await begun(grant);
  const { state, endsAt } = await known(grant);
  expect([state, isAbout(endsAt, from, 20 * minuteMs)]).toEqual(['active', true]);
});

test('paused it is off the air at once, and comes back with the same password for what is left', async () => {
  const grant = await till.sell('1.00');
  await begun(grant);
  const { password } = await site.agent.service.reveal(grant.id);
  site.pass(4 * minuteMs);
  await till.pos.pause(grant.id);
  await expect.poll(() => isOnAir(grant)).toBe(false);
  await expect(site.agent.service.reveal(grant.id)).rejects.toMatchObject({ code: 'grant_not_found' });
  site.pass(60 * minuteMs);
  await site.stop();
  await site.start();
  const from = site.context.clock.now().getTime();
  await till.pos.resume(grant.id);
  await expect.poll(() => isOnAir(grant)).toBe(true);
  expect((await site.agent.service.reveal(grant.id)).password).toBe(password);
  await begun(grant);
  expect(isAbout((await known(grant)).endsAt, from, 6 * minuteMs)).toBe(true);
});
