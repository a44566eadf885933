import type { ColumnType } from 'kysely';

/** Milliseconds since 1970 in SQLite, timestamptz in PostgreSQL; written as a Date to both. */
type Time = ColumnType<number | Date, Date, Date>;
type OptionalTime = ColumnType<number | Date | null, Date | null, Date | null>;
/** 0 or 1 in SQLite. */
type Flag = ColumnType<number | boolean, boolean, boolean>;
/** 64 bits: a number from SQLite, text from PostgreSQL. */
type Integer = number | bigint | string;
type Big = ColumnType<Integer, number | bigint, number | bigint>;
type OptionalBig = ColumnType<Integer | null, number | bigint | null, number | bigint | null>;
type CountedBig = ColumnType<Integer, undefined, never>;

export interface DeviceTable {
  uuid: string;
  ssid: string;
  model: string | null;
  batch: string | null;
  label: string | null;
  mac: string | null;
  state: string;
  weak: Flag;
  spent_by: string | null;
  created_at: Time;
  registered_at: OptionalTime;
  revoked_at: OptionalTime;
  /** With which it was made in bulk. */
  chunk: OptionalBig;
  flashed_at: OptionalTime;
  /** Sealed. */
  pass_tmp: Uint8Array;
  /** Sealed. */
  dpp_key: Uint8Array | null;
  dpp_key_made_at: OptionalTime;
  dpp_hash: Uint8Array | null;
}

/** Devices as they are: those of a registered chunk are registered. */
export interface KnownDeviceTable extends Omit<DeviceTable, 'chunk' | 'dpp_hash'> {
  /** That made it in bulk. */
  run: OptionalBig;
  /** Of its chunk in the run. */
  number: OptionalBig;
}

/** So many devices, made in bulk, that are registered together. */
export interface ChunkTable {
  id: CountedBig;
  run: Big;
  /** Place in its run. */
  number: Big;
  devices: Big;
  /** Null while their pass_tmps are not known to be written out. */
  registered_at: OptionalTime;
  /** The entries of the audit log that stand for its devices. */
  reserved_entry: OptionalBig;
  registered_entry: OptionalBig;
}

export interface FlashTable {
  uuid: string;
  id: string;
  batch: string | null;
  station: string;
  operator: string;
  started_at: Time;
  ended_at: OptionalTime;
  /** Null while it goes on. */
  result: string | null;
  detail: string | null;
}

export interface RevokedBatchTable {
  batch: string;
  revoked_at: Time;
  reason: string | null;
}

export interface AccessPointTable {
  id: string;
  name: string;
  ssid: string | null;
  onboarding_ssid: string | null;
  created_at: Time;
  last_seen_at: OptionalTime;
  revision: Big;
  enforcement: string | null;
  /** The network that its agent says it serves. */
  claimed_network_id: string | null;
}

export interface AccessRequestTable {
  ap_id: string;
  id: string;
  uuid: string;
  status: string;
  device_label: string | null;
  match_code: string | null;
  model: string | null;
  batch: string | null;
  label: string | null;
  weak: Flag;
  plain: Flag;
  dpp: Flag;
  created_at: Time;
  expires_at: Time;
  decided_at: OptionalTime;
  decided_by: string | null;
  reason: string | null;
  grant_id: string | null;
  delivered_at: OptionalTime;
  joined_at: OptionalTime;
  revision: Big;
}

export interface GrantTable {
  ap_id: string;
  id: string;
  subject_kind: string;
  subject_id: string;
  ssid: string;
  source: string;
  request_id: string | null;
  starts_at: Time;
  ends_at: OptionalTime;
  allowed_ms: OptionalBig;
  waiting_ms: OptionalBig;
  quota_bytes: OptionalBig;
  policy: string;
  vlan: OptionalBig;
  bytes_in: Big;
  bytes_out: Big;
  seconds: Big;
  state: string;
  closed_at: OptionalTime;
  closed_by: string | null;
  reason: string | null;
  revision: Big;
}

export interface TokenTable {
  id: string;
  /** SHA-256. */
  hash: Uint8Array;
  role: string;
  name: string;
  /** JSON. */
  scope: string;
  ap_id: string | null;
  created_at: Time;
  last_used_at: OptionalTime;
  revoked_at: OptionalTime;
}

