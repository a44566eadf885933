import { expect, test } from 'vitest';
import { parseAmount } from '../../src/domain/money.ts';
import type { Store } from '../../src/roles/store.ts';
import { issueCode, openCodeRegister } from './code-parties.ts';
import { rolesHere } from './roles-here.ts';
import { bindTo } from './shop.ts';

const euros = (text: string) => parseAmount(`${text}EUR`);

/** Two servers over one database, each with a store of its own. */
export function codesAtTwoServers(open: () => Promise<{ stores: readonly [Store, Store]; remove(): Promise<void> }>): void {
  async function site() {
    const { stores, remove } = await open();
    const servers = await Promise.all(stores.map((store) => rolesHere(async () => ({ store, remove: async () => {} }))));
    const admin = await servers[0]!.hold('admin');
    const [anna, cafe, kiosk] = await Promise.all(['Anna', 'Café', 'Kiosk'].map((name) => admin.ledger.open({ name, currency: 'EUR' })));
    await admin.ledger.topUp(anna!.id, euros('50.00'));
    const terminals = [];
    for (const server of servers) terminals.push(await bindTo(server, await server.hold('terminal'), anna!));
    const registers = [await openCodeRegister(servers[0]!, cafe!), await openCodeRegister(servers[1]!, kiosk!)];
    return {
      servers, admin, terminals, registers, anna: anna!,
      async [Symbol.asyncDispose]() {
        await Promise.all(servers.map((server) => server.close()));
        await remove();
      },
    };
  }

  test('both need the first key at once, and make one', async () => {
    await using at = await site();
    const codes = await Promise.all(at.servers.flatMap((server, index) => [issueCode(server, at.terminals[index]!, {}, { limit: '5.00EUR' })]));
    expect(new Set(codes.map(({ issued }) => issued.keyId)).size).toBe(1);
    expect(new Set(codes.map(({ issued }) => issued.token.issuer)).size).toBe(1);
    expect(await at.admin.codes.keys()).toHaveLength(1);
  });

  test('both settle one showing and the last of a limit at once: the payer pays neither twice', async () => {
    await using at = await site();
    const code = await issueCode(at.servers[0]!, at.terminals[0]!, { uses: 20 }, { limit: '10.00EUR' });
    const [mine, theirs] = at.registers as [typeof at.registers[0], typeof at.registers[0]];
    const shown = Array.from({ length: 4 }, (_, index) => code.show(index + 1));
    const outcomes = await Promise.all([
      mine.outcomes(...shown.map((bytes, index) => mine.accept(bytes, code, index + 1, '2.00EUR'))),
      theirs.outcomes(...shown.map((bytes, index) => theirs.accept(bytes, code, index + 1, '2.00EUR'))),
      mine.outcomes(mine.take(code, 5, '2.00EUR')),
      theirs.outcomes(theirs.take(code, 6, '2.00EUR')),
    ]);
    expect(outcomes.flat().filter((outcome) => outcome === 'settled')).toHaveLength(5);
    expect(await at.admin.ledger.account(at.anna.id)).toMatchObject({ balance: 4000n, held: 0n, suspendedAt: expect.any(Date) });
    expect((await at.admin.ledger.verify()).findings).toEqual([]);
  });

  test('what one suspends the other issues nothing to, and what one revokes is on the other’s list', async () => {
    await using at = await site();
    const [code, other] = [await issueCode(at.servers[0]!, at.terminals[0]!, { uses: 1 }, { limit: '5.00EUR' }), await issueCode(at.servers[1]!, at.terminals[1]!, {}, { limit: '5.00EUR' })];
    const mine = at.registers[0]!;
    expect(await mine.outcomes(mine.take(code, 1, '1.00EUR'), mine.take(code, 2, '1.00EUR'))).toEqual(['settled', 'over_limit']);
    await expect(issueCode(at.servers[1]!, at.terminals[1]!)).rejects.toMatchObject({ code: 'account_suspended' });
    expect((await at.registers[1]!.sync()).revoked).toEqual(expect.arrayContaining([code.id, other.id]));
  });

  test('a code is issued before its account is suspended, and revoked with it, or not at all', async () => {
    await using at = await site();
    for (let round = 0; round < 5; round += 1) {
      const code = await issueCode(at.servers[0]!, at.terminals[0]!, { uses: 1 }, { limit: '5.00EUR' });
      const mine = at.registers[0]!;
      await Promise.allSettled([
        mine.outcomes(mine.take(code, 1, '0.10EUR'), mine.take(code, 2, '0.10EUR')),
        issueCode(at.servers[1]!, at.terminals[1]!, {}, { limit: '5.00EUR' }),
      ]);
      expect((await at.admin.codes.codes({ accountId: at.anna.id, state: 'active' }, { limit: 100 })).items).toEqual([]);
      await at.admin.ledger.reinstate(at.anna.id);
    }
  });

  test('an account is closed, or a register comes to charge for it, and not both', async () => {
    await using at = await site();
    for (let round = 0; round < 10; round += 1) {
      const { id } = await at.admin.ledger.open({ name: `Stall ${round}`, currency: 'EUR' });
      const register = await at.servers[1]!.hold('pos', { accounts: [id] });
      const done = await Promise.allSettled([at.admin.ledger.close(id), register.pos.self()]);
      expect(done.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    }
  });
}
