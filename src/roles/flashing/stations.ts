import { errorTable, LatchkeyError } from '../../domain/errors.ts';
import type { Flash, FlashResult } from '../../domain/flash.ts';
import { flashBoard, type BoardStep, type ImagePart, type UuidIn } from './board.ts';
import { DeviceQueue } from './device-queue.ts';
import { FlashFailure, type Flasher, type FlashPort } from './flasher.ts';
import type { FlashEnd, FlashingRole } from './ports.ts';

/** A place where boards are flashed, one after the other. */
export interface Station {
  readonly name: string;
  readonly port: FlashPort;
  /** Where in the flash each part of an image belongs. */
  readonly offsets: Readonly<Record<string, number>>;
}

/** What became of a device at a station. `refused`: the registry did not let it be flashed, and nothing was touched. */
export interface DeviceOutcome {
  readonly uuid: string;
  readonly station: Station;
  readonly result: FlashResult | 'already_flashed' | 'refused';
  readonly detail: string | undefined;
  readonly ms: number;
  readonly flashId: string | undefined;
  /** Whether the registry knows; undefined where there was nothing to tell it. */
  readonly recorded: boolean | undefined;
  readonly error: LatchkeyError | undefined;
}

export type StationStep = BoardStep | 'waiting for the registry' | 'waiting for the next board' | 'recording';

/** A device with the image that is to be put into its board. */
export interface DeviceToFlash {
  readonly uuid: string;
  /** If it is known that it was flashed. */
  readonly flashedAt: Date | undefined;
  readonly parts: readonly ImagePart[];
}

export interface StationsRun {
  readonly stations: readonly Station[];
  readonly devices: AsyncIterable<readonly DeviceToFlash[]>;
  readonly flashing: FlashingRole;
  readonly flasher: Flasher;
  readonly uuidIn: UuidIn;
  readonly operator: string;
  readonly again: boolean;
  /** How many failures in a row a station goes on after. */
  readonly retries: number;
  /** Resolves when the next board is in its place; not given where boards change by themselves. */
  readonly nextBoard: ((station: Station, signal: AbortSignal) => Promise<void>) | undefined;
  readonly onStep: (station: Station, step: StationStep | undefined, uuid?: string, percent?: number) => void;
  readonly onOutcome: (outcome: DeviceOutcome) => Promise<void>;
  /** A station goes on no more: it failed too often in a row, or the registry says why not. */
  readonly onStopped: (station: Station, error: LatchkeyError | undefined) => Promise<void>;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

export interface StationsSummary {
  readonly flashed: number;
  readonly alreadyFlashed: number;
  readonly refused: number;
  /** Why the first of them was refused. */
  readonly refusal: LatchkeyError | undefined;
  /** The last outcome of each device that was begun with and not flashed. */
  readonly failed: readonly DeviceOutcome[];
  /** Flashed, and the registry does not know. */
  readonly unrecorded: readonly DeviceOutcome[];
  readonly stopped: readonly { readonly station: Station; readonly error: LatchkeyError | undefined }[];
  /** Whether there are devices that no station came to. */
  readonly left: boolean;
}

/** Between tries to reach the registry: half a minute in all. */
const pausesMs = [500, 1000, 2000, 4000, 8000, 15_000] as const;

/**
 * Flashes devices at several stations at once. A device that fails goes back to the front of the queue, its identity
 * for the next board; one station's failures stop no other. Errors: those of reading the devices and of asking for
 * what was left open; what happens to a device or a station is told in outcomes.
 */
export async function flashAtStations(run: StationsRun): Promise<StationsSummary> {
  return new StationsAtWork(run).work();
}

/** What follows from a device's turn at a station. */
interface Verdict {
  /** Undefined if nothing happened to the device. */
  readonly outcome: DeviceOutcome | undefined;
  /** Whether its identity is for the next board, here or elsewhere. */
  readonly again: boolean;
  readonly fault: 'board' | 'registry' | undefined;
  readonly error?: LatchkeyError;
}

class StationsAtWork {
  readonly #run: StationsRun;
  /** Those of this run, where others than these are flashed again: a device that is listed twice has one board. */
  readonly #doneAgain = new Set<string>();
  readonly #failed = new Map<string, DeviceOutcome>();
  readonly #unrecorded: DeviceOutcome[] = [];
  readonly #stopped: { station: Station; error: LatchkeyError | undefined }[] = [];
  readonly #ending = new AbortController();
  readonly #signal: AbortSignal;
  #flashed = 0;
  #alreadyFlashed = 0;
  #refused = 0;
  #refusal: LatchkeyError | undefined;

