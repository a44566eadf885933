import { afterEach, expect, test } from 'vitest';
import type { Grant } from '../../src/domain/grant.ts';
import { parseAmount } from '../../src/domain/money.ts';
import { jwkThumbprint, newAccessKey, openAccessCode, publicJwkOf, type AccessCode, type PrivateJwk } from '../../src/protocol/access-code.ts';
import { newPhoneToken } from '../../src/roles/pos/subjects.ts';
import { Site } from './site.ts';
import { StandInRadio } from './stand-in-radio.ts';
import { newUid, Till } from './till.ts';

let site: Site;
let radio: StandInRadio;
afterEach(() => site.close());

const ours = newAccessKey();

/** The agent has the keys of these pinned. */
async function open(...pinned: readonly PrivateJwk[]): Promise<void> {
  site = await Site.open({ posKeys: await Promise.all(pinned.map(jwkThumbprint)), openRadio: ({ keys }) => (radio = new StandInRadio(keys)) });
  await expect.poll(async () => (await site.agent.service.status()).server.reachable).toBe(true);
}

/** The password for a grant, as the till gets it. */
async function fetched({ pos, key }: Till, { id }: Grant): Promise<AccessCode> {
  const sealed = await pos.accessCode(id, 10_000);
  const code = await openAccessCode(sealed!, key, id);
  await pos.acknowledge(id);
  return code;
}

const onAir = ({ id }: Grant) => expect.poll(() => radio.onAir.includes(id)).toBe(true);
const warnings = () => site.log.filter(({ level, message }) => level === 'warn' && message.includes('cash register'));

test('each payer’s own password comes to the register as soon as the radio has it, and again whenever it is asked for, within about a second', async () => {
  await open(ours);
  const till = await Till.open(site, ours);
  const [one, other] = [await till.sell('1.00'), await till.sell('1.00')];
  const first = await fetched(till, one);
  expect(first).toEqual({ ssid: 'Home', password: (await site.agent.service.reveal(one.id)).password, security: 'wpa2-psk' });
  expect((await fetched(till, other)).password).not.toBe(first.password);
  const from = performance.now();
  expect(await fetched(till, one)).toEqual(first);
  expect(performance.now() - from).toBeLessThan(2000);
  expect(await site.registry.accessCodes.wanted(site.apId)).toEqual([]);
});

test('who is given the rest of the time gets another password, and whoever had it before is off the air', async () => {
  await open(ours);
  const till = await Till.open(site, ours);
  const grant = await till.sell('1.00');
  const before = await fetched(till, grant);
  await till.pos.accessCode(grant.id, 10_000);
  await till.pos.move(grant.id, { kind: 'nfc', uid: newUid() });
  const after = await fetched(till, grant);
  expect(after.password).not.toBe(before.password);
  expect((await site.agent.service.reveal(grant.id)).password).toBe(after.password);
});

test('whoever redeems a receipt goes on with the password that was handed out with it', async () => {
  await open(ours);
  const till = await Till.open(site, ours);
  const { grant, receiptCode } = await till.pos.charge({ key: 'k1', amount: parseAmount('1.00EUR'), authority: { kind: 'cash', uid: undefined } });
  const before = await fetched(till, grant!);
  await till.pos.access({ kind: 'receipt', code: receiptCode!, phoneToken: newPhoneToken(site.context) });
  await expect.poll(() => fetched(till, grant!)).toEqual(before);
});

test('a register that was set up anew gets what its new key opens, once that is pinned', async () => {
  const [old, renewed] = [newAccessKey(), newAccessKey()];
  await open(old, renewed);
  const till = await Till.open(site, old);
  const grant = await till.sell('1.00');
  expect(await till.pos.accessCode(grant.id, 10_000)).toBeDefined();
  await till.pos.describe({ jwk: JSON.stringify(publicJwkOf(renewed)) });
  const sealed = await till.pos.accessCode(grant.id, 10_000);
  expect((await openAccessCode(sealed!, renewed, grant.id)).ssid).toBe('Home');
});

