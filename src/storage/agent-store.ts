import type { AccessRequest } from '../domain/access-request.ts';
import type { Attempt } from '../domain/audit.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { laterUsage, noUsage, type Grant, type GrantPolicy } from '../domain/grant.ts';
import type { GrantReport } from '../roles/ap/ports.ts';
import type { AccountingAccessPoint, AgentStore, GrantForStation, GrantKey, GrantPassword, Hello, MeteredUsage, MeterReading, Session, SessionKey } from '../roles/agent/ports.ts';
import { remember } from '../roles/remember.ts';
import type { Place, Sealer } from '../roles/sealer.ts';
import { agentSchema } from './migrations/index.ts';
import { toAccessRequestRow, toRequest, type AccessRequestRow } from './repositories/access-request-row.ts';
import { countable, toGrant, toGrantRow, type GrantRow } from './repositories/grant-row.ts';
import type { SqliteConnection } from './sqlite-connection.ts';
import { openSqliteFile } from './sqlite-file.ts';

export interface AgentStoreOptions {
  readonly path: string;
  readonly sealer: Sealer;
  /** How long to try again at the opening while others hold the file's lock; then `storage_locked`. */
  readonly lockTimeoutMs?: number;
  /** What is kept of attempts; older ones go, whether or not they were sent. */
  readonly attempts?: { readonly count: number; readonly days: number };
}

const keptAttempts = { count: 100_000, days: 30 };
const dayMs = 86_400_000;
/** Attempts are pruned at the opening and whenever so many came in. */
const pruneEvery = 1000;

/**
 * So much of the file is read where the system has it, as grants are when their stations come: with a million of them half
 * of the time to find one goes into asking the system for pages.
 */
const mappedBytes = 256 * 2 ** 20;

/** Requests kept in memory: those under way are read again and again. */
const requestsInMemory = 2000;

type Report = ReturnType<AgentStore['owedReports']>[number];

interface HelloRow {
  id: string;
  uuid: string;
  device_nonce: Uint8Array;
  ap_nonce: Uint8Array;
  psk: Uint8Array;
  from_address: string;
  created_at: number;
  request_id: string | null;
}

interface AttemptRow {
  id: string;
  at: number;
  uuid: string | null;
  from_address: string;
  outcome: string;
  detail: string | null;
}

/** Opens what an AP agent keeps over its restarts, a SQLite file. Errors: as `openStore`. */
export async function openAgentStore(options: AgentStoreOptions): Promise<AgentStore> {
  const connection = await openSqliteFile(options.path, agentSchema, options.lockTimeoutMs ?? 30_000);
  connection.guarded(() => connection.database.exec(`pragma mmap_size = ${mappedBytes}`));
  return new SqliteAgentStore(connection, options.sealer, options.attempts ?? keptAttempts);
}

interface GrantKeyRow {
  grant_id: string;
  ssid: string | null;
  password: Uint8Array;
  psk: Uint8Array | null;
}

interface GrantForStationRow {
  id: string;
  request_id: string | null;
  starts_at: number;
  ends_at: number | null;
  quota_bytes: number | null;
  policy: GrantPolicy;
  vlan: number | null;
  bytes_in: number;
  bytes_out: number;
  used_in: number | null;
  used_out: number | null;
  spent_at: number | null;
  password: Uint8Array | null;
}

interface SessionRow {
  nas_address: string;
  session_id: string;
  mac: string;
  nas: string;
  nas_identifier: string | null;
  grant_id: string | null;
  restricted: number;
  bytes_in: number;
  bytes_out: number;
  seconds: number;
  heard_at: number;
  happened_at: number | null;
  ended_at: number | null;
  lost: number;
}

interface UsageRow {
  grant_id: string;
  bytes_in: number;
  bytes_out: number;
  seconds: number;
  spent_at: number | null;
}

interface MeterRow {
  bss: string;
  mac: string;
  grant_id: string;
  began: number;
  bytes_in: number;
  bytes_out: number;
  seconds: number;
}

function grantKeyPlace(grantId: string, column: 'password' | 'psk'): Place {
  return { table: 'credentials', row: grantId, column };
}