  constructor(run: StationsRun) {
    this.#run = run;
    this.#signal = AbortSignal.any([run.signal, this.#ending.signal]);
  }

  async work(): Promise<StationsSummary> {
    const { stations, devices } = this.#run;
    const queue = new DeviceQueue(devices, await this.#leftOpen());
    const ended = await Promise.allSettled(
      stations.map((station) =>
        this.#workAt(station, queue).catch((error: unknown) => {
          // After what nobody foresaw nobody goes on, and all give back what they have.
          this.#ending.abort();
          throw error;
        })),
    );
    const broken = ended.find((each) => each.status === 'rejected');
    if (broken !== undefined) {
      throw broken.reason;
    }
    return {
      flashed: this.#flashed,
      alreadyFlashed: this.#alreadyFlashed,
      refused: this.#refused,
      refusal: this.#refusal,
      failed: [...this.#failed.values()],
      unrecorded: this.#unrecorded,
      stopped: this.#stopped,
      left: queue.hasMore(new Set(this.#failed.keys())),
    };
  }

  /** A station whose board may hold an identity already is the only one that may begin with it. */
  async #leftOpen(): Promise<Map<string, string>> {
    const { stations, flashing } = this.#run;
    const open = await Promise.all(stations.map(({ name }) => flashing.open(name)));
    return new Map(open.flat().map(({ uuid, station }) => [uuid, station]));
  }

  async #workAt(station: Station, queue: DeviceQueue<DeviceToFlash>): Promise<void> {
    const { nextBoard, retries, onStep, onOutcome, onStopped } = this.#run;
    let boardIsUsed = false;
    let failures = 0;
    try {
      for (;;) {
        const device = await queue.take(station.name, this.#signal);
        if (device === undefined) {
          return;
        }
        if (boardIsUsed && nextBoard !== undefined) {
          onStep(station, 'waiting for the next board', device.uuid);
          await nextBoard(station, this.#signal);
          boardIsUsed = false;
        }
        if (this.#signal.aborted) {
          queue.giveBack(device);
          return;
        }
        const { outcome, again, fault, error } = await this.#flash(station, device);
        onStep(station, undefined);
        if (again) {
          queue.giveBack(device);
        } else {
          queue.settle();
        }
        if (outcome !== undefined) {
          this.#count(outcome);
          await onOutcome(outcome);
        }
        const isFlashed = outcome?.result === 'ok';
        boardIsUsed ||= isFlashed || fault === 'board';
        failures = isFlashed ? 0 : failures + (fault === 'board' ? 1 : 0);
        if (this.#signal.aborted) {
          return;
        }
        if (fault === 'registry' || failures > retries) {
          this.#stopped.push({ station, error });
          await onStopped(station, error);
          return;
        }
      }
    } finally {
      queue.leave(station.name);
    }
  }

  async #flash(station: Station, device: DeviceToFlash): Promise<Verdict> {
    const { flashing, flasher, uuidIn, operator, again, onStep } = this.#run;
    const { uuid, flashedAt, parts } = device;
    const startedAt = performance.now();
    const outcome = (result: DeviceOutcome['result'], more: Partial<DeviceOutcome> = {}): DeviceOutcome =>
      ({ uuid, station, result, detail: undefined, flashId: undefined, recorded: undefined, error: undefined, ...more, ms: Math.round(performance.now() - startedAt) });
    if (again ? this.#doneAgain.has(uuid) : flashedAt !== undefined) {
      return { outcome: outcome('already_flashed'), again: false, fault: undefined };
    }
    let begun;
    try {
      await flasher.requirePort(station.port);
      onStep(station, 'waiting for the registry', uuid);
      begun = await this.#patiently(() => flashing.begin(uuid, { station: station.name, operator, again }));
    } catch (error) {
      if (error instanceof FlashFailure) {
        return { outcome: outcome(error.result, { detail: error.message }), again: true, fault: 'board' };
      }
      if (!(error instanceof LatchkeyError)) {
        throw error;
      }
      if (error.code === 'device_flashed') {
        return { outcome: outcome('already_flashed', { detail: error.message }), again: false, fault: undefined };
      }
      // What is refused to all is not the device's fault.
      return isAway(error) || ['unauthorized', 'forbidden'].includes(error.code)
        ? { outcome: undefined, again: true, fault: 'registry', error }
        : { outcome: outcome('refused', { detail: error.message, error }), again: false, fault: undefined };
    }
    const { flash, resumed } = begun;
    const end = await this.#endOf(() =>
      flashBoard({
        flasher,
        port: station.port,
        offsets: station.offsets,
        uuid,
        parts,
        uuidIn,
        lookFirst: resumed,
        signal: this.#signal,
        onStep: (step, percent) => onStep(station, step, uuid, percent),
      }));
    onStep(station, 'recording', uuid);
    const error = await this.#record(flash, end);
    const known = { flashId: flash.id, detail: end.detail };
    if (error === undefined) {
      const isFlashed = end.result === 'ok';
      return { outcome: outcome(end.result, { ...known, recorded: true }), again: !isFlashed, fault: isFlashed ? undefined : 'board' };
    }
    // The registry's word counts: what it does not know as flashed is not.
    return error.code === 'device_being_flashed'
      ? { outcome: outcome('abandoned', { ...known, detail: error.message, recorded: true }), again: false, fault: 'board' }
      : { outcome: outcome(end.result, { ...known, recorded: false, error }), again: false, fault: 'registry', error };
  }

