import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { credentialFor } from '../../src/cli/counter/hand-over.ts';
import { RegisterSecrets } from '../../src/cli/counter/register-secrets.ts';
import { parseAmount } from '../../src/domain/money.ts';
import { parseTariff } from '../../src/domain/tariff-json.ts';
import { PcscReader } from '../../src/nfc/pcsc-reader.ts';
import { jwkThumbprint, newAccessKey, publicJwkOf } from '../../src/protocol/access-code.ts';
import type { CounterEvent } from '../../src/roles/pos/counter-desk.ts';
import type { Served } from '../../src/roles/pos/counter.ts';
import type { SecretStore } from '../../src/roles/secret-store.ts';
import { password as shopPassword, Site } from '../agent/site.ts';
import { StandInRadio } from '../agent/stand-in-radio.ts';
import { newUid } from '../agent/till.ts';
import { OpenDesk } from '../contract/open-desk.ts';
import { rolesHere } from '../contract/roles-here.ts';
import { bindTo, openShop } from '../contract/shop.ts';
import { SwitchedCounter, WalletCard } from '../contract/wallet-card.ts';
import { requires } from '../requirements.ts';
import { VirtualReaders } from './virtual-readers.ts';

const euros = (text: string) => parseAmount(`${text}EUR`);
const minuteMs = 60_000;

requires('pcscd', 'vsmartcard-vpcd', 'iproute2')('a tap where an agent serves the network', () => {
  const stack = new AsyncDisposableStack();
  const key = newAccessKey();
  let readers: VirtualReaders;
  let site: Site;
  let radio: StandInRadio;
  let shop: Awaited<ReturnType<typeof openShop>>;
  let pos: Awaited<ReturnType<typeof shop.harness.hold>>;
  let desk: OpenDesk<PcscReader>;
  let registerId: string;

  beforeAll(async () => {
    readers = stack.use(await VirtualReaders.start());
    site = await Site.open({ posKeys: [await jwkThumbprint(key)], openRadio: ({ keys }) => (radio = new StandInRadio(keys)) });
    stack.defer(() => site.close());
    await vi.waitUntil(async () => (await site.agent.service.status()).server.reachable);
    shop = await openShop(() => rolesHere(async () => ({ store: site.registry, remove: async () => {} })));
    // The agent goes by the system's time.
    shop.harness.clock.pass(Date.now() - shop.harness.clock.now().getTime());
    pos = await shop.harness.hold('pos', { accounts: [shop.cafe.id], aps: [site.apId] });
    await pos.pos.setTariff(parseTariff({ kind: 'steps', step: '1.00EUR=10min' }));
    const register = await pos.pos.describe({ jwk: JSON.stringify(publicJwkOf(key)) });
    registerId = register.id;
    // The shop's own password is on this machine, too: it is not what is handed over.
    const kept = new Map([[`pos/${registerId}/key`, JSON.stringify(key)], [`pos/${registerId}/network-password`, `wpa2-psk ${shopPassword}`]]);
    const secrets = new RegisterSecrets({ get: async (name: string) => kept.get(name) } as SecretStore, registerId);
    const switched = stack.use(new SwitchedCounter(pos.pos, shop.harness.clock));
    const counter = await switched.open((grant, signal) => credentialFor({ pos: pos.pos, register, secrets }, grant, signal));
    desk = stack.use(await OpenDesk.open(counter, { reader: new PcscReader({ name: 'Virtual PCD' }) }));
  });
  afterAll(() => stack.disposeAsync());

  async function wallet(): Promise<WalletCard> {
    const account = await shop.admin.ledger.open({ name: randomUUID(), currency: 'EUR' });
    await shop.admin.ledger.topUp(account.id, euros('50.00'));
    return stack.use(new WalletCard(await bindTo(shop.harness, await shop.harness.hold('terminal'), account), shop.harness.clock));
  }

  /** What comes of a card that is held to the reader. */
  async function tapped(card: Parameters<VirtualReaders['hold']>[0], uid?: Uint8Array): Promise<Extract<CounterEvent, { kind: 'served' | 'refused' }>> {
    await readers.removeAll();
    const outcome = Promise.race([desk.comes('served'), desk.comes('refused')]);
    readers.hold(card, uid === undefined ? {} : { uid });
    return outcome;
  }
  async function served(...tap: Parameters<typeof tapped>): Promise<Served> {
    const event = await tapped(...tap);
    if (event.kind === 'refused') throw event.error;
    return event.served;
  }
  const own = async (grantId: string) => (await site.agent.service.reveal(grantId)).password;

  test('a wallet gets a password of its own in the tap in which it pays, and again in a later one', async () => {
    const card = await wallet();
    const charging = desk.charge({ amount: euros('2.00'), takesMandate: false }).ended;
    const paid = await served(card.application);
    expect(await charging).toEqual(paid);
    const grantId = paid.grant!.id;
    expect(paid).toMatchObject({ isDelivered: true, trouble: undefined, credential: { ssid: 'Home', password: await own(grantId), security: 'wpa2-psk' } });
    expect(card.credentials.map(({ password }) => password)).toEqual([await own(grantId)]);
    expect([await own(grantId)]).not.toContain(shopPassword);
    expect(await served(card.application)).toMatchObject({ charged: undefined, isDelivered: true, grant: { id: grantId } });
    expect(card.credentials.map(({ password }) => password)).toEqual([await own(grantId), await own(grantId)]);
    expect(card.credentials.at(-1)!.endsAt).toBeInstanceOf(Date);
    expect(await site.registry.accessCodes.find(grantId, registerId)).toBeUndefined();
  });

  test('a bare card is shown one of its own, not another’s, and none once its time is over', async () => {
    const bare = { transmit: async () => Uint8Array.of(0x6a, 0x82) };
    const [other, uid] = [newUid(), newUid()];
    const sold = async (to: Uint8Array) => (await pos.pos.charge({ key: randomUUID(), amount: euros('1.00'), authority: { kind: 'cash', uid: to } })).grant;
    const [, grant] = [await sold(other), await sold(uid)];
    const [before, first] = [await served(bare, other), await served(bare, uid)];
    expect(first).toMatchObject({ isDelivered: false, grant: { id: grant!.id }, credential: { password: await own(grant!.id) } });
    expect([before.credential!.password, shopPassword]).not.toContain(first.credential!.password);
    await expect.poll(async () => (await site.owner.grant(grant!.id)).waitingMs).toBeUndefined();
    shop.harness.clock.pass(10 * minuteMs + 1000);
    site.pass(10 * minuteMs + 1000);
    await expect.poll(() => radio.onAir.includes(grant!.id)).toBe(false);
    const refused = await tapped(bare, uid);
    expect([refused.kind, refused.kind === 'refused' && ['time_used_up', 'not_permitted'].includes(refused.error.code)]).toEqual(['refused', true]);
  });
});
