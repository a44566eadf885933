import { setTimeout as sleep } from 'node:timers/promises';
import { instantToWire } from '../../api/wire.ts';
import { LatchkeyError, type ErrorCode } from '../../domain/errors.ts';
import type { WitnessRole } from '../../roles/networks/ports.ts';
import { systemClock } from '../local-registry.ts';
import { troubleOf } from '../present/message.ts';
import type { WitnessEventWire } from '../present/witness-events.ts';
import { hear, type HearingFlags } from './heard.ts';

const forGood: readonly ErrorCode[] = ['unauthorized', 'forbidden'];

/** Hears once, and says it. Errors: those of hearing and of `report`. */
export async function witnessOnce(role: WitnessRole, flags: HearingFlags, signal: AbortSignal): Promise<WitnessEventWire> {
  const heard = await hear(flags, signal, 'each');
  const { kept } = await role.report(heard);
  return { event: 'reported', at: instantToWire(systemClock.now()), heard: heard.length, kept };
}

/** As often as `everyMs` says, until the signal ends; what fails is said and tried the next time. Errors: `unauthorized`, `forbidden`, which no time mends. */
export async function witnessOn(role: WitnessRole, flags: HearingFlags, everyMs: number, signal: AbortSignal, emit: (event: WitnessEventWire) => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    const begun = performance.now();
    let event: WitnessEventWire;
    try {
      event = await witnessOnce(role, flags, signal);
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      if (!(error instanceof LatchkeyError) || forGood.includes(error.code)) {
        throw error;
      }
      event = { event: 'failed', at: instantToWire(systemClock.now()), ...troubleOf(error) };
    }
    await emit(event);
    await sleep(Math.max(0, everyMs - (performance.now() - begun)), undefined, { signal }).catch(() => {});
  }
}