test('only what is on the air has a password that is worth bringing', async () => {
  await open(ours);
  radio.isThere = false;
  const till = await Till.open(site, ours);
  const grant = await till.sell('1.00');
  await expect.poll(async () => (await site.agent.service.status()).activeGrants).toBe(1);
  expect(await till.pos.accessCode(grant.id, 300)).toBeUndefined();
  radio.isThere = true;
  site.pass(2000);
  expect((await fetched(till, grant)).ssid).toBe('Home');
});

test('a password that the line broke for is brought when it is mended; one that was wanted while the agent was off, once it runs', async () => {
  await open(ours);
  const till = await Till.open(site, ours);
  radio.onConverged = () => radio.onAir.length > 0 && site.line.cut();
  const grant = await till.sell('1.00');
  await onAir(grant);
  radio.onConverged = () => {};
  await expect.poll(async () => (await site.agent.service.status()).server.reachable).toBe(false);
  expect(await till.pos.accessCode(grant.id, 0)).toBeUndefined();
  site.line.mend();
  const { password } = await fetched(till, grant);
  await site.stop();
  expect(await till.pos.accessCode(grant.id, 0)).toBeUndefined();
  await site.start();
  expect((await fetched(till, grant)).password).toBe(password);
});

test('a registry that puts in a key of its own learns nothing, and is found out', async () => {
  await open(ours);
  const till = await Till.open(site, ours);
  const theirs = newAccessKey();
  const register = await till.pos.self();
  await site.registry.registers.put({ ...register, jwk: JSON.stringify(publicJwkOf(theirs)) });
  const grant = await till.sell('1.00');
  await onAir(grant);
  await expect.poll(warnings).toHaveLength(1);
  const pinned = [await jwkThumbprint(ours)];
  expect(warnings()[0]!.detail).toEqual({ register: till.id, name: 'till', thumbprint: await jwkThumbprint(theirs), pinned });
  expect(await till.pos.accessCode(grant.id, 300)).toBeUndefined();
  expect(site.line.calls).not.toContain('putAccessCode');
  await till.sell('1.00');
  expect(await till.pos.accessCode(grant.id, 300)).toBeUndefined();
  expect(warnings()).toHaveLength(1);

  // Nor is what is pinned confused by what else a key may say, and one that is none is no reason to stop.
  await site.registry.registers.put({ ...register, jwk: JSON.stringify({ ...publicJwkOf(theirs), kid: pinned[0], thumbprint: pinned[0] }) });
  expect(await till.pos.accessCode(grant.id, 300)).toBeUndefined();
  await site.registry.registers.put({ ...register, jwk: 'nonsense' });
  await till.sell('1.00');
  await expect.poll(warnings).toHaveLength(2);
  await site.registry.registers.put(register);
  await till.sell('1.00');
  expect((await fetched(till, grant)).ssid).toBe('Home');
});

test('without a pinned key no password leaves', async () => {
  await open();
  const till = await Till.open(site, ours);
  const grant = await till.sell('1.00');
  await onAir(grant);
  await expect.poll(warnings).toHaveLength(1);
  expect(await till.pos.accessCode(grant.id, 300)).toBeUndefined();
  expect(site.line.calls).not.toContain('putAccessCode');
});

test('a registry that wants the password of a device’s grant for a register does not get it', async () => {
  await open(ours);
  const till = await Till.open(site, ours);
  const device = { ...(await till.sell('1.00')), id: 'grt_device', source: 'device' as const };
  await site.registry.grants.insert({ ...device, subject: { kind: 'device', id: 'd1' }, revision: await site.registry.accessPoints.nextRevision(site.apId) });
  await site.registry.accessCodes.want(device.id, till.id, site.context.clock.now());
  const paid = await till.sell('1.00');
  await onAir(device);
  await fetched(till, paid);
  expect(await site.registry.accessCodes.find(device.id, till.id)).toEqual({ sealed: undefined });
});
