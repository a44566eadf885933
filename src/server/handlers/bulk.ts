import { bulkExceptionToWire, newIdentityFromWire } from '../../api/bulk.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { ChunkPlace } from '../../roles/store.ts';
import type { Handlers } from './handler.ts';

export const bulkHandlers: Handlers<'reserveChunk' | 'checkChunk' | 'confirmChunks'> = {
  async reserveChunk({ services, params, body }) {
    const exceptions = await services.factory.reserveChunk(placeOf(params, body), body.devices.map(newIdentityFromWire));
    return { exceptions: exceptions.map(bulkExceptionToWire) };
  },
  async checkChunk({ services, body }) {
    const exceptions = await services.factory.checkChunk(body.devices.map(newIdentityFromWire));
    return { exceptions: exceptions.map(bulkExceptionToWire) };
  },
  async confirmChunks({ services, params, body }) {
    return { registered: await services.factory.confirmChunks(placeOf(params, body)) };
  },
};

function placeOf(params: { readonly run: string }, { number }: { readonly number: number }): ChunkPlace {
  const run = Number(params.run);
  if (!Number.isSafeInteger(run)) {
    throw new LatchkeyError('invalid_input', 'The number of a run has 53 bits.');
  }
  return { run, number };
}
