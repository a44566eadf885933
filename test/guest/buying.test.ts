import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LatchkeyError } from '../../src/domain/errors.ts';
import { parseQuantity } from '../../src/domain/quantity.ts';
import { lastReadingsMs, type ShareRequest } from '../../src/domain/share-request.ts';
import { jwkThumbprint, newAccessKey } from '../../src/protocol/access-code.ts';
import { buy, type Bought } from '../../src/roles/guest/buying.ts';
import { compare } from '../../src/roles/guest/comparing.ts';
import type { GuestOrder, GuestPurchase } from '../../src/roles/guest/ports.ts';
import type { PaymentRequest } from '../../src/roles/ledger/payment-request.ts';
import { rolesHere } from '../contract/roles-here.ts';
import type { RolesHarness } from '../contract/roles.harness.ts';
import { accessCode, openSite, type Guest, type Site } from '../contract/share-parties.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { testSealer } from '../storage/sealer.ts';
import { Crash, Crashing } from './crashing.ts';
import { Disk } from './disk.ts';

let harness: RolesHarness;
let site: Site;
beforeAll(async () => {
  harness = await rolesHere(async () => ({ store: await openMemoryStore(testSealer()), remove: async () => {} }));
  site = await openSite(harness);
});
afterAll(() => harness.close());

const never = new AbortController().signal;
const random = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) };

/** A guest's machine: what it keeps outlives its processes. */
class Machine {
  readonly disk = new Disk();
  readonly guest: Guest;
  /** As the wallet's journal has them. */
  readonly #payments = new Map<string, PaymentRequest>();

  constructor(guest: Guest) {
    this.guest = guest;
  }

  /** One process that goes on with a purchase, and may crash; the sharer answers whatever it finds meanwhile. */
  async run(order: GuestOrder, key: string, crashing: Crashing): Promise<Bought> {
    const { sharing, holder } = this.guest;
    const journal = crashing.wrap(this.disk);
    const begun = (await this.disk.all()).find((each) => each.key === key) ?? (await journal.begin({ key, at: 'here', order, begunAt: harness.clock.now() }));
    return buy(
      {
        sharing: crashing.wrap(sharing),
        events: { events: async (after, waitMs) => (waitMs === 0 ? holder.events.events(after, 0) : (await this.answer(), holder.events.events(after, 0))) },
        journal,
        keys: crashing.wrap(this.disk.keys),
        clock: harness.clock,
        random,
        signal: never,
        pay: (request) => this.#pay(request, crashing),
      },
      begun,
    );
  }

  /** The sharer's agent, which looks now and then. */
  async answer(): Promise<void> {
    const { items } = await site.sharer.sharing.requests({ side: 'sharer', states: ['held', 'approved'] }, { limit: 100 });
    for (const request of items.filter(({ guest }) => guest.terminalId === this.guest.holder.token.id)) {
      await (request.kind === 'increase' ? site.sharer.sharing.approve(request.id) : site.deliver(request));
    }
  }

  async #pay(request: ShareRequest, crashing: Crashing): Promise<void> {
    const known = this.#payments.get(request.id);
    const payment = known ?? this.guest.payment(request, { key: request.id });
    this.#payments.set(request.id, payment);
    await crashing.call(async () => {
      const reply = await this.guest.holder.wallet.pay(payment);
      if (reply.renewal !== undefined && this.guest.terminal.code.number === payment.codeNumber) this.guest.terminal.renew(reply);
    });
  }
}

