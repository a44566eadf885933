import { AdminClient } from '../../src/client/admin-client.ts';
import { ApClient } from '../../src/client/ap-client.ts';
import { BatchesClient } from '../../src/client/batches-client.ts';
import { CodesClient } from '../../src/client/codes-client.ts';
import { EnrollmentClient } from '../../src/client/enrollment-client.ts';
import { EventsClient } from '../../src/client/events-client.ts';
import { FactoryClient } from '../../src/client/factory-client.ts';
import { FlashingClient } from '../../src/client/flashing-client.ts';
import { HttpClient } from '../../src/client/http-client.ts';
import { LedgerClient } from '../../src/client/ledger-client.ts';
import { MandateClient, PosClient } from '../../src/client/pos-client.ts';
import { NetworksClient, WitnessClient } from '../../src/client/networks-client.ts';
import { OffersClient } from '../../src/client/offers-client.ts';
import { OwnerClient } from '../../src/client/owner-client.ts';
import { SharingClient } from '../../src/client/sharing-client.ts';
import { WalletClient } from '../../src/client/wallet-client.ts';
import type { Store } from '../../src/roles/store.ts';
import { Authority } from '../server/certificates.ts';
import { enrollIn, startServer } from '../server/running-server.ts';
import { Outbox, TestClock, type HarnessOptions, type RolesHarness } from './roles.harness.ts';
import { collecting } from './stand-in-provider.ts';

/** What a server does by itself would get in between. */
const dayMs = 86_400_000;

/** The roles over HTTP: clients, TLS on loopback, and a server over a store. */
export async function rolesThere(open: () => Promise<{ store: Store; remove(): Promise<void> }>, { codeLosses, witnesses }: HarnessOptions = {}): Promise<RolesHarness> {
  const { store, remove } = await open();
  const clock = new TestClock();
  const outbox = new Outbox();
  const { ledger, ...collects } = collecting(store, clock);
  const authority = new Authority();
  const running = await startServer({ store, clock, tls: authority.server(), verificationSender: outbox, allowMd5: true, codeLosses, witnesses, providers: ledger.providers, housekeepingMs: dayMs });
  const clients: HttpClient[] = [];
  const connect = (token?: string) => {
    const client = new HttpClient({ url: running.url, token, ca: authority.cert });
    clients.push(client);
    return client;
  };
  return {
    isRemote: true,
    store,
    clock,
    outbox,
    ...collects,
    nobody: new EnrollmentClient(connect()),
    async hold(role, scope) {
      const { secret, token } = await enrollIn(store, role, scope, clock);
      const http = connect(secret);
      return {
        token,
        enrollment: new EnrollmentClient(http),
        factory: new FactoryClient(http),
        flashing: new FlashingClient(http),
        batches: new BatchesClient(http),
        ap: new ApClient(http),
        owner: new OwnerClient(http),
        admin: new AdminClient(http),
        ledger: new LedgerClient(http),
        wallet: new WalletClient(http),
        pos: new PosClient(http),
        mandates: new MandateClient(http),
        codes: new CodesClient(http),
        offers: new OffersClient(http),
        events: new EventsClient(http),
        networks: new NetworksClient(http),
        witness: new WitnessClient(http),
        sharing: new SharingClient(http),
      };
    },
    async close() {
      await Promise.all(clients.map((client) => client.close()));
      await running.stop();
      await remove();
    },
  };
}
