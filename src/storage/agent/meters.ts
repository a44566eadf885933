import type { MeteredUsage, MeterReading, MeterStore } from '../../roles/agent/store.ts';
import type { GrantReport } from '../../roles/ap/ports.ts';
import { countable, toGrant, type GrantRow } from '../repositories/grant-row.ts';
import type { AgentFile } from './agent-file.ts';

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

type ToldGrantRow = GrantRow & { readonly begun_at: number; readonly begun_revision: number; readonly begun_told: number };

function toUsage(row: UsageRow): MeteredUsage {
  return {
    bytesIn: BigInt(row.bytes_in),
    bytesOut: BigInt(row.bytes_out),
    seconds: row.seconds,
    spentAt: row.spent_at === null ? undefined : new Date(row.spent_at),
  };
}

export class Meters implements MeterStore {
  readonly #file: AgentFile;

  constructor(file: AgentFile) {
    this.#file = file;
  }

  usages(): Map<string, MeteredUsage> {
    return new Map(this.#file.all<UsageRow>('select * from usage').map((row) => [row.grant_id, toUsage(row)]));
  }

  usage(grantId: string): MeteredUsage | undefined {
    const [row] = this.#file.all<UsageRow>('select * from usage where grant_id = ?', grantId);
    return row === undefined ? undefined : toUsage(row);
  }

  saveUsage(grantId: string, { bytesIn, bytesOut, seconds, spentAt }: MeteredUsage): void {
    this.#file.change(
      `insert into usage (grant_id, bytes_in, bytes_out, seconds, spent_at, changes, told) values (?, ?, ?, ?, ?, 1, 0)
        on conflict (grant_id) do update set bytes_in = excluded.bytes_in, bytes_out = excluded.bytes_out,
          seconds = excluded.seconds, spent_at = excluded.spent_at, changes = changes + 1`,
      grantId, countable(bytesIn), countable(bytesOut), seconds, spentAt ?? null);
  }

  meterReadings(): MeterReading[] {
    return this.#file.all<MeterRow>('select * from meters').map((row) => ({
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
    this.#file.put('meters', {
      bss, mac, grant_id: grantId, began, bytes_in: countable(bytesIn), bytes_out: countable(bytesOut), seconds,
    });
  }

  removeMeterReading(bss: string, mac: string): void {
    this.#file.change('delete from meters where bss = ? and mac = ?', bss, mac);
  }

  untoldGrants(limit: number): (GrantReport & { readonly change: number })[] {
    return this.#file.all<UsageRow & { changes: number }>(
      'select * from usage where told < changes order by grant_id limit ? + 0', limit).map((row) => {
      return { grantId: row.grant_id, usage: toUsage(row), ...this.#happened(row.grant_id), change: row.changes };
    });
  }

  #happened(grantId: string): Pick<GrantReport, 'ended' | 'begun'> {
    const [row] = this.#file.all<ToldGrantRow>('select * from grants where id = ?', grantId);
    const grant = row && toGrant(row);
    const endedHere = grant?.state === 'ended' && grant.closedBy === 'agent';
    return {
      ended: endedHere ? { at: grant.closedAt!, reason: grant.reason ?? '', revision: grant.revision } : undefined,
      begun: row?.begun_told === 0 ? { at: new Date(row.begun_at), revision: row.begun_revision } : undefined,
    };
  }

  markGrantsTold(reports: readonly (Pick<GrantReport, 'grantId' | 'begun'> & { readonly change: number })[]): void {
    this.#file.transaction(() => {
      for (const { grantId, change, begun } of reports) {
        this.#file.change('update usage set told = ? where grant_id = ?', change, grantId);
        if (begun !== undefined) {
          this.#file.change('update grants set begun_told = 1 where id = ? and begun_revision = ?', grantId, begun.revision);
        }
      }
    });
  }
}
