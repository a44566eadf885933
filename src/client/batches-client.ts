import {
  batchDetailsFromWire, batchDeviceFromWire, batchFromWire, batchRevocationFromWire, revocationStepFromWire,
} from '../api/batches.ts';
import { pageFromWire, pageRequestToWire } from '../api/page.ts';
import { routes } from '../api/routes.ts';
import { present } from '../api/wire.ts';
import type { Batch, BatchDetails, BatchDevice, BatchRevocation } from '../domain/batch.ts';
import { parseUuid } from '../domain/identifiers.ts';
import type { BatchesRole, RevocationStep } from '../roles/batches/ports.ts';
import type { Page, PageRequest } from '../roles/page.ts';
import type { HttpClient } from './http-client.ts';

/** The server reads every device of a batch: some 20 s for a million. */
const detailsMs = 120_000;

export class BatchesClient implements BatchesRole {
  readonly #http: HttpClient;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  async list(page: PageRequest): Promise<Page<Batch>> {
    return pageFromWire(await this.#http.call(routes.listBatches, { query: pageRequestToWire(page) }), batchFromWire);
  }

  async find(batch: string): Promise<Batch> {
    return batchFromWire(await this.#http.call(routes.showBatch, { query: { batch } }));
  }

  async details(batch: string): Promise<BatchDetails> {
    return batchDetailsFromWire(await this.#http.call(routes.batchDetails, { query: { batch }, waitMs: detailsMs }));
  }

  async devices(batch: string, page: PageRequest): Promise<Page<BatchDevice>> {
    const query = { batch, ...pageRequestToWire(page) };
    return pageFromWire(await this.#http.call(routes.listBatchDevices, { query }), batchDeviceFromWire);
  }

  async revoke(batch: string, reason?: string): Promise<BatchRevocation> {
    return batchRevocationFromWire(await this.#http.call(routes.revokeBatch, { body: present({ batch, reason }) }));
  }

  async revokeNext(batch: string, after?: string): Promise<RevocationStep> {
    const body = present({ batch, after: after === undefined ? undefined : parseUuid(after) });
    return revocationStepFromWire(await this.#http.call(routes.revokeBatchDevices, { body }));
  }
}