export interface EnrollCodeTable {
  id: string;
  /** SHA-256. */
  hash: Uint8Array;
  role: string;
  /** JSON. */
  scope: string;
  created_at: Time;
  expires_at: Time;
  used_at: OptionalTime;
}

export interface AttemptTable {
  ap_id: string;
  id: string;
  at: Time;
  uuid: string | null;
  from_address: string;
  outcome: string;
  detail: string | null;
}

export interface AuditEntryTable {
  id: CountedBig;
  at: Time;
  actor: string;
  action: string;
  uuid: string | null;
  ap_id: string | null;
  /** JSON, kept as it was hashed. */
  detail: string;
}

/** Which entries are not chained yet; filled by a trigger, emptied by sealing. */
export interface AuditUnsealedTable {
  entry_id: Big;
}

/** Where entries that stand for several devices are found by each of them. */
export interface AuditAskedTable {
  /** Which of the blocks of entries. */
  block: Big;
  /** The last 48 bits of the uuid. */
  device: Big;
  entry_id: Big;
}

export interface AuditChainTable {
  position: Big;
  entry_id: Big;
  hash: Uint8Array;
}

export interface ReplyTable {
  scope: string;
  key: string;
  status: number;
  /** Sealed, behind the request's fingerprint: what the request had in it may be so little that a hash of it tells it. */
  body: Uint8Array;
  at: Time;
}

export interface SettingTable {
  name: string;
  /** Sealed. */
  value: Uint8Array;
}

export interface AccountTable {
  id: string;
  kind: string;
  name: string;
  currency: string;
  card_reference: string | null;
  /** Sealed. */
  contact: Uint8Array | null;
  balance: ColumnType<Integer, undefined, never>;
  held: ColumnType<Integer, undefined, never>;
  credit: ColumnType<Integer, undefined, number | bigint>;
  suspended_at: ColumnType<number | Date | null, undefined, Date | null>;
  opened_at: Time;
  closed_at: OptionalTime;
}

export interface PostingTable {
  number: CountedBig;
  id: string;
  at: Time;
  kind: string;
  debit_id: string;
  credit_id: string;
  currency: string;
  minor: Big;
  /** How much of the debited account's `held` ends with it. */
  unheld: Big;
  payment_id: string | null;
  actor: string;
  memo: string | null;
}

export interface TopUpTable {
  id: string;
  account_id: string;
  currency: string;
  minor: Big;
  provider: string;
  reference: string | null;
  state: string;
  posting_id: string | null;
  actor: string;
  memo: string | null;
  at: Time;
  /** When its provider is asked next, while it is pending. */
  ask_at: Time;
  ended_at: OptionalTime;
  reason: string | null;
}

export interface PaymentTable {
  account_id: string;
  key: string;
  id: string;
  state: string;
  /** SHA-256 of the request; null if it was cancelled before it came. */
  fingerprint: Uint8Array | null;
  terminal_id: string;
  payee_id: string | null;
  currency: string | null;
  minor: Big;
  captured: Big;
  refunded: Big;
  memo: string | null;
  at: Time;
  expires_at: OptionalTime;
  ended_at: OptionalTime;
  reason: string | null;
  /** Sealed. */
  reply: Uint8Array | null;
}

export interface BindingTable {
  account_id: string;
  terminal_id: string;
  algorithm: string;
  /** Counts the temporary codes of this binding, from 1. */
  code_number: Big;
  /** Sealed. */
  code: Uint8Array;
  /** Sealed. */
  identity_code: Uint8Array;
  /** Keyed hashes of the next password and of the last, where an account is found by it. */
  lookup: Uint8Array | null;
  spent_lookup: Uint8Array | null;
  /** Wrong passwords in a row. */
  wrong: number;
  locked_until: OptionalTime;
  superseded_at: OptionalTime;
  bound_at: Time;
}

export interface VerificationCodeTable {
  terminal_id: string;
  key: string;
  id: string;
  /** Null if what was asked for is no account. */
  account_id: string | null;
  /** Sealed. */
  code: Uint8Array;
  tries: number;
  created_at: Time;
  expires_at: Time;
  sent_at: OptionalTime;
  used_at: OptionalTime;
}

export interface RegisterTable {
  id: string;
  name: string;
  payee_id: string;
  ap_id: string;
  /** JSON. */
  tariff: string | null;
  /** JSON. */
  jwk: string | null;
  receipt_key: Uint8Array | null;
}

