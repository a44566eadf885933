import { LatchkeyError } from '../../domain/errors.ts';
import { amountText, parseAmount } from '../../domain/money.ts';
import type { GuardPoint } from '../../domain/security-check/guard.ts';
import type { LastService, Usage } from '../../domain/security-check/history.ts';
import type { CardStore, KeptApplication, KeptDecision, KeptService, ServiceFilter, ServiceKey, UntoldDecision, Use } from '../../roles/card/store.ts';
import type { SqliteConnection } from '../sqlite-connection.ts';
import { cardFileError } from './card-file-damage.ts';
import { addUses, removeUses, takeOutUses, usageSince, usageSinceConfirmed } from './sums.ts';

interface ApplicationRow {
  name: string;
  version: number;
  json: string;
  policy_hash: string;
  guards: string;
  added_at: number;
  ended_at: number | null;
}

interface ServiceRow {
  number: number;
  id: string;
  guard: string;
  key: string;
  holder: string;
  kind: string;
  at: number;
  data: string;
  random: number;
  outcome: string;
  state: string;
  confirmed: number;
  /** JSON. */
  answered: string;
  recorded_at: number;
  paid: string | null;
  settled_at: number | null;
  reversed_at: number | null;
  reason: string | null;
}

interface DecisionRow {
  application: string;
  number: number;
  version: number;
  policy_hash: string;
  outcome: string;
  json: string;
}

interface LastRow {
  at: number;
  lat: number | null;
  lon: number | null;
  cell: string | null;
  bssid: string | null;
}