  async #endOf(work: () => Promise<void>): Promise<FlashEnd> {
    try {
      await work();
      return { result: 'ok' };
    } catch (error) {
      if (error instanceof FlashFailure) {
        return { result: error.result, detail: error.message };
      }
      throw error;
    }
  }

  /** Undefined once it is recorded. */
  async #record({ uuid, id }: Flash, end: FlashEnd): Promise<LatchkeyError | undefined> {
    try {
      await this.#patiently(() => this.#run.flashing.end(uuid, id, end));
      return undefined;
    } catch (error) {
      if (error instanceof LatchkeyError) {
        return error;
      }
      throw error;
    }
  }

  /** Tries again while the registry is away, and not for long. */
  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    for (let tried = 0; ; tried += 1) {
      try {
        return await work();
      } catch (error) {
        const ms = pausesMs[tried];
        if (ms === undefined || !(error instanceof LatchkeyError) || !isAway(error) || this.#signal.aborted) {
          throw error;
        }
        await this.#run.pause(ms, this.#signal);
      }
    }
  }

  #count(outcome: DeviceOutcome): void {
    const { uuid, result, recorded } = outcome;
    if (result === 'already_flashed') {
      this.#alreadyFlashed += 1;
    } else if (result === 'refused') {
      this.#refused += 1;
      this.#refusal ??= outcome.error;
    } else if (recorded === false && result === 'ok') {
      this.#unrecorded.push(outcome);
    } else if (result === 'ok') {
      this.#flashed += 1;
      if (this.#run.again) {
        this.#doneAgain.add(uuid);
      }
      this.#failed.delete(uuid);
    } else {
      this.#failed.set(uuid, outcome);
    }
  }
}

/** It may be there again in a while. */
function isAway({ code }: LatchkeyError): boolean {
  return ([6, 8, 11] as readonly number[]).includes(errorTable[code].exit);
}
