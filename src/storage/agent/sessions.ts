import type { AccountingAccessPoint, Session } from '../../roles/agent/radio.ts';
import type { SessionKey, SessionStore } from '../../roles/agent/store.ts';
import { countable } from '../repositories/grant-row.ts';
import type { AgentFile } from './agent-file.ts';

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

export class Sessions implements SessionStore {
  readonly #file: AgentFile;

  constructor(file: AgentFile) {
    this.#file = file;
  }

  session({ nasAddress, sessionId, mac }: SessionKey): Session | undefined {
    return this.#sessions('nas_address = ? and session_id = ? and mac = ?', nasAddress, sessionId, mac)[0];
  }

  saveSession(session: Session): void {
    this.#file.put('sessions', {
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
    return this.#file.all<SessionRow>(`select * from sessions where ${which}`, ...parameters).map(toSession);
  }

  endSession({ nasAddress, sessionId, mac }: SessionKey, at: Date): void {
    this.#file.change('update sessions set ended_at = ? where nas_address = ? and session_id = ? and mac = ? and ended_at is null', at, nasAddress, sessionId, mac);
  }

  restrictSession({ nasAddress, sessionId, mac }: SessionKey, restricted: boolean): void {
    this.#file.change('update sessions set restricted = ? where nas_address = ? and session_id = ? and mac = ?', restricted, nasAddress, sessionId, mac);
  }

  endSessionsBefore({ nasAddress, sessionId, mac }: SessionKey, at: Date): void {
    this.#file.change('update sessions set ended_at = ? where mac = ? and nas_address = ? and session_id <> ? and ended_at is null', at, mac, nasAddress, sessionId);
  }

  endSessionsAt({ nasAddress, nasIdentifier }: AccountingAccessPoint, at: Date): void {
    this.#file.change(
      `update sessions set ended_at = ?, lost = 1
        where nas_address = ? and ended_at is null and (nas_identifier is null or nas_identifier = coalesce(?, nas_identifier))`,
      at, nasAddress, nasIdentifier ?? null);
  }

  forgetSessions({ ended, heard }: { readonly ended: Date; readonly heard: Date }): void {
    this.#file.change('delete from sessions where ended_at < ?', ended);
    this.#file.change('delete from sessions where ended_at is null and heard_at < ?', heard);
  }

  grantsWithOddSessions(): string[] {
    return this.#file.all<{ grant_id: string }>(
      `select distinct s.grant_id from sessions s
        left join grants g on g.id = s.grant_id left join usage u on u.grant_id = s.grant_id
        where s.ended_at is null and s.grant_id is not null
          and (g.state is not 'active' or u.spent_at is not null or s.restricted = 1)`).map(({ grant_id }) => grant_id);
  }
}
