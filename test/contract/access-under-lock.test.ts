import { randomBytes, randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Actor } from '../../src/domain/token.ts';
import { parseAmount } from '../../src/domain/money.ts';
import { parseTariff } from '../../src/domain/tariff-json.ts';
import { LedgerService } from '../../src/roles/ledger/service.ts';
import type { Charge, Claim } from '../../src/roles/pos/ports.ts';
import { PosService } from '../../src/roles/pos/service.ts';
import type { Store } from '../../src/roles/store.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { testSealer } from '../storage/sealer.ts';
import { codeOf, TestClock } from './roles.harness.ts';

// Where the row of an access point is taken, others may have been there first: here they are, each time.

const minute = 60_000;
const actor: Actor = { kind: 'local' };
const random = { bytes: (length: number) => randomBytes(length) };
const newToken = () => randomBytes(16).toString('base64url');
const shown = (code: string, phoneToken = newToken()): Claim => ({ kind: 'receipt', code, phoneToken });
const cash = (uid?: Uint8Array): Charge => ({ key: randomUUID(), amount: parseAmount('1.00EUR'), authority: { kind: 'cash', uid } });

let store: Store;
let clock: TestClock;
/** Done by others between a look and the lock, once. */
let meanwhile: ((pos: PosService) => Promise<unknown>) | undefined;
let pos: PosService;

/** As the store, with `meanwhile` before it takes the row. */
function crowded(of: Store): Store {
  const { accessPoints } = of;
  return Object.create(of, {
    transaction: { value: <T>(work: (tx: Store) => Promise<T>) => of.transaction((tx) => work(crowded(tx))) },
    accessPoints: {
      value: new Proxy(accessPoints, {
        get: (target, name: keyof typeof accessPoints) => {
          if (name !== 'nextRevision') return (target[name] as (...args: unknown[]) => unknown).bind(target);
          return async (apId: string) => {
            const others = meanwhile;
            meanwhile = undefined;
            await others?.(new PosService({ store: of, clock, random, actor }));
            return target.nextRevision(apId);
          };
        },
      }),
    },
  }) as Store;
}

beforeEach(async () => {
  store = await openMemoryStore(testSealer());
  clock = new TestClock();
  meanwhile = undefined;
  const { id } = await new LedgerService({ store, clock, random, actor }).open({ name: 'Café', currency: 'EUR' });
  pos = new PosService({ store: crowded(store), clock, random, actor });
  await pos.describe({ account: id, ssid: 'cafe-guests' });
  await pos.setTariff(parseTariff({ kind: 'steps', step: '1.00EUR=10min' }));
});
afterEach(() => store.close());

test('a code that another phone redeems in between is that one’s', async () => {
  const { receiptCode: code, grant } = await pos.charge(cash());
  const first = newToken();
  meanwhile = (other) => other.access(shown(code!, first));
  expect(await codeOf(pos.access(shown(code!)))).toBe('receipt_code_invalid');
  expect((await pos.access({ kind: 'phone', token: first })).id).toBe(grant!.id);
});

test('a code that the same phone’s first call redeems in between is redeemed once, and both have the same answer', async () => {
  const [{ receiptCode: code, grant }, token] = [await pos.charge(cash()), newToken()];
  meanwhile = (other) => other.access(shown(code!, token));
  const bound = await pos.access(shown(code!, token));
  expect(bound).toMatchObject({ id: grant!.id, endsAt: grant!.endsAt });
  expect(await pos.access({ kind: 'phone', token })).toEqual(bound);
});

test('a code is not good any more once its time is given back in between', async () => {
  const { receiptCode: code, grant } = await pos.charge(cash());
  meanwhile = (other) => other.refund(grant!.id);
  expect(await codeOf(pos.access(shown(code!)))).toBe('receipt_code_invalid');
});

test('time that is bought in between lets in who was about to be told that it is over', async () => {
  const uid = Buffer.concat([Buffer.of(0x04), randomBytes(6)]);
  const { grant: over } = await pos.charge(cash(uid));
  clock.pass(10 * minute);
  meanwhile = (other) => other.charge(cash(uid));
  const grant = await pos.access({ kind: 'nfc', uid });
  expect(grant.id).not.toBe(over!.id);
  expect(grant).toMatchObject({ state: 'active', allowedMs: 10 * minute });
  expect(await pos.permission(over!.id)).toMatchObject({ state: 'ended' });
});