function pskPlace(id: string): Place {
  return { table: 'hellos', row: id, column: 'psk' };
}

class SqliteAgentStore implements AgentStore {
  readonly #connection: SqliteConnection;
  readonly #sealer: Sealer;
  readonly #kept: { readonly count: number; readonly days: number };
  #addedSincePruning = 0;
  /** As they are in the file, which nobody else writes. */
  readonly #requests = new Map<string, AccessRequest>();

  constructor(connection: SqliteConnection, sealer: Sealer, kept: { readonly count: number; readonly days: number }) {
    this.#connection = connection;
    this.#sealer = sealer;
    this.#kept = kept;
    this.#pruneAttempts();
  }

  #all<Row>(sql: string, ...parameters: readonly unknown[]): Row[] {
    return this.#connection.guarded(() => this.#connection.all(sql, parameters)) as Row[];
  }

  #change(sql: string, ...parameters: readonly unknown[]): number {
    return this.#connection.guarded(() => this.#connection.change(sql, parameters));
  }

  /** Puts a row in the place of the one with its key. */
  #put(table: string, row: object): void {
    const columns = Object.keys(row);
    const places = columns.map(() => '?');
    this.#change(`insert or replace into ${table} (${columns.join()}) values (${places.join()})`, ...Object.values(row));
  }

  saveHello(hello: Hello): void {
    this.#put('hellos', {
      id: hello.id,
      uuid: hello.uuid,
      device_nonce: hello.deviceNonce,
      ap_nonce: hello.apNonce,
      psk: this.#sealer.seal(hello.psk, pskPlace(hello.id)),
      from_address: hello.from,
      created_at: hello.createdAt,
      request_id: hello.requestId ?? null,
    });
  }

  removeHello(id: string): void {
    this.#change('delete from hellos where id = ?', id);
  }

  hellos(): Hello[] {
    return this.#all<HelloRow>('select * from hellos order by created_at, id').flatMap((row) => {
      const psk = this.#openPsk(row);
      return psk === undefined
        ? []
        : {
            id: row.id,
            uuid: row.uuid,
            deviceNonce: row.device_nonce,
            apNonce: row.ap_nonce,
            psk,
            from: row.from_address,
            createdAt: new Date(row.created_at),
            requestId: row.request_id ?? undefined,
          };
    });
  }

  /** A hello under a key that was retired (`server rekey --retire`) is over; its device says hello again. */
  #openPsk({ id, psk }: HelloRow): Uint8Array | undefined {
    try {
      return this.#sealer.open(psk, pskPlace(id));
    } catch (error) {
      if (error instanceof LatchkeyError && error.code === 'storage_key_missing') {
        this.removeHello(id);
        return undefined;
      }
      throw error;
    }
  }

  saveRequest(request: AccessRequest): void {
    this.#put('access_requests', toAccessRequestRow(request));
    remember(this.#requests, request.id, request, requestsInMemory);
  }

  request(id: string): AccessRequest | undefined {
    const known = this.#requests.get(id);
    if (known !== undefined) {
      return known;
    }
    const [row] = this.#all<AccessRequestRow>('select * from access_requests where id = ?', id);
    if (row === undefined) {
      return undefined;
    }
    const request = toRequest(row);
    remember(this.#requests, request.id, request, requestsInMemory);
    return request;
  }

  requests({ all, limit }: { readonly all: boolean; readonly limit: number }): AccessRequest[] {
    const which = all ? '' : `where status = 'pending'`;
    return this.#all<AccessRequestRow>(
      `select * from access_requests ${which} order by created_at desc, id desc limit ? + 0`, limit).map(toRequest);
  }

  saveGrant(grant: Grant): void {
    this.#put('grants', toGrantRow(grant));
    if (grant.state !== 'active') {
      this.#change('delete from credentials where grant_id = ?', grant.id);
      this.#change('update usage set spent_at = null where grant_id = ? and spent_at is not null', grant.id);
    }
    if (grant.state === 'ended' && grant.closedBy === 'agent') {
      this.#oweEnd(grant);
    }
  }

  grant(id: string): Grant | undefined {
    const [row] = this.#all<GrantRow>('select * from grants where id = ?', id);
    return row === undefined ? undefined : toGrant(row);
  }

  activeGrants(): Grant[] {
    return this.#all<GrantRow>(`select * from grants where state = 'active' order by starts_at, id`).map(toGrant);
  }

  activeGrantCount(): number {
    return this.#all<{ count: number }>(`select count(*) as count from grants where state = 'active'`)[0]!.count;
  }

  grantsOfStation(mac: string): GrantForStation[] {
    // Of one without a quota it does not matter what it has used.
    const rows = this.#all<GrantForStationRow>(
      `select g.id, g.request_id, g.starts_at, g.ends_at, g.quota_bytes, g.policy, g.vlan, g.bytes_in, g.bytes_out,
          u.bytes_in as used_in, u.bytes_out as used_out, u.spent_at, c.password
        from subject_macs m
        join grants g on g.subject_id = m.subject_id and g.state = 'active'
        left join usage u on u.grant_id = case when g.quota_bytes is not null then g.id end
        left join credentials c on c.grant_id = g.id
        where m.mac = ?`, mac);
    return rows.sort((one, other) => other.starts_at - one.starts_at).map((row) => this.#toGrantForStation(row));
  }

  #toGrantForStation(row: GrantForStationRow): GrantForStation {
    const { id, password } = row;
    return {
      id,
      requestId: row.request_id ?? undefined,
      startsAt: new Date(row.starts_at),
      endsAt: row.ends_at === null ? undefined : new Date(row.ends_at),
      quotaBytes: row.quota_bytes === null ? undefined : BigInt(row.quota_bytes),
      policy: row.policy,
      vlan: row.vlan ?? undefined,
      usage: laterUsage(
        { bytesIn: BigInt(row.bytes_in), bytesOut: BigInt(row.bytes_out), seconds: 0 },
        { bytesIn: BigInt(row.used_in ?? 0), bytesOut: BigInt(row.used_out ?? 0), seconds: 0 },
      ),
      spentAt: row.spent_at === null ? undefined : new Date(row.spent_at),
      password: () => (password === null ? undefined : this.#openIfKeyIsHere(() => this.#sealer.openText(password, grantKeyPlace(id, 'password')))),
    };
  }

  grantsEndingBy(at: Date, limit: number): Grant[] {
    return this.#all<GrantRow>(
      `select * from grants where state = 'active' and ends_at <= ? order by ends_at limit ? + 0`, at, limit).map(toGrant);
  }

  grantsSpentBy(at: Date, limit: number): Grant[] {
    return this.#all<GrantRow>(
      `select g.* from usage u join grants g on g.id = u.grant_id
        where u.spent_at <= ? and g.state = 'active' order by u.spent_at limit ? + 0`, at, limit).map(toGrant);
  }

  firstEndAfter(at: Date): Date | undefined {
    return this.#firstMoment(`select min(ends_at) as at from grants where state = 'active' and ends_at > ?`, at);
  }

  firstSpentAfter(at: Date): Date | undefined {
    return this.#firstMoment('select min(spent_at) as at from usage where spent_at > ?', at);
  }

  #firstMoment(sql: string, after: Date): Date | undefined {
    const at = this.#all<{ at: number | null }>(sql, after)[0]?.at ?? undefined;
    return at === undefined ? undefined : new Date(at);
  }

  /** Those that have no key yet, or one under a key of ours that was retired, are left out. */
  grantKeys(): Map<string, GrantKey> {
    const keys = new Map<string, GrantKey>();
    const old = new Map<string, GrantKey>();
    for (const row of this.#all<GrantKeyRow & { psk: Uint8Array }>('select * from credentials where psk is not null')) {
      const key = this.#openGrantKey(row);
      if (key?.ssid !== undefined) {
        keys.set(row.grant_id, key);
        if (!this.#sealer.isCurrent(row.password) || !this.#sealer.isCurrent(row.psk)) {
          old.set(row.grant_id, key);
        }
      }
    }
    this.saveGrantKeys(old);
    return keys;
  }

  /** Undefined under a key that was retired: the grant gets a new one. */
  #openGrantKey({ grant_id: id, ssid, password: box, psk }: GrantKeyRow): GrantKey | GrantPassword | undefined {
    return this.#openIfKeyIsHere(() => {
      const password = this.#sealer.openText(box, grantKeyPlace(id, 'password'));
      return ssid === null || psk === null ? { ssid: undefined, password } : { ssid, password, psk: this.#sealer.open(psk, grantKeyPlace(id, 'psk')) };
    });
  }

  #openIfKeyIsHere<T>(open: () => T): T | undefined {
    try {
      return open();
    } catch (error) {
      if (error instanceof LatchkeyError && error.code === 'storage_key_missing') {
        return undefined;
      }
      throw error;
    }
  }

  saveGrantKeys(keys: ReadonlyMap<string, GrantKey | GrantPassword>): void {
    this.transaction(() => {
      for (const [id, key] of keys) {
        this.#put('credentials', {
          grant_id: id,
          ssid: key.ssid ?? null,
          password: this.#sealer.seal(key.password, grantKeyPlace(id, 'password')),
          psk: key.ssid === undefined ? null : this.#sealer.seal(key.psk, grantKeyPlace(id, 'psk')),
        });
      }
    });
  }

  grantKey(grantId: string): GrantKey | GrantPassword | undefined {
    const [row] = this.#all<GrantKeyRow>('select * from credentials where grant_id = ?', grantId);
    return row === undefined ? undefined : this.#openGrantKey(row);
  }

  subjectMac(subjectId: string): string | undefined {
    return this.#all<{ mac: string }>('select mac from subject_macs where subject_id = ?', subjectId)[0]?.mac;
  }

  saveSubjectMac(subjectId: string, mac: string): void {
    this.#put('subject_macs', { subject_id: subjectId, mac });
  }

  usages(): Map<string, MeteredUsage> {
    return new Map(this.#all<UsageRow>('select * from usage').map((row) => [row.grant_id, toUsage(row)]));
  }

  usage(grantId: string): MeteredUsage | undefined {
    const [row] = this.#all<UsageRow>('select * from usage where grant_id = ?', grantId);
    return row === undefined ? undefined : toUsage(row);
  }

  saveUsage(grantId: string, { bytesIn, bytesOut, seconds, spentAt }: MeteredUsage): void {
    this.#change(
      `insert into usage (grant_id, bytes_in, bytes_out, seconds, spent_at, changes, told) values (?, ?, ?, ?, ?, 1, 0)
        on conflict (grant_id) do update set bytes_in = excluded.bytes_in, bytes_out = excluded.bytes_out,
          seconds = excluded.seconds, spent_at = excluded.spent_at, changes = changes + 1`,
      grantId, countable(bytesIn), countable(bytesOut), seconds, spentAt ?? null);
  }

  meterReadings(): MeterReading[] {
    return this.#all<MeterRow>('select * from meters').map((row) => ({
      bss: row.bss,
      mac: row.mac,
      grantId: row.grant_id,
      began: row.began,
      bytesIn: BigInt(row.bytes_in),
      bytesOut: BigInt(row.bytes_out),
      seconds: row.seconds,
    }));
  }

  saveMeterReading({ bss, mac, grantId, began, bytesIn, bytesOut, seconds }: MeterReading): void {
    this.#put('meters', {
      bss, mac, grant_id: grantId, began, bytes_in: countable(bytesIn), bytes_out: countable(bytesOut), seconds,
    });
  }

  removeMeterReading(bss: string, mac: string): void {
    this.#change('delete from meters where bss = ? and mac = ?', bss, mac);
  }

  session({ nasAddress, sessionId, mac }: SessionKey): Session | undefined {
    return this.#sessions('nas_address = ? and session_id = ? and mac = ?', nasAddress, sessionId, mac)[0];
  }

  saveSession(session: Session): void {
    this.#put('sessions', {
      nas_address: session.nasAddress,
      session_id: session.sessionId,
      mac: session.mac,
      nas: session.nas,
      nas_identifier: session.nasIdentifier ?? null,
      grant_id: session.grantId ?? null,
      restricted: session.restricted,
      bytes_in: countable(session.bytesIn),
      bytes_out: countable(session.bytesOut),
      seconds: session.seconds,
      heard_at: session.heardAt,
      happened_at: session.happenedAt ?? null,
      ended_at: session.endedAt ?? null,
      lost: session.lost,
    });
  }

  sessions(limit: number): Session[] {
    return this.#sessions('ended_at is null order by heard_at desc limit ? + 0', limit);
  }

  sessionsOf(grantId: string): Session[] {
    return this.#sessions('grant_id = ? and ended_at is null', grantId);
  }

  #sessions(which: string, ...parameters: readonly unknown[]): Session[] {
    return this.#all<SessionRow>(`select * from sessions where ${which}`, ...parameters).map(toSession);
  }

  endSession({ nasAddress, sessionId, mac }: SessionKey, at: Date): void {
    this.#change('update sessions set ended_at = ? where nas_address = ? and session_id = ? and mac = ? and ended_at is null', at, nasAddress, sessionId, mac);
  }

  restrictSession({ nasAddress, sessionId, mac }: SessionKey, restricted: boolean): void {
    this.#change('update sessions set restricted = ? where nas_address = ? and session_id = ? and mac = ?', restricted, nasAddress, sessionId, mac);
  }

  endSessionsBefore({ nasAddress, sessionId, mac }: SessionKey, at: Date): void {
    this.#change('update sessions set ended_at = ? where mac = ? and nas_address = ? and session_id <> ? and ended_at is null', at, mac, nasAddress, sessionId);
  }

  endSessionsAt({ nasAddress, nasIdentifier }: AccountingAccessPoint, at: Date): void {
    this.#change(
      `update sessions set ended_at = ?, lost = 1
        where nas_address = ? and ended_at is null and (nas_identifier is null or nas_identifier = coalesce(?, nas_identifier))`,
      at, nasAddress, nasIdentifier ?? null);
  }

  forgetSessions({ ended, heard }: { readonly ended: Date; readonly heard: Date }): void {
    this.#change('delete from sessions where ended_at < ?', ended);
    this.#change('delete from sessions where ended_at is null and heard_at < ?', heard);
  }

  grantsWithOddSessions(): string[] {
    return this.#all<{ grant_id: string }>(
      `select distinct s.grant_id from sessions s
        left join grants g on g.id = s.grant_id left join usage u on u.grant_id = s.grant_id
        where s.ended_at is null and s.grant_id is not null
          and (g.state is not 'active' or u.spent_at is not null or s.restricted = 1)`).map(({ grant_id }) => grant_id);
  }

  untoldGrants(limit: number): (GrantReport & { readonly change: number })[] {
    return this.#all<UsageRow & { changes: number }>(
      'select * from usage where told < changes order by grant_id limit ? + 0', limit).map((row) => {
      const grant = this.grant(row.grant_id);
      const endedHere = grant?.state === 'ended' && grant.closedBy === 'agent';
      return {
        grantId: row.grant_id,
        usage: toUsage(row),
        ended: endedHere ? { at: grant.closedAt!, reason: grant.reason ?? '' } : undefined,
        change: row.changes,
      };
    });
  }

  markGrantsTold(reports: readonly { readonly grantId: string; readonly change: number }[]): void {
    this.transaction(() =>
      reports.forEach(({ grantId, change }) => this.#change('update usage set told = ? where grant_id = ?', change, grantId)));
  }

  /** A grant that ends here is told of, also if it was never used. */
  #oweEnd(grant: Grant): void {
    this.#change(
      `insert into usage (grant_id, bytes_in, bytes_out, seconds, spent_at, changes, told) values (?, ?, ?, ?, null, 1, 0)
        on conflict (grant_id) do update set changes = changes + 1`,
      grant.id, countable(noUsage.bytesIn), countable(noUsage.bytesOut), noUsage.seconds);
  }

  revision(): number {
    return this.#state('revision') ?? 0;
  }

  saveRevision(revision: number): void {
    this.#put('state', { name: 'revision', value: revision });
  }

  knownTime(): Date | undefined {
    const ms = this.#state('known_time');
    return ms === undefined ? undefined : new Date(ms);
  }

  saveKnownTime(at: Date): void {
    this.#put('state', { name: 'known_time', value: at });
  }

  #state(name: string): number | undefined {
    return this.#all<{ value: number }>('select value from state where name = ?', name)[0]?.value;
  }

  addAttempt(attempt: Attempt): void {
    this.#change(
      `insert into attempts (id, at, uuid, from_address, outcome, detail, sent) values (?, ?, ?, ?, ?, ?, 0)
        on conflict (id) do nothing`,
      attempt.id, attempt.at, attempt.uuid ?? null, attempt.from, attempt.outcome, attempt.detail ?? null);
    this.#addedSincePruning += 1;
    if (this.#addedSincePruning >= pruneEvery) {
      this.#pruneAttempts();
    }
  }

  /** By the server's time as last heard: one attempt that is dated by a wrong clock would take all others with it. */
  #pruneAttempts(): void {
    this.#addedSincePruning = 0;
    const known = this.knownTime();
    if (known !== undefined) {
      this.#change('delete from attempts where at < ?', known.getTime() - this.#kept.days * dayMs);
    }
    this.#change(
      'delete from attempts where (at, id) <= (select at, id from attempts order by at desc, id desc limit 1 offset ?)',
      this.#kept.count);
  }

  attempts(limit: number): Attempt[] {
    return this.#all<AttemptRow>('select * from attempts order by at desc, id desc limit ? + 0', limit).map(toAttempt);
  }

  unsentAttempts(limit: number): Attempt[] {
    return this.#all<AttemptRow>('select * from attempts where sent = 0 order by at, id limit ? + 0', limit).map(toAttempt);
  }

  markSent(ids: readonly string[]): void {
    this.transaction(() => {
      for (const id of ids) {
        this.#change('update attempts set sent = 1 where id = ?', id);
      }
    });
  }

  owedReports(): Report[] {
    return this.#all<{ request_id: string; status: Report['status'] }>(
      'select request_id, status from owed_reports order by owed_at',
    ).map(({ request_id, status }) => ({ requestId: request_id, status }));
  }

  oweReport(requestId: string, status: Report['status']): void {
    this.#change(
      `insert into owed_reports (request_id, status, owed_at)
        values (?, ?, (select coalesce(max(owed_at), 0) + 1 from owed_reports))
        on conflict (request_id, status) do nothing`, requestId, status);
  }

  settleReport(requestId: string, status: Report['status']): void {
    this.#change('delete from owed_reports where request_id = ? and status = ?', requestId, status);
  }

  transaction<T>(work: () => T): T {
    const { database } = this.#connection;
    if (database.isTransaction) {
      return work();
    }
    this.#connection.guarded(() => database.exec('begin immediate'));
    try {
      const result = work();
      this.#connection.guarded(() => database.exec('commit'));
      return result;
    } catch (error) {
      this.#requests.clear();
      // A full disk, say, makes SQLite roll back by itself.
      if (database.isTransaction) {
        database.exec('rollback');
      }
      throw error;
    }
  }

  close(): void {
    if (this.#connection.database.isOpen) {
      this.#connection.database.close();
    }
  }
}

