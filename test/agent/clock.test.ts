import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ApRole } from '../../src/roles/ap/ports.ts';
import { newGrant } from '../storage/samples.ts';
import { askAs, getStatus, sayHello } from './raw-device.ts';
import { Site } from './site.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const yearsMs = 64 * 365 * 24 * hourMs;

let site: Site;
/** How wrong the clock of the registry is. */
let wrongMs: number;

beforeEach(async () => {
  wrongMs = 0;
  site = await Site.open();
  await restart();
});
afterEach(() => site.close());

async function restart(): Promise<void> {
  await site.stop();
  await site.start({ ap: withWrongClock(site.line.ap) });
  await expect.poll(aheadMs).toBeDefined();
}

function withWrongClock(real: ApRole): ApRole {
  return new Proxy(real, {
    get: (target, name: keyof ApRole) =>
      name !== 'changes'
        ? target[name]
        : async (...asked: Parameters<ApRole['changes']>) => {
            const changes = await target.changes(...asked);
            return { ...changes, now: new Date(changes.now.getTime() + wrongMs) };
          },
  });
}

async function aheadMs(): Promise<number | undefined> {
  return (await site.agent.service.status()).server.aheadMs;
}

async function openHellos(): Promise<number> {
  return (await site.agent.service.status()).openHellos;
}

/** The registry says what time it is, since something has changed. */
async function hear(): Promise<void> {
  await site.registry.accessPoints.nextRevision(site.apId);
}

function logged(words: string): boolean {
  return site.log.some(({ level, message }) => level === 'warn' && message.includes(words));
}

test('a registry that is years ahead is doubted, followed when it keeps to it, and followed back', async () => {
  wrongMs = yearsMs;
  await hear();
  await expect.poll(aheadMs).toBeLessThan(-yearsMs + minuteMs);
  expect(logged('disagree about the time')).toBe(true);
  await sayHello(site.agent, await site.device());
  site.pass(11 * minuteMs);
  await hear();
  await expect.poll(aheadMs).toBe(0);
  expect(logged('was set to the registry’s')).toBe(true);

  wrongMs = 0;
  await hear();
  await expect.poll(aheadMs).toBeGreaterThan(yearsMs - minuteMs);
  site.pass(11 * minuteMs);
  await sayHello(site.agent, await site.device());
  expect(await openHellos()).toBe(1);
  await hear();
  await expect.poll(aheadMs).toBe(0);
  site.agent.service.tick();
  expect(await openHellos()).toBe(0);
  const hello = await sayHello(site.agent, await site.device());
  const requestId = await askAs(hello);
  await site.agent.service.approve(requestId);
  expect((await getStatus(hello, requestId, 20)).body).toMatchObject({ status: 'approved' });
});

test('a grant that has ended stays ended when the clock goes back, after a restart too', async () => {
  const activeGrants = async () => (await site.agent.service.status()).activeGrants;
  await site.registry.transaction(async (tx) => {
    const revision = await tx.accessPoints.nextRevision(site.apId);
    const startsAt = new Date(Date.now() - 1000);
    await tx.grants.insert(newGrant(site.apId, { revision, startsAt, endsAt: new Date(startsAt.getTime() + hourMs) }));
  });
  await expect.poll(activeGrants).toBe(1);
  site.pass(2 * hourMs);
  await expect.poll(activeGrants).toBe(0);

  wrongMs = -2 * hourMs;
  await hear();
  await expect.poll(aheadMs).toBeGreaterThan(hourMs);
  site.pass(11 * minuteMs);
  await hear();
  await expect.poll(aheadMs).toBe(0);
  expect(await activeGrants()).toBe(0);
  await restart();
  expect(await activeGrants()).toBe(0);
});
