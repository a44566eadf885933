import { randomBytes, randomUUID } from 'node:crypto';
import type { Grant } from '../../src/domain/grant.ts';
import { parseAmount } from '../../src/domain/money.ts';
import { parseTariff } from '../../src/domain/tariff-json.ts';
import { newAccessKey, publicJwkOf, type PrivateJwk } from '../../src/protocol/access-code.ts';
import { LedgerService } from '../../src/roles/ledger/service.ts';
import { PosService } from '../../src/roles/pos/service.ts';
import type { Site } from './site.ts';

/** A cash register of the site's network that sells ten minutes a euro, and says what its key is. */
export class Till {
  readonly pos: PosService;
  readonly id: string;
  readonly key: PrivateJwk;

  private constructor(pos: PosService, id: string, key: PrivateJwk) {
    this.pos = pos;
    this.id = id;
    this.key = key;
  }

  static async open({ context, apId }: Site, key: PrivateJwk = newAccessKey()): Promise<Till> {
    const { id: account } = await new LedgerService(context).open({ name: `Café ${randomUUID()}`, currency: 'EUR' });
    const id = `tok_${randomUUID()}`;
    const token = {
      id, role: 'pos', name: 'till', scope: { aps: [apId], accounts: [account] }, apId: undefined, createdAt: context.clock.now(), lastUsedAt: undefined, revokedAt: undefined,
    } as const;
    const pos = new PosService({ ...context, actor: { kind: 'token', token } });
    await pos.setTariff(parseTariff({ kind: 'steps', step: '1.00EUR=10min', minimum: '1.00EUR', pausable: true }));
    await pos.describe({ jwk: JSON.stringify(publicJwkOf(key)) });
    return new Till(pos, id, key);
  }

  /** Takes cash of whoever holds a card to it. */
  async sell(euros: string, uid: Uint8Array = newUid()): Promise<Grant> {
    const { grant } = await this.pos.charge({ key: randomUUID(), amount: parseAmount(`${euros}EUR`), authority: { kind: 'cash', uid } });
    return grant!;
  }
}

/** Of a card that keeps its UID. */
export function newUid(): Uint8Array {
  return Buffer.concat([Buffer.of(0x04), randomBytes(6)]);
}
