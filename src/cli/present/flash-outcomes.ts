import { boolean, count, id, note, object, oneOf, remark, text, uuid, type Static } from '../../api/schema.ts';
import { present } from '../../api/wire.ts';
import { flashResults } from '../../domain/flash.ts';
import { shown } from '../../domain/shown-text.ts';
import type { DeviceOutcome } from '../../roles/flashing/stations.ts';
import type { Screen } from './screen.ts';

const results = [...flashResults, 'already_flashed', 'refused'] as const;

/** One line of what `device flash` prints. */
export const flashOutcomeSchema = object(
  'FlashOutcome',
  { uuid, station: text, port: note, result: oneOf(results), ms: count },
  {
    flash_id: id,
    recorded: { ...boolean, description: 'Whether the registry knows; absent where there was nothing to record.' },
    code: { ...text, description: 'Why it was refused.' },
    detail: remark,
  },
);
export type FlashOutcomeWire = Static<typeof flashOutcomeSchema>;

export function flashOutcomeToWire({ uuid, station, result, ms, flashId, recorded, error, detail }: DeviceOutcome): FlashOutcomeWire {
  return present({
    uuid,
    station: station.name,
    port: station.port.path,
    result,
    ms,
    flash_id: flashId,
    recorded,
    code: result === 'refused' ? error?.code : undefined,
    detail,
  });
}

export function presentFlashOutcome({ uuid, station, result, ms, recorded, detail }: FlashOutcomeWire, { style }: Screen): string {
  const words = result.replaceAll('_', ' ');
  const painted = result === 'ok' ? style.good(words) : result === 'already_flashed' ? style.dim(words) : style.bad(words);
  const unknown = recorded === false ? `  ${style.warning('not recorded')}` : '';
  const why = detail === undefined || result === 'already_flashed' ? '' : `  ${shown(detail)}`;
  return `${shown(station)}  ${uuid}  ${painted}  ${(ms / 1000).toFixed(1)} s${unknown}${why}`;
}