/** What the security check keeps, in one file for all processes of this machine. */
export class CardFile implements CardStore {
  readonly #connection: SqliteConnection;
  /** One transaction at a time on one connection. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  transaction<T>(work: () => T): Promise<T> {
    const turn = this.#last.then(() => this.#transaction(work));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #transaction<T>(work: () => T): Promise<T> {
    const { database } = this.#connection;
    await this.#connection.patiently(() => database.exec('begin immediate'));
    try {
      const result = work();
      await this.#connection.patiently(() => database.exec('commit'));
      return result;
    } finally {
      // Also where SQLite has not done it by itself, as it does on a full disk.
      if (database.isTransaction) {
        database.exec('rollback');
      }
    }
  }

  applications(): KeptApplication[] {
    return this.#all<ApplicationRow>('select * from applications where ended_at is null order by name').map(toApplication);
  }

  versions(name: string): KeptApplication[] {
    return this.#all<ApplicationRow>('select * from applications where name = ? order by version desc', name).map(toApplication);
  }

  putApplication({ name, version, json, policyHash, guards, addedAt }: KeptApplication): void {
    this.endApplication(name, addedAt);
    this.#change(
      `insert into applications (name, version, json, policy_hash, guards, added_at) values (?, ?, ?, ?, ?, ?)
        on conflict (name, version) do update set json = excluded.json, added_at = excluded.added_at, ended_at = null`,
      name, version, json, policyHash, guards.join(' '), addedAt);
  }

  endApplication(name: string, at: Date): void {
    this.#change('update applications set ended_at = ? where name = ? and ended_at is null', at, name);
  }

  service(id: string): KeptService | undefined {
    return this.#services('where id = ?', id)[0];
  }

  serviceOf({ guard, holder, key }: ServiceKey): KeptService | undefined {
    return this.#services('where guard = ? and holder = ? and key = ? order by number desc limit 1', guard, holder, key)[0];
  }

  insertService(service: KeptService): void {
    const { id, guard, key, holder, kind, at, data, random, outcome, state, confirmed, answered, recordedAt, paid, settledAt, reversedAt, reason } = service;
    this.#change(
      `insert into services (id, guard, key, holder, kind, at, data, random, outcome, state, confirmed, answered, recorded_at, paid, settled_at, reversed_at, reason)
        values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      id, guard, key, holder, kind, at, data, random, outcome, state, confirmed, JSON.stringify(answered), recordedAt, paid === undefined ? null : amountText(paid), settledAt ?? null, reversedAt ?? null, reason ?? null);
    this.#putDecisions(service);
  }

  updateService(service: KeptService): void {
    const { id, at, data, outcome, state, confirmed, answered, paid, settledAt, reversedAt, reason } = service;
    this.#change(
      'update services set at = ?, data = ?, outcome = ?, state = ?, confirmed = ?, answered = ?, paid = ?, settled_at = ?, reversed_at = ?, reason = ? where id = ?',
      at, data, outcome, state, confirmed, JSON.stringify(answered), paid === undefined ? null : amountText(paid), settledAt ?? null, reversedAt ?? null, reason ?? null, id);
    this.#putDecisions(service);
  }

  services({ application, outcome }: ServiceFilter, { limit, before }: { readonly limit: number; readonly before?: string | undefined }): KeptService[] {
    const below = before === undefined ? Number.MAX_SAFE_INTEGER : this.#numberOf(before);
    if (application === undefined) {
      return outcome === undefined
        ? this.#services('where number < ? order by number desc limit ?', below, limit)
        : this.#services('where outcome = ? and number < ? order by number desc limit ?', outcome, below, limit);
    }
    const numbers = 'select number from decisions where application = ?';
    const last = 'number < ? order by number desc limit ?';
    return outcome === undefined
      ? this.#services(`where number in (${numbers} and ${last}) order by number desc`, application, below, limit)
      : this.#services(`where number in (${numbers} and outcome = ? and ${last}) order by number desc`, application, outcome, below, limit);
  }

  servicesOf(application: string, { after, limit }: Parameters<CardStore['servicesOf']>[1]): KeptService[] {
    return this.#services(
      // Its own order, whatever SQLite takes for better: each page is read once.
      'join (select number as judged from decisions where application = ? and number > ? order by number limit ?) on number = judged order by judged',
      application, after === undefined ? 0 : this.#numberOf(after), limit);
  }

  unsettled(guards: readonly GuardPoint[], holder: string): KeptService[] {
    return this.#services(
      `where holder = ? and guard in (${guards.map(() => '?').join()}) and state = 'counted' and settled_at is null order by number`,
      holder, ...guards);
  }

  count(serviceId: string, uses: readonly Use[]): void {
    addUses(this.#connection, this.#numberOf(serviceId), uses);
  }

  uncount(serviceId: string): void {
    removeUses(this.#connection, this.#numberOf(serviceId));
  }

  usage(application: string, from: number): Usage {
    return this.#guarded(() => usageSince(this.#connection, application, from));
  }

  sinceConfirmed(application: string): Usage {
    return this.#guarded(() => usageSinceConfirmed(this.#connection, application));
  }

  last(application: string): LastService | null {
    const [row] = this.#all<LastRow>('select at, lat, lon, cell, bssid from uses where application = ? order by number desc limit 1', application);
    return row === undefined ? null : { at: new Date(row.at), place: toPlace(row) };
  }

  untold(guards: readonly GuardPoint[], holder: string, limit: number): UntoldDecision[] {
    const rows = this.#all<DecisionRow>(
      `select decisions.* from decisions join services using (number)
        where decisions.outcome = 'terminate' and told_at is null and state = 'terminated' and holder = ? and guard in (${guards.map(() => '?').join()}) order by number limit ?`,
      holder, ...guards, limit);
    return rows.map((row) => ({ ...toDecision(row), service: this.#services('where number = ?', row.number)[0]! }));
  }

  markTold({ application, service: { id } }: UntoldDecision, at: Date): void {
    this.#change('update decisions set told_at = ? where application = ? and number = ?', at, application, this.#numberOf(id));
  }

  takeOut(before: Date, limit: number): void {
    const oldest = this.#all<{ number: number; recorded_at: number; at: number }>(
      `select number, recorded_at, at from services where not exists (
          select 1 from uses where uses.number = services.number
            and not exists (select 1 from uses later where later.application = uses.application and later.number > uses.number)
        ) order by number limit ?`,
      limit);
    for (const { number, recorded_at: recordedAt, at } of oldest) {
      if (Math.max(recordedAt, at) >= before.getTime()) {
        return;
      }
      takeOutUses(this.#connection, number);
      this.#change('delete from decisions where number = ?', number);
      this.#change('delete from services where number = ?', number);
    }
  }

  close(): void {
    if (this.#connection.database.isOpen) {
      this.#connection.database.close();
    }
  }

  #putDecisions({ id, decisions }: KeptService): void {
    const number = this.#numberOf(id);
    this.#change(
      `delete from decisions where number = ? and application not in (${decisions.map(() => '?').join()})`,
      number, ...decisions.map(({ application }) => application));
    for (const { application, version, policyHash, outcome, json } of decisions) {
      this.#change(
        // What was told of it stays told.
        `insert into decisions (application, number, version, policy_hash, outcome, json) values (?, ?, ?, ?, ?, ?)
          on conflict (application, number) do update set version = excluded.version, policy_hash = excluded.policy_hash, outcome = excluded.outcome, json = excluded.json`,
        application, number, version, policyHash, outcome, json);
    }
  }

  #services(where: string, ...parameters: readonly unknown[]): KeptService[] {
    return this.#all<ServiceRow>(`select * from services ${where}`, ...parameters).map((row) =>
      toService(row, this.#all<DecisionRow>('select * from decisions where number = ? order by application', row.number).map(toDecision)),
    );
  }

  /** Errors: `service_not_found`. */
  #numberOf(id: string): number {
    const [row] = this.#all<{ number: number }>('select number from services where id = ?', id);
    if (row === undefined) {
      throw new LatchkeyError('service_not_found', `There is no service ${id} in the log.`);
    }
    return row.number;
  }

  #all<Row>(sql: string, ...parameters: readonly unknown[]): Row[] {
    return this.#guarded(() => this.#connection.all(sql, parameters)) as Row[];
  }

  #change(sql: string, ...parameters: readonly unknown[]): number {
    return this.#guarded(() => this.#connection.change(sql, parameters));
  }

  #guarded<T>(operation: () => T): T {
    try {
      return this.#connection.guarded(operation);
    } catch (error) {
      throw cardFileError(error, this.#connection.database.location() ?? '');
    }
  }
}

