import { batchDetailsToWire, batchDeviceToWire, batchRevocationToWire, batchToWire, revocationStepToWire } from '../../api/batches.ts';
import { pageRequestFromWire, pageToWire } from '../../api/page.ts';
import type { Handlers } from './handler.ts';

export const batchHandlers: Handlers<
  'listBatches' | 'showBatch' | 'batchDetails' | 'listBatchDevices' | 'revokeBatch' | 'revokeBatchDevices'
> = {
  async listBatches({ services, query }) {
    return pageToWire(await services.batches.list(pageRequestFromWire(query)), batchToWire);
  },
  async showBatch({ services, query }) {
    return batchToWire(await services.batches.find(query.batch));
  },
  async batchDetails({ services, query }) {
    return batchDetailsToWire(await services.batches.details(query.batch));
  },
  async listBatchDevices({ services, query }) {
    return pageToWire(await services.batches.devices(query.batch, pageRequestFromWire(query)), batchDeviceToWire);
  },
  async revokeBatch({ services, body }) {
    return batchRevocationToWire(await services.batches.revoke(body.batch, body.reason));
  },
  async revokeBatchDevices({ services, body }) {
    return revocationStepToWire(await services.batches.revokeNext(body.batch, body.after));
  },
};
