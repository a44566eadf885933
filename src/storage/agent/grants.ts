import { laterUsage, noUsage, type Grant, type GrantPolicy } from '../../domain/grant.ts';
import type { GrantForStation, GrantStore } from '../../roles/agent/ports.ts';
import type { Sealer } from '../../roles/sealer.ts';
import { countable, toGrant, toGrantRow, type GrantRow } from '../repositories/grant-row.ts';
import type { AgentFile } from './agent-file.ts';
import { grantKeyPlace, openIfKeyIsHere } from './grant-keys.ts';

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

export class Grants implements GrantStore {
  readonly #file: AgentFile;
  readonly #sealer: Sealer;

  constructor(file: AgentFile, sealer: Sealer) {
    this.#file = file;
    this.#sealer = sealer;
  }

  saveGrant(grant: Grant): void {
    this.#file.put('grants', toGrantRow(grant));
    if (grant.state !== 'active') {
      this.#file.change('delete from credentials where grant_id = ?', grant.id);
      this.#file.change('update usage set spent_at = null where grant_id = ? and spent_at is not null', grant.id);
    }
    if (grant.state === 'ended' && grant.closedBy === 'agent') {
      this.#oweEnd(grant);
    }
  }

  /** A grant that ends here is told of, also if it was never used. */
  #oweEnd(grant: Grant): void {
    this.#file.change(
      `insert into usage (grant_id, bytes_in, bytes_out, seconds, spent_at, changes, told) values (?, ?, ?, ?, null, 1, 0)
        on conflict (grant_id) do update set changes = changes + 1`,
      grant.id, countable(noUsage.bytesIn), countable(noUsage.bytesOut), noUsage.seconds);
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
    const rows = this.#file.all<GrantForStationRow>(
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
    this.#file.put('subject_macs', { subject_id: subjectId, mac });
  }
}
