import type { AccessRequest, DeviceReport } from '../../domain/access-request.ts';
import type { Hello, OnboardingStore } from '../../roles/agent/store.ts';
import { remember } from '../../roles/remember.ts';
import type { Place, Sealer } from '../../roles/sealer.ts';
import { toAccessRequestRow, toRequest, type AccessRequestRow } from '../repositories/access-request-row.ts';
import type { AgentFile } from './agent-file.ts';
import { openIfKeyIsHere } from './open-if-key-is-here.ts';

/** Requests kept in memory: those under way are read again and again. */
const requestsInMemory = 2000;

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

function pskPlace(id: string): Place {
  return { table: 'hellos', row: id, column: 'psk' };
}

export class Onboarding implements OnboardingStore {
  readonly #file: AgentFile;
  readonly #sealer: Sealer;
  /** As they are in the file, which nobody else writes. */
  readonly #requests = new Map<string, AccessRequest>();

  constructor(file: AgentFile, sealer: Sealer) {
    this.#file = file;
    this.#sealer = sealer;
    file.onRolledBack(() => this.#requests.clear());
  }

  saveHello(hello: Hello): void {
    this.#file.put('hellos', {
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
    this.#file.change('delete from hellos where id = ?', id);
  }

  hellos(): Hello[] {
    return this.#file.all<HelloRow>('select * from hellos order by created_at, id').flatMap((row) => {
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

  /** A hello under a key that was retired is over; its device says hello again. */
  #openPsk({ id, psk: box }: HelloRow): Uint8Array | undefined {
    const psk = openIfKeyIsHere(() => this.#sealer.open(box, pskPlace(id)));
    if (psk === undefined) {
      this.removeHello(id);
    }
    return psk;
  }

  saveRequest(request: AccessRequest): void {
    this.#file.put('access_requests', toAccessRequestRow(request));
    remember(this.#requests, request.id, request, requestsInMemory);
  }

  request(id: string): AccessRequest | undefined {
    const known = this.#requests.get(id);
    if (known !== undefined) {
      return known;
    }
    const [row] = this.#file.all<AccessRequestRow>('select * from access_requests where id = ?', id);
    if (row === undefined) {
      return undefined;
    }
    const request = toRequest(row);
    remember(this.#requests, request.id, request, requestsInMemory);
    return request;
  }

  requests({ all, limit }: { readonly all: boolean; readonly limit: number }): AccessRequest[] {
    const which = all ? '' : `where status = 'pending'`;
    return this.#file.all<AccessRequestRow>(
      `select * from access_requests ${which} order by created_at desc, id desc limit ? + 0`, limit).map(toRequest);
  }

  owedReports(): ReturnType<OnboardingStore['owedReports']> {
    return this.#file.all<{ request_id: string; status: DeviceReport }>(
      'select request_id, status from owed_reports order by owed_at',
    ).map(({ request_id, status }) => ({ requestId: request_id, status }));
  }

  oweReport(requestId: string, status: DeviceReport): void {
    this.#file.change(
      `insert into owed_reports (request_id, status, owed_at)
        values (?, ?, (select coalesce(max(owed_at), 0) + 1 from owed_reports))
        on conflict (request_id, status) do nothing`, requestId, status);
  }

  settleReport(requestId: string, status: DeviceReport): void {
    this.#file.change('delete from owed_reports where request_id = ? and status = ?', requestId, status);
  }
}
