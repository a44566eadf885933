import type { Sealer } from '../roles/sealer.ts';
import type { EventWatch } from '../roles/events/store.ts';
import type { Store } from '../roles/store.ts';
import type { Database, OpenDatabase } from './database.ts';
import { AccessPoints } from './repositories/access-points.ts';
import { AccessCodes } from './repositories/access-codes.ts';
import { Accounts } from './repositories/accounts.ts';
import { AccessRequests } from './repositories/access-requests.ts';
import { Attempts } from './repositories/attempts.ts';
import { AuditLog } from './repositories/audit.ts';
import { Challenges } from './repositories/challenges.ts';
import { CodeKeys } from './repositories/code-keys.ts';
import { CodeReceipts } from './repositories/code-receipts.ts';
import { CreditCodes } from './repositories/credit-codes.ts';
import { Chunks } from './repositories/chunks.ts';
import { Bindings } from './repositories/bindings.ts';
import { Batches } from './repositories/batches.ts';
import { Devices } from './repositories/devices.ts';
import { Events } from './repositories/events.ts';
import { EnrollCodes } from './repositories/enroll-codes.ts';
import { Flashes } from './repositories/flashes.ts';
import { Grants } from './repositories/grants.ts';
import { Mandates } from './repositories/mandates.ts';
import { Offers } from './repositories/offers.ts';
import { Networks } from './repositories/networks.ts';
import { Payments } from './repositories/payments.ts';
import { Postings } from './repositories/postings.ts';
import { Registers } from './repositories/registers.ts';
import { Replies } from './repositories/replies.ts';
import { Sales } from './repositories/sales.ts';
import { ShareRequests } from './repositories/share-requests.ts';
import { Settings } from './repositories/settings.ts';
import { Taps } from './repositories/taps.ts';
import { Tokens } from './repositories/tokens.ts';
import { TopUps } from './repositories/top-ups.ts';
import { Verifications } from './repositories/verifications.ts';

/** The repositories over a database, or over one transaction on it. */
export class RelationalStore implements Store {
  readonly devices: Devices;
  readonly chunks: Chunks;
  readonly batches: Batches;
  readonly requests: AccessRequests;
  readonly flashes: Flashes;
  readonly grants: Grants;
  readonly accessPoints: AccessPoints;
  readonly tokens: Tokens;
  readonly enrollCodes: EnrollCodes;
  readonly attempts: Attempts;
  readonly audit: AuditLog;
  readonly replies: Replies;
  readonly settings: Settings;
  readonly accounts: Accounts;
  readonly postings: Postings;
  readonly topUps: TopUps;
  readonly payments: Payments;
  readonly bindings: Bindings;
  readonly verifications: Verifications;
  readonly registers: Registers;
  readonly sales: Sales;
  readonly mandates: Mandates;
  readonly taps: Taps;
  readonly accessCodes: AccessCodes;
  readonly codeKeys: CodeKeys;
  readonly creditCodes: CreditCodes;
  readonly codeReceipts: CodeReceipts;
  readonly offers: Offers;
  readonly networks: Networks;
  readonly challenges: Challenges;
  readonly events: Events;
  readonly shareRequests: ShareRequests;
  readonly #whole: OpenDatabase;
  readonly #database: Database;
  readonly #sealer: Sealer;

  constructor(whole: OpenDatabase, sealer: Sealer, database: Database = whole) {
    this.#whole = whole;
    this.#database = database;
    this.#sealer = sealer;
    this.devices = new Devices(database, sealer);
    this.chunks = new Chunks(database, sealer);
    this.batches = new Batches(database);
    this.requests = new AccessRequests(database);
    this.flashes = new Flashes(database);
    this.grants = new Grants(database);
    this.accessPoints = new AccessPoints(database);
    this.tokens = new Tokens(database);
    this.enrollCodes = new EnrollCodes(database);
    this.attempts = new Attempts(database);
    this.audit = new AuditLog(database);
    this.replies = new Replies(database, sealer);
    this.settings = new Settings(database, sealer);
    this.accounts = new Accounts(database, sealer);
    this.postings = new Postings(database);
    this.topUps = new TopUps(database);
    this.payments = new Payments(database, sealer);
    this.bindings = new Bindings(database, sealer);
    this.verifications = new Verifications(database, sealer);
    this.registers = new Registers(database);
    this.sales = new Sales(database, sealer);
    this.mandates = new Mandates(database);
    this.taps = new Taps(database);
    this.accessCodes = new AccessCodes(database);
    this.codeKeys = new CodeKeys(database, sealer);
    this.creditCodes = new CreditCodes(database);
    this.codeReceipts = new CodeReceipts(database);
    this.offers = new Offers(database);
    this.networks = new Networks(database);
    this.challenges = new Challenges(database);
    this.events = new Events(database);
    this.shareRequests = new ShareRequests(database);
  }

  transaction<T>(work: (tx: Store) => Promise<T>): Promise<T> {
    return this.#database.transaction((database) =>
      work(database === this.#database ? this : new RelationalStore(this.#whole, this.#sealer, database)));
  }

  waitForRevision(apId: string, revision: number, timeoutMs: number, signal?: AbortSignal): Promise<void> {
    return this.#whole.waitForRevision(apId, revision, timeoutMs, signal);
  }

  watchEvents(terminalId: string): EventWatch {
    return this.#whole.watchEvents(terminalId);
  }

  epoch(): number | undefined {
    // A transaction sees more than what is committed.
    return this.#database === this.#whole ? this.#whole.epoch() : undefined;
  }

  ping(): Promise<void> {
    return this.#whole.ping();
  }

  close(): Promise<void> {
    return this.#whole.close();
  }
}
