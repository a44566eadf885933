import { bulkExceptionToWire, newIdentityFromWire } from '../../api/bulk.ts';
import type { Handlers } from './handler.ts';

export const bulkHandlers: Handlers<'reserveChunk' | 'checkChunk' | 'confirmChunks'> = {
  async reserveChunk({ services, params, body }) {
    const place = { run: Number(params.run), number: body.number };
    const exceptions = await services.factory.reserveChunk(place, body.devices.map(newIdentityFromWire));
    return { exceptions: exceptions.map(bulkExceptionToWire) };
  },
  async checkChunk({ services, body }) {
    const exceptions = await services.factory.checkChunk(body.devices.map(newIdentityFromWire));
    return { exceptions: exceptions.map(bulkExceptionToWire) };
  },
  async confirmChunks({ services, params, body }) {
    return { registered: await services.factory.confirmChunks({ run: Number(params.run), number: body.number }) };
  },
};
