import { count, instant, object, oneOf, remark, type Static } from '../../api/schema.ts';
import { shown } from '../../domain/shown-text.ts';
import type { Screen } from './screen.ts';
import { clock } from './time.ts';

/** What a witness reported, or why it could not. */
export const witnessEventSchema = object('WitnessEvent', { event: oneOf(['reported', 'failed']), at: instant }, { heard: count, kept: count, error_code: { type: 'string' }, message: remark });
export type WitnessEventWire = Static<typeof witnessEventSchema>;

export function presentWitnessEvent({ event, at, heard = 0, kept = 0, message = '' }: WitnessEventWire, { style }: Screen): string {
  const time = style.dim(clock(new Date(at)));
  return event === 'failed' ? `${time} ${style.bad('failed')}: ${shown(message)}` : `${time} heard ${heard}, of which the server keeps ${kept}`;
}
