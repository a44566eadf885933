import type { AccessRequest, RequestStatus } from '../domain/access-request.ts';
import type { Attempt, AuditAction, AuditEntry } from '../domain/audit.ts';
import type { Batch, BatchDevice, BatchRevocation } from '../domain/batch.ts';
import type { Device, DeviceState } from '../domain/device.ts';
import type { Flash, FlashResult } from '../domain/flash.ts';
import type { Enforcement, Grant, GrantSource, GrantState, GrantUsage } from '../domain/grant.ts';
import type { Role, Scope, Token } from '../domain/token.ts';
import type { CodeKeyRepository, CodeReceiptRepository, CreditCodeRepository } from './codes/store.ts';
import type { EventRepository, EventWatch } from './events/store.ts';
import type { AccountRepository, BindingRepository, PaymentRepository, PostingRepository, TopUpRepository, VerificationRepository } from './ledger/store.ts';
import type { OfferRepository } from './offers/store.ts';
import type { ChallengeRepository, NetworkRepository } from './networks/store.ts';
import type { Page, PageRequest } from './page.ts';
import type { AccessCodeRepository, MandateRepository, RegisterRepository, SaleRepository, TapRepository } from './pos/store.ts';
import type { ShareRequestRepository } from './sharing/store.ts';

/**
 * The registry's storage as the roles' services see it. All concurrency control is here: unique keys and
 * compare-and-set, so that any number of servers or processes share one database.
 *
 * Errors: `storage_full`, `storage_read_only`, `storage_locked`, `storage_unavailable`, `storage_corrupt`.
 */
export interface Store {
  readonly devices: DeviceRepository;
  readonly chunks: ChunkRepository;
  readonly batches: BatchRepository;
  readonly requests: RequestRepository;
  readonly flashes: FlashRepository;
  readonly grants: GrantRepository;
  readonly accessPoints: AccessPointRepository;
  readonly tokens: TokenRepository;
  readonly enrollCodes: EnrollCodeRepository;
  readonly attempts: AttemptRepository;
  readonly audit: AuditRepository;
  readonly replies: ReplyRepository;
  readonly settings: SettingRepository;
  readonly accounts: AccountRepository;
  readonly postings: PostingRepository;
  readonly topUps: TopUpRepository;
  readonly payments: PaymentRepository;
  readonly bindings: BindingRepository;
  readonly verifications: VerificationRepository;
  readonly registers: RegisterRepository;
  readonly sales: SaleRepository;
  readonly mandates: MandateRepository;
  readonly taps: TapRepository;
  readonly accessCodes: AccessCodeRepository;
  readonly codeKeys: CodeKeyRepository;
  readonly creditCodes: CreditCodeRepository;
  readonly codeReceipts: CodeReceiptRepository;
  readonly offers: OfferRepository;
  readonly networks: NetworkRepository;
  readonly challenges: ChallengeRepository;
  readonly events: EventRepository;
  readonly shareRequests: ShareRequestRepository;

  /**
   * Runs `work` in one transaction, durable when the promise resolves; all or nothing. Inside one it joins the
   * outer transaction. `work` may be run again after a serialization failure, so it does nothing but storage.
   */
  transaction<T>(work: (tx: Store) => Promise<T>): Promise<T>;

  /** Resolves as soon as the access point's revision is greater than `revision`, or after `timeoutMs`. */
  waitForRevision(apId: string, revision: number, timeoutMs: number, signal?: AbortSignal): Promise<void>;

  /** From now on; closed by who opened it. */
  watchEvents(terminalId: string): EventWatch;

  /**
   * Names what is committed now: what was read under a number is so as long as the number stays. Undefined where
   * finding out takes as long as reading again.
   */
  epoch(): number | undefined;

  /** Whether the database answers; throws what a call would. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface NewDevice extends Pick<Device, 'uuid' | 'ssid' | 'model' | 'batch' | 'label' | 'mac' | 'weak' | 'createdAt'> {
  readonly passTmp: string;
  /** The same as a box for its place, where that was made ahead. */
  readonly sealed?: Uint8Array | undefined;
}

export interface DeviceFilter {
  readonly model?: string | undefined;
  readonly batch?: string | undefined;
  readonly state?: DeviceState | undefined;
  /** Only devices that a token of this scope may touch. */
  readonly within?: Scope | undefined;
}

/** A device with its secrets opened. */
export interface StoredIdentity {
  readonly device: Device;
  readonly passTmp: string;
  /** The private key of its DPP bootstrapping, 32 bytes. */
  readonly dppKey: Uint8Array | undefined;
  /** Where it was made in bulk. */
  readonly chunk: ChunkPlace | undefined;
}

