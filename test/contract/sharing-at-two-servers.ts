import { expect, test } from 'vitest';
import { lastReadingsMs, type ShareRequest } from '../../src/domain/share-request.ts';
import { parseQuantity } from '../../src/domain/quantity.ts';
import { sealAccessCode } from '../../src/protocol/access-code.ts';
import type { Store } from '../../src/roles/store.ts';
import { codeOf, type Holder } from './roles.harness.ts';
import { rolesHere } from './roles-here.ts';
import { accessCode, openSite, type Guest } from './share-parties.ts';

/** Two servers over one database, each with a store of its own. */
export function sharingAtTwoServers(open: () => Promise<{ stores: readonly [Store, Store]; remove(): Promise<void> }>): void {
  async function sites() {
    const { stores, remove } = await open();
    const servers = await Promise.all(stores.map((store) => rolesHere(async () => ({ store, remove: async () => {} }))));
    const site = await openSite(servers[0]!);
    return {
      site,
      /** The same terminal at either server. */
      atBoth: ({ token }: Holder): readonly Holder[] => servers.map((server) => server.as(token)),
      pass: (ms: number) => servers.forEach(({ clock }) => clock.pass(ms)),
      async [Symbol.asyncDispose]() {
        await Promise.all(servers.map((server) => server.close()));
        await remove();
      },
    };
  }

  test('whatever both are asked at once is done once, to the last cent', async () => {
    await using at = await sites();
    const { site } = at;
    const { offer } = await site.newNetwork({ guests: 250 });
    const guests: Guest[] = [];
    while (guests.length < 8) guests.push(await site.newGuest('10.00'));
    const sharer = at.atBoth(site.sharer.holder);
    const ap = at.atBoth(site.ap);
    const trouble: (string | undefined)[] = [];
    const all = async (work: readonly Promise<unknown>[]) => {
      for (const code of await Promise.all(work.map(codeOf))) {
        if (code !== undefined && code !== 'share_request_over' && code !== 'code_superseded') trouble.push(code);
      }
    };
    const requests = await Promise.all(guests.map((guest) => guest.order(offer, '300MB')));
    const each = (work: (guest: Guest, request: ShareRequest, holders: readonly Holder[]) => readonly Promise<unknown>[]) =>
      Promise.all(guests.map((guest, index) => all(work(guest, requests[index]!, at.atBoth(guest.holder)))));

    await each((guest, request, holders) => {
      const payment = guest.payment(request);
      return holders.map(({ wallet }) => wallet.pay(payment));
    });
    await each((_, { id }) => sharer.map(({ sharing }) => sharing.approve(id)));
    await each((guest, { id }) => {
      const sealed = sealAccessCode(accessCode, guest.key, id);
      return sharer.map(async ({ sharing }) => sharing.respond(id, await sealed));
    });
    const grants = (await Promise.all(guests.map((guest, index) => guest.sharing.show(requests[index]!.id)))).map(({ grantId }) => grantId!);
    const used = (bytesOut: bigint, ended?: { readonly at: Date; readonly reason: string }) =>
      ap.map(({ ap: agent }) => agent.reportGrants(grants.map((grantId) => ({ grantId, usage: { bytesIn: 0n, bytesOut, seconds: 9 }, ended }))));
    await Promise.all([
      all(used(100_000_000n)),
      each((_, { id }, holders) => holders.map(({ sharing }) => sharing.acknowledge(id))),
      all(used(100_000_000n)),
    ]);
    for (const [index, guest] of guests.entries()) {
      expect(await site.money(guest), `guest ${index}`).toEqual({ balance: 700n, held: 0n });
    }
    await each((_, { id }, holders) => holders.map(({ sharing }) => sharing.increase(id, parseQuantity('100MB'), `more-${id}`)));
    const increases = (await site.sharer.sharing.requests({ states: ['priced'] }, { limit: 100 })).items;
    expect(increases).toHaveLength(guests.length);
    await all([
      ...sharer.flatMap(({ sharing }) => requests.slice(0, 4).map(({ id }) => sharing.end(id))),
      ...used(100_000_000n, { at: site.harness.clock.now(), reason: 'its traffic is used up' }),
      ...guests.slice(0, 4).flatMap((guest, index) => at.atBoth(guest.holder).map(({ sharing }) => sharing.end(requests[index]!.id))),
    ]);
    at.pass(lastReadingsMs * 2);
    await Promise.all([site.tend(), site.tend(), ...sharer.map(({ sharing }) => sharing.requests({}, { limit: 100 }))]);
    await site.tend();
    for (const [index, guest] of guests.entries()) {
      expect(await guest.sharing.show(requests[index]!.id)).toMatchObject({ state: 'ended', returned: 200n, owed: 0n });
      expect(await site.money(guest), `guest ${index}`).toEqual({ balance: 900n, held: 0n });
    }
    expect(await site.money(site.sharer)).toEqual({ balance: 800n, held: 0n });
    expect(trouble).toEqual([]);
    expect((await site.admin.ledger.verify()).findings).toEqual([]);
  });
}
