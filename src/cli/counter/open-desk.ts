import { setTimeout as delay } from 'node:timers/promises';
import { LatchkeyError } from '../../domain/errors.ts';
import { encodeNdef } from '../../formats/ndef.ts';
import { wifiRecord } from '../../formats/wsc.ts';
import type { Credential } from '../../roles/device/ports.ts';
import type { RegisterGuard } from '../../roles/card/ports.ts';
import { CounterDesk, type CounterControl, type CounterEvent, type TapCharge, type Waiting } from '../../roles/pos/counter-desk.ts';
import { CounterService } from '../../roles/pos/counter.ts';
import type { EndedCharge } from '../../roles/pos/charge-journal.ts';
import type { NfcCard, NfcReader } from '../../roles/pos/nfc-reader.ts';
import type { Served } from '../../roles/pos/counter.ts';
import { counterSocket } from '../agent-files.ts';
import { systemClock, systemRandom } from '../local-registry.ts';
import { ChargeFile } from './charge-file.ts';
import { credentialFor } from './hand-over.ts';
import type { Counter } from './open-counter.ts';

export interface DeskOptions {
  /** The register's security check. */
  readonly guard: RegisterGuard;
  readonly reader: NfcReader | undefined;
  readonly onEvent: (event: CounterEvent) => void;
  readonly onSettled: (charge: EndedCharge) => void;
  readonly failed: (error: unknown) => void;
}

/** The counter of this machine's cash register. */
export function openCounterDesk(counter: Counter, { guard, reader, onEvent, onSettled, failed }: DeskOptions): CounterDesk {
  const { pos, register } = counter;
  const service = new CounterService({
    pos,
    register,
    journal: new ChargeFile(register.id),
    credentialFor: (grant, signal) => credentialFor(counter, grant, signal),
    clock: systemClock,
    guard,
    onSettled,
    failed,
  });
  return new CounterDesk({ counter: service, reader, writeTag, random: systemRandom, onEvent, failed });
}

/** A reader of this machine by a part of its name; any if it is left out. */
export async function openReader(name: string | undefined): Promise<NfcReader> {
  const { PcscReader } = await import('../../nfc/pcsc-reader.ts');
  return new PcscReader({ name });
}

/** Errors: `tag_unsuitable`, `invalid_input` for a credential that no tag can hold. */
async function writeTag(card: NfcCard, credential: Credential): Promise<void> {
  const message = encodeNdef([wifiRecord(credential)]);
  const { writeType4Tag } = await import('../../nfc/type4-tag.ts');
  await writeType4Tag(card, message);
}

export interface Tapping {
  readonly guard: RegisterGuard;
  /** Of the reader to use. With it the agent is not asked. */
  readonly reader?: string | undefined;
  readonly signal: AbortSignal;
  readonly onSettled: (charge: EndedCharge) => void;
}

/** An agent that is being restarted is there again by then. */
const comesBackWithinMs = 20_000;
const pauseMs = 250;

/** Who waits for cards: the register's agent, if it runs here, or else this process at a reader of its own. */
export async function openTapping(counter: Counter, tapping: Tapping): Promise<CounterControl> {
  const { CounterControlClient } = await import('../../client/counter-control-client.ts');
  const agent = new CounterControlClient(counterSocket(counter.register.id));
  return {
    charge: (charge, waiting) => withAgent(agent, counter, tapping, (control) => chargeAt(control, charge, waiting)),
    tap: (options, waiting) => withAgent(agent, counter, tapping, (control) => control.tap(options, waiting)),
  };
}

async function withAgent(agent: CounterControl, counter: Counter, tapping: Tapping, work: (control: CounterControl) => Promise<Served>): Promise<Served> {
  if (tapping.reader === undefined) {
    try {
      return await work(agent);
    } catch (error) {
      if (!isAway(error)) {
        throw error;
      }
    }
  }
  return atOwnReader(counter, tapping, work);
}

/** By its key a charge is the same one at an agent that goes away and comes up again in the middle. */
async function chargeAt(control: CounterControl, charge: TapCharge, waiting: Waiting): Promise<Served> {
  for (let lostAt: number | undefined; ; ) {
    try {
      return await control.charge(charge, waiting);
    } catch (error) {
      if (!isAway(error)) {
        throw error;
      }
      lostAt = isNobodyThere(error) ? lostAt : performance.now();
      if (lostAt === undefined || performance.now() - lostAt > comesBackWithinMs) {
        throw error;
      }
      await delay(pauseMs);
    }
  }
}

/** In the place of an agent that was there and has gone. */
function isNobodyThere({ cause }: LatchkeyError): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED');
}

function isAway(error: unknown): error is LatchkeyError {
  return error instanceof LatchkeyError && error.code === 'counter_unreachable';
}

/** Errors: `reader_not_found`, `reader_unavailable` as soon as it is so. */
async function atOwnReader(counter: Counter, { guard, reader, signal, onSettled }: Tapping, work: (control: CounterControl) => Promise<Served>): Promise<Served> {
  const stop = new AbortController();
  const trouble = Promise.withResolvers<never>();
  const desk = openCounterDesk(counter, {
    guard,
    reader: await openReader(reader),
    onSettled,
    onEvent: (event) => {
      if (event.kind === 'reader' && event.state.kind === 'away') trouble.reject(event.state.error);
    },
    failed: (error) => trouble.reject(error),
  });
  let serving: Promise<void> | undefined;
  const heard = (waiting: Waiting): Waiting => ({
    ...waiting,
    onEvent(event) {
      // A card that is there already is for what waits for it, and not for access before it.
      if (event.kind === 'waiting') serving ??= desk.serveReader(AbortSignal.any([stop.signal, signal]));
      // That the reader is away ends the waiting, and is said as the error that it is.
      if (event.kind !== 'reader') waiting.onEvent(event);
    },
  });
  try {
    return await Promise.race([
      work({ charge: (charge, waiting) => desk.charge(charge, heard(waiting)), tap: (options, waiting) => desk.tap(options, heard(waiting)) }),
      trouble.promise,
    ]);
  } finally {
    stop.abort();
    trouble.promise.catch(() => {});
    await Promise.race([serving, delay(pauseMs, undefined, { ref: false })]);
  }
}