/** Runs it again and again, each process ending at the next moment than the one before, until one comes to the end. */
async function crashedEverywhere(begin: () => Promise<{ readonly machine: Machine; readonly order: GuestOrder }>, check: (bought: Bought, machine: Machine) => Promise<void>): Promise<number> {
  for (let at = 0; ; at += 1) {
    const { machine, order } = await begin();
    const first = new Crashing(at);
    const ended = await machine.run(order, 'purchase', first).catch((error: unknown) => {
      if (!(error instanceof Crash)) throw error;
      return undefined;
    });
    // The next one may crash as well, and as late.
    const again = ended ?? (await machine.run(order, 'purchase', new Crashing(at + 1)).catch((error: unknown) => {
      if (!(error instanceof Crash)) throw error;
      return undefined;
    }));
    await check(again ?? (await machine.run(order, 'purchase', new Crashing(Infinity))), machine);
    if (ended !== undefined) {
      return at;
    }
  }
}

test('access is bought once, and its code had, wherever the process ends', async () => {
  const moments = await crashedEverywhere(
    async () => {
      const { offer } = await site.newNetwork();
      return { machine: new Machine(await site.newGuest()), order: { kind: 'access', offerId: offer.id, quantity: parseQuantity('200MB') } };
    },
    async ({ request, code }, { guest, disk }) => {
      expect(code).toEqual(accessCode);
      expect(await guest.sharing.show(request.id)).toMatchObject({ state: 'active' });
      expect(await site.money(guest)).toEqual({ balance: 4800n, held: 0n });
      expect((await guest.sharing.requests({ side: 'guest' }, { limit: 10 })).items).toHaveLength(1);
      expect(await guest.sharing.accessCode(request.id)).toBeUndefined();
      // It is there for as long as it may be of use.
      expect((await disk.keys.get('purchase'))?.code).toEqual(accessCode);
    },
  );
  expect(moments).toBeGreaterThan(15);
});

test('more is bought once, wherever the process ends', async () => {
  const moments = await crashedEverywhere(
    async () => {
      const [{ offer }, guest] = [await site.newNetwork(), await site.newGuest()];
      const access = await site.sell(guest, offer, '100MB');
      return { machine: new Machine(guest), order: { kind: 'increase', accessId: access.id, quantity: parseQuantity('100MB') } };
    },
    async ({ request }, { guest }) => {
      expect(request).toMatchObject({ kind: 'increase', state: 'active' });
      expect((await guest.sharing.usage(request.accessId)).grant.quotaBytes).toBe(200_000_000n);
      expect(await site.money(guest)).toEqual({ balance: 4800n, held: 0n });
    },
  );
  expect(moments).toBeGreaterThan(8);
});

test('another key than its own is told to the server until that has heard it, and all goes back', async () => {
  const { offer } = await site.newNetwork();
  const machine = new Machine(await site.newGuest());
  const { purchase, request } = await machine.run({ kind: 'access', offerId: offer.id, quantity: parseQuantity('100MB') }, 'purchase', new Crashing(Infinity));
  const other = await jwkThumbprint(newAccessKey());
  const comparing = (found: GuestPurchase, thumbprint: () => Promise<string>, sharing = machine.guest.sharing) =>
    compare({ sharing, journal: machine.disk, keys: machine.disk.keys, clock: harness.clock, signal: never, thumbprint }, found);
  // The process ends before the server has heard.
  const deaf = new Crashing(0).wrap(machine.guest.sharing);
  await expect(comparing(purchase, async () => other, deaf)).rejects.toBeInstanceOf(Crash);
  expect(await machine.guest.sharing.show(request.id)).toMatchObject({ state: 'active' });
  const [noted] = await machine.disk.all();
  await expect(comparing(noted!, () => Promise.reject(new Error('asked twice')))).rejects.toMatchObject({ code: 'access_code_mismatch' } satisfies Partial<LatchkeyError>);
  expect(await machine.guest.sharing.show(request.id)).toMatchObject({ state: 'ending', reason: 'key_mismatch' });
  harness.clock.pass(lastReadingsMs);
  await site.tend();
  expect(await machine.guest.sharing.show(request.id)).toMatchObject({ state: 'ended', reason: 'key_mismatch' });
  expect(await site.money(machine.guest)).toEqual({ balance: 5000n, held: 0n });
});
