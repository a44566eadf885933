import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { EnrollmentClient } from '../../src/client/enrollment-client.ts';
import { HttpClient } from '../../src/client/http-client.ts';
import { LedgerClient } from '../../src/client/ledger-client.ts';
import { OwnerClient } from '../../src/client/owner-client.ts';
import { PosClient } from '../../src/client/pos-client.ts';
import { parseAmount } from '../../src/domain/money.ts';
import { parseTariff } from '../../src/domain/tariff-json.ts';
import { openAccessCode, publicJwkOf, type PrivateJwk } from '../../src/protocol/access-code.ts';
import { networkOf, type RadioSite } from './site.ts';

/** A cash register of the access point's network, at the server, that sells ten seconds for ten cents. */
export class RadioTill {
  readonly pos: PosClient;
  readonly #http: HttpClient;
  readonly #key: PrivateJwk;

  private constructor(http: HttpClient, key: PrivateJwk) {
    this.#http = http;
    this.pos = new PosClient(http);
    this.#key = key;
  }

  static async open(site: RadioSite, key: PrivateJwk): Promise<RadioTill> {
    const { url, token } = site.access;
    const ca = readFileSync(site.access.ca, 'utf8');
    const admin = new HttpClient({ url, ca, token });
    const account = await new LedgerClient(admin).open({ name: 'Café', currency: 'EUR' });
    const { items: [ap] } = await new OwnerClient(admin).accessPoints({ limit: 1 });
    const { code } = await site.json<{ code: string }>('server', 'enroll-code', 'create', '--role', 'pos', '--match', `account=${account.id}`, '--match', `ap=${ap!.id}`);
    const { secret } = await new EnrollmentClient(admin).enroll(code, 'till');
    await admin.close();
    const till = new RadioTill(new HttpClient({ url, ca, token: secret }), key);
    await till.pos.setTariff(parseTariff({ kind: 'steps', step: '0.10EUR=10s', minimum: '0.10EUR', pausable: true }));
    await till.pos.describe({ jwk: JSON.stringify(publicJwkOf(key)) });
    return till;
  }

  /** Takes 0.30EUR of whoever holds a card to it, and resolves with the network that it can join for that. */
  async sell(): Promise<{ readonly id: string; readonly network: readonly string[] }> {
    const authority = { kind: 'cash', uid: Buffer.from('04a1b2c3d4e5f6', 'hex') } as const;
    const { grant } = await this.pos.charge({ key: randomUUID(), amount: parseAmount('0.30EUR'), authority });
    const sealed = await this.pos.accessCode(grant!.id, 20_000);
    const credential = await openAccessCode(sealed!, this.#key, grant!.id);
    await this.pos.acknowledge(grant!.id);
    return { id: grant!.id, network: networkOf({ ...credential, grant_id: grant!.id }) };
  }

  async close(): Promise<void> {
    await this.#http.close();
  }
}