/** A device with the private key of its DPP bootstrapping, if it has one. */
export interface StoredBootstrapping {
  readonly device: Pick<Device, 'uuid' | 'model' | 'batch'>;
  /** 32 bytes. */
  readonly dppKey: Uint8Array | undefined;
  readonly madeAt: Date | undefined;
}

/** A device as far as verification depends on it. */
export type VerifiedDevice = Pick<Device, 'uuid' | 'model' | 'batch' | 'state' | 'spentBy'>;

/** A device is revoked as soon as its batch is, whether or not its row says so already. */
export interface DeviceRepository {
  /** Adds it as `reserved` with its pass_tmp sealed; false if the uuid is taken (nothing is changed then). */
  insert(device: NewDevice): Promise<boolean>;
  find(uuid: string): Promise<Device | undefined>;
  /** The hot path: one indexed read and one opening of a seal. */
  findForVerification(uuid: string): Promise<{ readonly device: VerifiedDevice; readonly passTmp: string } | undefined>;
  findWithPassTmp(uuid: string): Promise<StoredIdentity | undefined>;
  /** Of those of these uuids that are there, in no order. */
  identities(uuids: readonly string[]): Promise<StoredIdentity[]>;
  /** Of those of these uuids that are there, in no order. */
  bootstrappings(uuids: readonly string[]): Promise<StoredBootstrapping[]>;
  /** By what a device that announces itself names its key: `chirpHash`. */
  findByChirp(hash: Uint8Array): Promise<{ readonly uuid: string; readonly dppKey: Uint8Array } | undefined>;
  /** Keeps the key sealed; false if the device has one already, or is not there. */
  addDppKey(uuid: string, made: { readonly key: Uint8Array; readonly hash: Uint8Array }, at: Date): Promise<boolean>;
  /** In the order of uuids. */
  list(filter: DeviceFilter, page: PageRequest): Promise<Page<Device>>;
  /** reserved → registered; false if it was not `reserved`. */
  register(uuid: string, at: Date): Promise<boolean>;
  /** → revoked; false if it was so already or does not exist. */
  revoke(uuid: string, at: Date): Promise<boolean>;
  /** Compare-and-set of the request that spent its pass_tmp; only a `registered` device changes. */
  setSpentBy(uuid: string, expected: string | undefined, requestId: string | undefined): Promise<boolean>;
  setFlashed(uuid: string, at: Date): Promise<void>;
}

export interface FlashRepository {
  /** False if the device has one that goes on (nothing is changed then). */
  insert(flash: Flash): Promise<boolean>;
  find(uuid: string, id: string): Promise<Flash | undefined>;
  /** The one of a device that goes on. */
  openOf(uuid: string): Promise<Flash | undefined>;
  /** Those that go on at a station, oldest first. */
  openAt(station: string, limit: number): Promise<Flash[]>;
  /** Ends one that goes on; undefined if it does not. */
  end(uuid: string, id: string, end: { readonly at: Date; readonly result: FlashResult; readonly detail: string | undefined }): Promise<Flash | undefined>;
}

/** A place in a bulk run, which only its number names; chunks of one number belong together. */
export interface ChunkPlace {
  readonly run: number;
  readonly number: number;
}

/** Devices that are made in bulk: reserved together, registered together. */
export interface ChunkRepository {
  /**
   * Adds devices as `reserved`; those whose uuid is taken are passed over, and resolved to. `entry` makes the audit
   * entry that stands for all that were added, and is not called if there are none.
   */
  insert<D extends Omit<NewDevice, 'createdAt'>>(
    place: ChunkPlace,
    devices: readonly D[],
    at: Date,
    entry: (count: number) => NewAuditEntry,
  ): Promise<readonly D[]>;
  /** Registers the run's devices of chunks up to that number; resolves to how many those are. */
  register(upTo: ChunkPlace, at: Date, entry: (count: number) => NewAuditEntry): Promise<number>;
  /** How many devices of the run are registered. */
  registered(run: number): Promise<number>;
}

/** Devices of a batch from `first` to `last`, in the order of uuids. */
export interface DeviceRange {
  readonly first: string;
  readonly last: string;
  /** None of the batch is behind them. */
  readonly isLast: boolean;
  /** Their rows all say that they are revoked. */
  readonly isRevoked: boolean;
}