function toAttempt(row: AttemptRow): Attempt {
  return {
    id: row.id,
    at: new Date(row.at),
    uuid: row.uuid ?? undefined,
    from: row.from_address,
    outcome: row.outcome as Attempt['outcome'],
    detail: row.detail ?? undefined,
  };
}

function toSession(row: SessionRow): Session {
  return {
    nas: row.nas,
    nasAddress: row.nas_address,
    nasIdentifier: row.nas_identifier ?? undefined,
    sessionId: row.session_id,
    mac: row.mac,
    grantId: row.grant_id ?? undefined,
    restricted: row.restricted === 1,
    bytesIn: BigInt(row.bytes_in),
    bytesOut: BigInt(row.bytes_out),
    seconds: row.seconds,
    heardAt: new Date(row.heard_at),
    happenedAt: row.happened_at === null ? undefined : new Date(row.happened_at),
    endedAt: row.ended_at === null ? undefined : new Date(row.ended_at),
    lost: row.lost === 1,
  };
}

function toUsage(row: UsageRow): MeteredUsage {
  return {
    bytesIn: BigInt(row.bytes_in),
    bytesOut: BigInt(row.bytes_out),
    seconds: row.seconds,
    spentAt: row.spent_at === null ? undefined : new Date(row.spent_at),
  };
}