function toApplication(row: ApplicationRow): KeptApplication {
  return {
    name: row.name,
    version: row.version,
    json: row.json,
    policyHash: row.policy_hash,
    guards: row.guards.split(' ').filter((guard) => guard !== '') as GuardPoint[],
    addedAt: new Date(row.added_at),
    endedAt: moment(row.ended_at),
  };
}

function toService(row: ServiceRow, decisions: readonly KeptDecision[]): KeptService {
  return {
    id: row.id,
    guard: row.guard as GuardPoint,
    key: row.key,
    holder: row.holder,
    kind: row.kind,
    at: new Date(row.at),
    data: row.data,
    random: row.random,
    outcome: row.outcome as KeptService['outcome'],
    state: row.state as KeptService['state'],
    confirmed: row.confirmed !== 0,
    answered: JSON.parse(row.answered) as KeptService['answered'],
    recordedAt: new Date(row.recorded_at),
    paid: row.paid === null ? undefined : parseAmount(row.paid),
    settledAt: moment(row.settled_at),
    reversedAt: moment(row.reversed_at),
    reason: row.reason ?? undefined,
    decisions,
  };
}

function toDecision({ application, version, policy_hash: policyHash, outcome, json }: DecisionRow): KeptDecision {
  return { application, version, policyHash, outcome: outcome as KeptDecision['outcome'], json };
}

function toPlace({ lat, lon, cell, bssid }: LastRow): LastService['place'] {
  return lat === null && cell === null && bssid === null ? undefined : { lat: lat ?? undefined, lon: lon ?? undefined, cell: cell ?? undefined, bssid: bssid ?? undefined };
}

function moment(at: number | null): Date | undefined {
  return at === null ? undefined : new Date(at);
}
