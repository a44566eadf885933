import type { BatchDevice } from '../domain/batch.ts';
import { csvRecord } from './csv.ts';

export const batchCsvHeader = csvRecord([
  'uuid', 'model', 'label', 'mac', 'state', 'created_at', 'registered_at', 'flashed_at', 'revoked_at', 'station', 'operator', 'tries', 'last_result',
]);

/** A device's line of a batch's report; station and operator are those of its last try. */
export function batchCsvRecord(device: BatchDevice): string {
  const last = device.tries.at(-1);
  const { uuid, model, label, mac, state } = device;
  const times = [device.createdAt, device.registeredAt, device.flashedAt, device.revokedAt].map((at) => at?.toISOString());
  return csvRecord([uuid, model, label, mac, state, ...times, last?.station, last?.operator, device.tries.length, last?.result]);
}