export interface SaleTable {
  register_id: string;
  key: string;
  /** The account that pays, or nothing where it was paid outside. */
  payer_id: string;
  subject_id: string | null;
  id: string;
  /** SHA-256 of the request. */
  fingerprint: Uint8Array;
  at: Time;
  tender: string;
  currency: string;
  minor: Big;
  payee_id: string;
  memo: string | null;
  payment_id: string | null;
  grant_id: string | null;
  /** JSON, as it was then. */
  tariff: string | null;
  /** As `parseQuantity` reads it, or `unlimited`. */
  quantity: string | null;
  bought: string | null;
  used: Big;
  refunded: Big;
  /** Sealed. */
  receipt_code: Uint8Array | null;
}

export interface MandateTable {
  subject_id: string;
  account_id: string;
  currency: string;
  per_tap: Big;
  per_day: Big;
  set_at: Time;
  ended_at: OptionalTime;
}

export interface TapTable {
  register_id: string;
  key: string;
  subject_id: string;
  /** SHA-256 of the request. */
  fingerprint: Uint8Array;
  /** `charged`, or the code of the refusal. */
  came_to: string;
  at: Time;
}

export interface AccessCodeTable {
  grant_id: string;
  register_id: string;
  /** A compact JWE, which only the register opens; null while it is wanted. */
  sealed: string | null;
  at: Time;
}

export interface CodeKeyTable {
  id: string;
  public_key: Uint8Array;
  /** Sealed. */
  private_key: Uint8Array;
  created_at: Time;
  signs_from: Time;
  revoked_at: OptionalTime;
}

export interface ReceiptKeyTable {
  number: CountedBig;
  register_id: string;
  public_key: Uint8Array;
}

export interface CreditCodeTable {
  id: string;
  account_id: string;
  /** Of the payment that bought it. */
  key: string;
  terminal_id: string;
  payment_id: string;
  key_id: string;
  issuer: string;
  holder_key: Uint8Array;
  currency: string;
  max_each: Big;
  max_total: Big;
  uses: number;
  /** A JSON list; null for any. */
  payees: string | null;
  issued_at: Time;
  expires_at: Time;
  settle_by: Time;
  signed: Uint8Array;
  settled: ColumnType<Integer, undefined, number | bigint>;
  settled_uses: ColumnType<number, undefined, number>;
  /** What the operator has borne. */
  lost: ColumnType<Integer, undefined, number | bigint>;
  rejected: ColumnType<number, undefined, number>;
  revoked_at: OptionalTime;
}

export interface CodeReceiptTable {
  number: CountedBig;
  id: string;
  /** As the receipt says, whether or not there is one. */
  code_id: string;
  counter: Big;
  register_id: string;
  payee_id: string;
  currency: string;
  minor: Big;
  outcome: string;
  reason: string | null;
  at: Time;
  receipt: Uint8Array;
  code: Uint8Array;
  posting_id: string | null;
  /** Of a duplicate, that which was settled. */
  other_id: string | null;
  borne_by: string;
}

export interface NetworkTable {
  id: string;
  account_id: string;
  terminal_id: string;
  ssid: Uint8Array;
  /** JSON. */
  bssids: string;
  security: string;
  state: string;
  reason: string | null;
  ap_id: string;
  meter_key: Uint8Array | null;
  created_at: Time;
  verified_at: OptionalTime;
  prove_again_by: OptionalTime;
  /** JSON. */
  message: string | null;
  revision: Big;
}

export interface NetworkRevisionTable {
  number: Big;
}

export interface NetworkRadioTable {
  /** 48 bits. */
  bssid: Big;
  network_id: string;
}

export interface ChallengeTable {
  id: string;
  network_id: string;
  account_id: string;
  terminal_id: string;
  first: Uint8Array;
  second: Uint8Array;
  /** JSON. */
  bssids: string;
  security: string;
  state: string;
  witnesses: number;
  witnessed: number;
  /** JSON. */
  errors: string;
  created_at: Time;
  expires_at: Time;
  decided_at: OptionalTime;
}

export interface ChallengedRadioTable {
  bssid: Big;
  challenge_id: string;
}

export interface ObservationTable {
  challenge_id: string;
  observer_id: string;
  bssid: Big;
  is_witness: Flag;
  ssid: Uint8Array;
  security: string;
  signal_dbm: number | null;
  heard_at: Time;
}

