import { laterUsage, noUsage, type Grant, type GrantBegin, type GrantPolicy } from '../../domain/grant.ts';
import type { GrantForStation, GrantStore } from '../../roles/agent/store.ts';
import type { Sealer } from '../../roles/sealer.ts';
import { countable, toGrant, toGrantRow, type GrantRow } from '../repositories/grant-row.ts';
import type { AgentFile } from './agent-file.ts';
import { grantKeyPlace } from './grant-keys.ts';
import { openIfKeyIsHere } from './open-if-key-is-here.ts';

type GrantForStationRow = [
  id: string,
  requestId: string | null,
  startsAt: number,
  endsAt: number | null,
  quotaBytes: number | null,
  policy: GrantPolicy,
  vlan: number | null,
  password: Uint8Array | null,
  bytesIn: number,
  bytesOut: number,
  usedIn: number | null,
  usedOut: number | null,
  spentAt: number | null,
];

export class Grants implements GrantStore {
  readonly #file: AgentFile;
  readonly #sealer: Sealer;

  constructor(file: AgentFile, sealer: Sealer) {
    this.#file = file;
    this.#sealer = sealer;
  }

  saveGrant(grant: Grant): void {
    // Whoever had it before knows the password. A receipt is nobody, so whoever redeems it keeps what was handed out with it.
    this.#file.change(
      `update grants set password = null, psk_ssid = null, psk = null
        where id = ? and subject_id <> ? and subject_kind <> 'receipt' and password is not null`, grant.id, grant.subject.id);
    const row = toGrantRow(grant);
    const columns = Object.keys(row);
    this.#file.change(
      `insert into grants (${columns.join()}, mac) values (${columns.map(() => '?').join()}, (select mac from subject_macs where subject_id = ?))
        on conflict (id) do update set ${[...columns, 'mac'].map((column) => `${column} = excluded.${column}`).join()}`,
      ...Object.values(row), grant.subject.id);
    if (grant.state !== 'active' && grant.state !== 'paused') {
      this.#file.change('update grants set password = null, psk_ssid = null, psk = null where id = ? and password is not null', grant.id);
      this.#file.change('update usage set spent_at = null where grant_id = ? and spent_at is not null', grant.id);
    }
    if (grant.state === 'ended' && grant.closedBy === 'agent') {
      this.#owe(grant.id);
    }
  }

  /** What becomes of a grant here is told, also if it was never used. */
  #owe(grantId: string): void {
    this.#file.change(
      `insert into usage (grant_id, bytes_in, bytes_out, seconds, spent_at, changes, told) values (?, ?, ?, ?, null, 1, 0)
        on conflict (grant_id) do update set changes = changes + 1`,
      grantId, countable(noUsage.bytesIn), countable(noUsage.bytesOut), noUsage.seconds);
  }

  grant(id: string): Grant | undefined {
    const [row] = this.#file.all<GrantRow>('select * from grants where id = ?', id);
    return row === undefined ? undefined : toGrant(row);
  }

  activeGrants(): Grant[] {
    return this.#file.all<GrantRow>(`select * from grants where state = 'active' order by starts_at, id`).map(toGrant);
  }

  activeGrantCount(): number {
    return this.#file.all<{ count: number }>(`select count(*) as count from grants where state = 'active'`)[0]!.count;
  }

  grantsOfStation(mac: string): GrantForStation[] {
    // Of one without a quota it does not matter what it has used.
    return this.#file.tuples<GrantForStationRow>(
      `select g.id, g.request_id, g.starts_at, g.ends_at, g.quota_bytes, g.policy, g.vlan, g.password, g.bytes_in, g.bytes_out,
          u.bytes_in, u.bytes_out, u.spent_at
        from grants g left join usage u on u.grant_id = case when g.quota_bytes is not null then g.id end
        where g.mac = ? and g.state = 'active' order by g.starts_at desc`, mac).map((row) => this.#toGrantForStation(row));
  }

  #toGrantForStation(row: GrantForStationRow): GrantForStation {
    const [id, requestId, startsAt, endsAt, quotaBytes, policy, vlan, password, bytesIn, bytesOut, usedIn, usedOut, spentAt] = row;
    return {
      id,
      requestId: requestId ?? undefined,
      startsAt: new Date(startsAt),
      endsAt: endsAt === null ? undefined : new Date(endsAt),
      quotaBytes: quotaBytes === null ? undefined : BigInt(quotaBytes),
      policy,
      vlan: vlan ?? undefined,
      usage: laterUsage(
        { bytesIn: BigInt(bytesIn), bytesOut: BigInt(bytesOut), seconds: 0 },
        { bytesIn: BigInt(usedIn ?? 0), bytesOut: BigInt(usedOut ?? 0), seconds: 0 },
      ),
      state: 'active',
      spentAt: spentAt === null ? undefined : new Date(spentAt),
      password: () => (password === null ? undefined : openIfKeyIsHere(() => this.#sealer.openText(password, grantKeyPlace(id, 'password')))),
    };
  }

  grantsEndingBy(at: Date, limit: number): Grant[] {
    return this.#file.all<GrantRow>(
      `select * from grants where state = 'active' and ends_at <= ? order by ends_at limit ? + 0`, at, limit).map(toGrant);
  }

  grantsSpentBy(at: Date, limit: number): Grant[] {
    return this.#file.all<GrantRow>(
      `select g.* from usage u join grants g on g.id = u.grant_id
        where u.spent_at <= ? and g.state = 'active' order by u.spent_at limit ? + 0`, at, limit).map(toGrant);
  }

  waitingGrants(at: Date, limit: number): Grant[] {
    return this.#file.all<GrantRow>(
      `select * from grants where state = 'active' and waiting_ms is not null and starts_at <= ? order by starts_at limit ? + 0`, at, limit).map(toGrant);
  }

  begun(id: string): GrantBegin | undefined {
    const [row] = this.#file.all<{ at: number; revision: number }>(
      'select begun_at as at, begun_revision as revision from grants where id = ? and begun_at is not null', id);
    return row && { at: new Date(row.at), revision: row.revision };
  }

  saveBegun(id: string, { at, revision }: GrantBegin): void {
    this.#file.change('update grants set begun_at = ?, begun_revision = ?, begun_told = 0 where id = ?', at, revision, id);
    this.#owe(id);
  }

  firstEndAfter(at: Date): Date | undefined {
    return this.#firstMoment(`select min(ends_at) as at from grants where state = 'active' and ends_at > ?`, at);
  }

  firstSpentAfter(at: Date): Date | undefined {
    return this.#firstMoment('select min(spent_at) as at from usage where spent_at > ?', at);
  }

  #firstMoment(sql: string, after: Date): Date | undefined {
    const at = this.#file.all<{ at: number | null }>(sql, after)[0]?.at ?? undefined;
    return at === undefined ? undefined : new Date(at);
  }

  subjectMac(subjectId: string): string | undefined {
    return this.#file.all<{ mac: string }>('select mac from subject_macs where subject_id = ?', subjectId)[0]?.mac;
  }

  saveSubjectMac(subjectId: string, mac: string): void {
    this.#file.transaction(() => {
      this.#file.put('subject_macs', { subject_id: subjectId, mac });
      this.#file.change(`update grants set mac = ? where subject_id = ? and state = 'active'`, mac, subjectId);
    });
  }
}