export interface BatchRepository {
  /** In the order of their names; with `names` only of these. Counts nothing but what is on the page. */
  list(page: PageRequest, names?: readonly string[]): Promise<Page<Batch>>;
  find(name: string): Promise<Batch | undefined>;
  /** In the order of uuids. */
  devices(name: string, page: PageRequest): Promise<Page<BatchDevice>>;
  revocation(name: string): Promise<BatchRevocation | undefined>;
  /** Once committed, every device of the batch is revoked, also one that is added later. False if it was so already. */
  revoke(name: string, revocation: BatchRevocation): Promise<boolean>;
  /** The next devices behind a uuid, at most so many; undefined if there are none. */
  range(name: string, after: string | undefined, limit: number): Promise<DeviceRange | undefined>;
  /** Those in the range that have a request or a grant that is not over, at most so many, in the order of uuids. */
  withOpenAccess(name: string, range: DeviceRange, limit: number): Promise<string[]>;
  /** Writes into the rows of the range that they are revoked; returns of how many that is news. */
  revokeDevices(name: string, range: DeviceRange, at: Date): Promise<number>;
}

export interface RequestFilter {
  readonly uuid?: string | undefined;
  readonly apIds?: readonly string[] | undefined;
  readonly statuses?: readonly RequestStatus[] | undefined;
}

export type RequestChange = Partial<
  Pick<AccessRequest, 'decidedAt' | 'decidedBy' | 'reason' | 'grantId' | 'deliveredAt' | 'joinedAt'>
> & { readonly status: RequestStatus; readonly revision: number };

export interface RequestRepository {
  /** At most one `pending` request per uuid and AP exists: the caller expires the older one first. */
  insert(request: AccessRequest): Promise<void>;
  find(id: string): Promise<AccessRequest | undefined>;
  /** Compare-and-set on the status; undefined if it was none of `from`. */
  change(id: string, from: readonly RequestStatus[], change: RequestChange): Promise<AccessRequest | undefined>;
  /** Newest first. */
  list(filter: RequestFilter, page: PageRequest): Promise<Page<AccessRequest>>;
  /** A device's `pending` and `approved` ones, at any access point, oldest first. */
  openOf(uuid: string): Promise<AccessRequest[]>;
  /** Those of one access point with a revision greater than `revision`, oldest change first. */
  changedSince(apId: string, revision: number): Promise<AccessRequest[]>;
  /** `pending` ones whose time is over. */
  overdue(at: Date, limit: number): Promise<AccessRequest[]>;
}

export interface GrantFilter {
  readonly apIds?: readonly string[] | undefined;
  readonly subjectId?: string | undefined;
  readonly source?: GrantSource | undefined;
  readonly state?: GrantState | undefined;
}

/** All of what may change of a grant's time and subject. */
export type GrantAlteration = Pick<Grant, 'subject' | 'endsAt' | 'allowedMs' | 'waitingMs' | 'revision'> & { readonly state: 'active' | 'paused' };

export interface GrantRepository {
  insert(grant: Grant): Promise<void>;
  find(id: string): Promise<Grant | undefined>;
  /** active | paused → ended | revoked; undefined if it was neither. */
  close(
    id: string,
    close: { state: 'ended' | 'revoked'; at: Date; by: string; reason: string | undefined; revision: number },
  ): Promise<Grant | undefined>;
  /** Sets the end and the quota of an active grant; undefined if it was not active. */
  increase(
    id: string,
    change: { endsAt: Date | undefined; quotaBytes: bigint | undefined; revision: number },
  ): Promise<Grant | undefined>;
  /** A subject's on the permission list of an access point: active or paused, earned by payment. */
  permission(apId: string, subject: Grant['subject']): Promise<Grant | undefined>;
  /** Changes one that is active or paused; undefined if it was neither. */
  alter(id: string, change: GrantAlteration): Promise<Grant | undefined>;
  /** Active ones earned by payment whose time is over. */
  soldUntil(at: Date, limit: number): Promise<Grant[]>;
  /** Raises what has been used to at least this, of one of the access point's own grants. */
  use(apId: string, id: string, usage: GrantUsage): Promise<void>;
  /** Newest first. */
  list(filter: GrantFilter, page: PageRequest): Promise<Page<Grant>>;
  changedSince(apId: string, revision: number): Promise<Grant[]>;
}

export interface AccessPoint {
  readonly id: string;
  readonly name: string;
  /** As its agent said last; undefined until it first ran. */
  readonly ssid: string | undefined;
  /** Also undefined where no agent ever is: then a cash register said which network it serves. */
  readonly onboardingSsid: string | undefined;
  readonly createdAt: Date;
  readonly lastSeenAt: Date | undefined;
  /** Counts the changes of its requests and grants; the agent asks for what is newer than it knows. */
  readonly revision: number;
  /** As its agent said last; undefined until it first ran. */
  readonly enforcement: Enforcement | undefined;
}

export interface AccessPointRepository {
  /** False if the id is taken. */
  insert(ap: Pick<AccessPoint, 'id' | 'name' | 'createdAt'>): Promise<boolean>;
  find(id: string): Promise<AccessPoint | undefined>;
  list(page: PageRequest): Promise<Page<AccessPoint>>;
  update(id: string, change: { ssid: string; onboardingSsid: string | undefined; enforcement: Enforcement; seenAt: Date | undefined }): Promise<boolean>;
  /**
   * Adds one to the revision, under a row lock that the transaction holds to its end, so that revisions become
   * visible in their order; wakes those who wait for it once committed. Throws `ap_not_found`.
   */
  nextRevision(id: string): Promise<number>;
}