export interface OfferTable {
  id: string;
  network_id: string;
  account_id: string;
  terminal_id: string;
  state: string;
  /** JSON. */
  tariff: string;
  guests: number;
  /** JSON. */
  hours: string | null;
  approval: string;
  answer_ms: Big;
  created_at: Time;
  changed_at: Time;
}

export interface OfferedRadioTable {
  /** 48 bits. */
  bssid: Big;
  offer_id: string;
  account_id: string;
  ssid: Uint8Array;
  guests: number;
  /** JSON. */
  hours: string | null;
  /** JSON, as guests are sent it. */
  shown: string;
}

export interface ShareRequestTable {
  id: string;
  kind: string;
  access_id: string;
  offer_id: string;
  network_id: string;
  ap_id: string;
  guest_account_id: string;
  guest_terminal_id: string;
  sharer_account_id: string;
  sharer_terminal_id: string;
  /** JSON. */
  jwk: string | null;
  meter_key: Uint8Array;
  /** JSON, as it was then. */
  tariff: string;
  approval: string;
  answer_ms: Big;
  /** As `parseQuantity` reads it, or `unlimited`. */
  quantity: string;
  bought: string;
  currency: string;
  fee: Big;
  state: string;
  payment_id: string | null;
  grant_id: string | null;
  /** A compact JWE, which only the guest opens. */
  sealed: string | null;
  created_at: Time;
  due_at: OptionalTime;
  paid_at: OptionalTime;
  ended_at: OptionalTime;
  reason: string | null;
  returned: Big;
  owed: Big;
}

export interface ShareWarningTable {
  request_id: string;
  threshold: string;
  at: Time;
}

export interface MeterReadingTable {
  grant_id: string;
  side: string;
  bytes_in: Big;
  bytes_out: Big;
  seconds: Big;
  at: Time;
  is_final: Flag;
  signature: Uint8Array;
}

export interface MeteredHourTable {
  network_id: string;
  hour: Time;
  bytes_in: Big;
  bytes_out: Big;
}

export interface EventStreamTable {
  terminal_id: string;
  last: Big;
}

export interface LiveEventTable {
  terminal_id: string;
  number: Big;
  kind: string;
  /** JSON. */
  detail: string;
  at: Time;
}

export interface Tables {
  devices: DeviceTable;
  known_devices: KnownDeviceTable;
  chunks: ChunkTable;
  flashes: FlashTable;
  revoked_batches: RevokedBatchTable;
  access_points: AccessPointTable;
  access_requests: AccessRequestTable;
  grants: GrantTable;
  tokens: TokenTable;
  enroll_codes: EnrollCodeTable;
  attempts: AttemptTable;
  audit_entries: AuditEntryTable;
  audit_unsealed: AuditUnsealedTable;
  audit_asked: AuditAskedTable;
  audit_chain: AuditChainTable;
  replies: ReplyTable;
  settings: SettingTable;
  accounts: AccountTable;
  postings: PostingTable;
  topups: TopUpTable;
  payments: PaymentTable;
  bindings: BindingTable;
  verification_codes: VerificationCodeTable;
  registers: RegisterTable;
  sales: SaleTable;
  mandates: MandateTable;
  taps: TapTable;
  access_codes: AccessCodeTable;
  code_keys: CodeKeyTable;
  receipt_keys: ReceiptKeyTable;
  credit_codes: CreditCodeTable;
  code_receipts: CodeReceiptTable;
  networks: NetworkTable;
  network_revision: NetworkRevisionTable;
  network_radios: NetworkRadioTable;
  challenges: ChallengeTable;
  challenged_radios: ChallengedRadioTable;
  observations: ObservationTable;
  offers: OfferTable;
  offered_radios: OfferedRadioTable;
  share_requests: ShareRequestTable;
  share_warnings: ShareWarningTable;
  meter_readings: MeterReadingTable;
  metered_hours: MeteredHourTable;
  event_streams: EventStreamTable;
  live_events: LiveEventTable;
}

/** Reading what the two databases hold differently. */
export function date(value: number | Date): Date {
  return new Date(value);
}

export function optionalDate(value: number | Date | null): Date | undefined {
  return value === null ? undefined : new Date(value);
}
