import { flashResults, type Flash } from '../domain/flash.ts';
import type { FlashBegun } from '../roles/flashing/ports.ts';
import { arrayOf, boolean, id, input, instant, note, object, oneOf, text, uuid, type Static } from './schema.ts';
import { instantFromWire, instantToWire, present } from './wire.ts';

const known = { flash_id: id, uuid, station: text, operator: text, started_at: instant } as const;
const perhaps = {
  batch: text,
  ended_at: { ...instant, description: 'Absent while it goes on.' },
  result: oneOf(flashResults),
  detail: note,
} as const;

export const flashSchema = object('Flash', known, perhaps);
export type FlashWire = Static<typeof flashSchema>;

export const flashBeginSchema = input(
  'FlashBegin',
  { station: text, operator: text },
  { again: { ...boolean, description: 'Whether a device that is flashed already is flashed once more.' } },
);
export const flashBegunSchema = object('FlashBegun', {
  flash: flashSchema,
  resumed: { ...boolean, description: 'The station began with the device before and never said how that ended.' },
});
export type FlashBegunWire = Static<typeof flashBegunSchema>;

export const flashEndSchema = input('FlashEnd', { result: oneOf(flashResults) }, { detail: note });

export const openFlashesQuerySchema = input('OpenFlashesQuery', { station: text });
export const openFlashesSchema = object('OpenFlashes', { items: arrayOf(flashSchema) });

export function flashToWire(flash: Flash): FlashWire {
  return present({
    flash_id: flash.id,
    uuid: flash.uuid,
    batch: flash.batch,
    station: flash.station,
    operator: flash.operator,
    started_at: instantToWire(flash.startedAt),
    ended_at: instantToWire(flash.endedAt),
    result: flash.result,
    detail: flash.detail,
  });
}

export function flashFromWire(wire: FlashWire): Flash {
  return {
    id: wire.flash_id,
    uuid: wire.uuid,
    batch: wire.batch,
    station: wire.station,
    operator: wire.operator,
    startedAt: instantFromWire(wire.started_at),
    endedAt: instantFromWire(wire.ended_at),
    result: wire.result,
    detail: wire.detail,
  };
}

export function flashBegunToWire({ flash, resumed }: FlashBegun): FlashBegunWire {
  return { flash: flashToWire(flash), resumed };
}

export function flashBegunFromWire({ flash, resumed }: FlashBegunWire): FlashBegun {
  return { flash: flashFromWire(flash), resumed };
}