export interface TokenRepository {
  /** `hash`: SHA-256 of the token; the token itself is stored nowhere. */
  insert(token: Token, hash: Uint8Array): Promise<void>;
  findByHash(hash: Uint8Array): Promise<Token | undefined>;
  list(page: PageRequest): Promise<Page<Token>>;
  revoke(id: string, at: Date): Promise<Token | undefined>;
  /** Those of these ids that are revoked. */
  revokedOf(ids: readonly string[]): Promise<string[]>;
  /** Best effort, may be written late. */
  touch(id: string, at: Date): Promise<void>;
  /** Whether a token of this role that is not revoked exists. */
  exists(role: Role): Promise<boolean>;
}

export interface EnrollCode {
  readonly id: string;
  readonly role: Role;
  readonly scope: Scope;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export interface EnrollCodeRepository {
  insert(code: EnrollCode, hash: Uint8Array): Promise<void>;
  /** Uses it up, in one compare-and-set; undefined if unknown, used or expired. */
  take(hash: Uint8Array, at: Date): Promise<EnrollCode | undefined>;
  /** Forgets up to `limit` of those that have expired, used or not; returns how many. */
  forget(at: Date, limit: number): Promise<number>;
}

export interface AttemptRepository {
  /** Adds those not yet there (by id): an agent may send them twice. */
  add(apId: string, attempts: readonly Attempt[]): Promise<readonly Attempt[]>;
  /** Newest first. */
  list(filter: { apIds?: readonly string[] | undefined; uuid?: string | undefined }, page: PageRequest): Promise<Page<Attempt & { readonly apId: string }>>;
  /** Forgets up to `limit` of those that are older than the moment; returns how many. */
  forget(before: Date, limit: number): Promise<number>;
  /** Forgets up to `limit` of an access point's that are older than its `count` newest; returns how many. */
  forgetBeyond(apId: string, count: number, limit: number): Promise<number>;
}

export type NewAuditEntry = Pick<AuditEntry, 'at' | 'actor' | 'action'> & {
  readonly uuid?: string | undefined;
  readonly apId?: string | undefined;
  readonly detail?: AuditEntry['detail'] | undefined;
  readonly asked?: AuditEntry['asked'];
};

/** The chain's newest link: all entries up to `id` are sealed, `hash` commits to them. */
export interface AuditHead {
  readonly id: bigint;
  readonly count: bigint;
  readonly hash: Uint8Array;
}

export interface AuditVerification {
  readonly ok: boolean;
  readonly head: AuditHead | undefined;
  /** Entries appended and not yet sealed. */
  readonly unsealed: bigint;
  /** Where the chain first breaks and how. */
  readonly broken: { readonly id: bigint; readonly detail: string } | undefined;
}

export interface AuditRepository {
  append(...entries: readonly NewAuditEntry[]): Promise<void>;
  /**
   * By uuid, an entry that stands for several devices is shown as what it says of that one. `revocation`: also the
   * entry with which the batch was revoked at that moment. `first`: oldest if not given.
   */
  list(
    filter: {
      action?: AuditAction | undefined;
      uuid?: string | undefined;
      revocation?: { readonly batch: string; readonly at: Date } | undefined;
    },
    page: PageRequest,
    first?: 'oldest' | 'newest',
  ): Promise<Page<AuditEntry>>;
  /** Chains what is not yet sealed, under an advisory lock; returns how many entries. */
  seal(): Promise<number>;
  /** Recomputes the whole chain. `exported`: a head kept elsewhere, which the chain must still contain. */
  verify(exported?: AuditHead): Promise<AuditVerification>;
}

/** A reply kept for an idempotency key; `body` is sealed at rest. */
export interface KeptReply {
  readonly fingerprint: Uint8Array;
  readonly status: number;
  readonly body: string;
}

export interface ReplyRepository {
  find(scope: string, key: string): Promise<KeptReply | undefined>;
  /** False if the key is taken in this scope. */
  insert(scope: string, key: string, reply: KeptReply, at: Date): Promise<boolean>;
  /** Forgets up to `limit` of those that are older than the moment; returns how many. */
  forget(before: Date, limit: number): Promise<number>;
}

/** The deployment's own few secrets, such as the key that signs audit heads; sealed at rest. */
export interface SettingRepository {
  get(name: string): Promise<string | undefined>;
  /** The first one stays: false if the name is taken. */
  insert(name: string, value: string): Promise<boolean>;
}
