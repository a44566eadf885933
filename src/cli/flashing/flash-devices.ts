import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseDescription } from '../../domain/device.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { readKeyPartition } from '../../formats/nvs/encryption.ts';
import type { UuidIn } from '../../roles/flashing/board.ts';
import type { DeviceToFlash, StationsSummary } from '../../roles/flashing/stations.ts';
import type { RoleFlags } from '../destination.ts';
import { openImages, readKeys, type ImageFlags } from '../images/device-image.ts';
import { readIdentities } from '../identity-source.ts';
import { nextBoards } from './next-board.ts';
import { factoryWhenNeeded, openFlashing, type Opening } from '../open-role.ts';
import { ensureFolder, paths } from '../paths.ts';
import { flashOutcomeToWire, type FlashOutcomeWire } from '../present/flash-outcomes.ts';
import { problemOf, readBack } from '../images/read-back.ts';
import type { Reject } from '../rejects-file.ts';
import { StationLines } from './station-lines.ts';
import { stationsOf, type StationFlags } from './stations-file.ts';

export interface FlashFlags extends RoleFlags, StationFlags, ImageFlags {
  readonly uuid?: readonly string[] | undefined;
  readonly from?: string | undefined;
  readonly operator?: string | undefined;
  readonly tool?: string | undefined;
  readonly 'step-timeout': number;
  readonly retries?: number | undefined;
  readonly again: boolean;
}

export interface Flashing extends Opening {
  readonly signal: AbortSignal;
  /** Neither lines nor notes. */
  readonly silent: boolean;
  readonly stream: (outcome: FlashOutcomeWire) => Promise<void>;
  readonly caution: (text: string) => Promise<void>;
}

/** Five of them, looking first and with a key partition, are less than the 15 minutes of a claim. */
const mostStepMs = 120_000;

/**
 * Flashes what the flags name and tells each outcome as it comes. It ends with the command: a step that runs is ended,
 * and what was claimed is given back. Errors: those of what it opens; `flash_failed` or why it was refused if there was
 * one device; `partly_done` if some of several are flashed or some were not come to.
 */
export async function flashDevices(flags: FlashFlags, flashing: Flashing): Promise<void> {
  const { closing, sources, signal, silent, stream, caution } = flashing;
  const stations = stationsOf(flags, flags.encrypt && flags['encryption-keys'] === undefined ? ['nvs', 'keys'] : ['nvs']);
  const operator = parseDescription(flags.operator ?? userName(), 'name of an operator');
  const stepMs = flags['step-timeout'];
  if (stepMs > mostStepMs) {
    throw new LatchkeyError('invalid_input', '--step-timeout: at most 2m, or a station might outlast its claim on a device.');
  }
  const [{ openEsptool }, { flashAtStations }] = await Promise.all([import('../../flasher/esptool.ts'), import('../../roles/flashing/stations.ts')]);
  const folder = await workFolder(closing);
  const flasher = await openEsptool({ tool: flags.tool, folder, stepMs }, signal);
  const role = await openFlashing(flags, flashing);
  const lines = closing.use(new StationLines(stations, { silent }));
  const asks = sources.interactive === true;
  const reading = new AbortController();
  const rejects: Rejects = { count: 0, first: undefined };
  const running = flashAtStations({
    stations,
    devices: devicesToFlash(flags, flashing, AbortSignal.any([signal, reading.signal]), async (reject) => {
      rejects.count += 1;
      rejects.first ??= reject;
      await lines.around(() => caution(reject.reason));
    }),
    flashing: role,
    flasher,
    uuidIn: uuidReader(flags),
    operator,
    again: flags.again,
    retries: flags.retries ?? (asks ? Infinity : 0),
    nextBoard: asks ? nextBoards(lines) : undefined,
    onStep: (station, step, uuid, percent) => lines.step(station, step, uuid, percent),
    onOutcome: async (outcome) => {
      lines.ended(outcome);
      await lines.around(() => stream(flashOutcomeToWire(outcome)));
    },
    onStopped: async (station, error) => {
      if (stations.length === 1) {
        // The command ends with it and says so.
        return;
      }
      const why = error === undefined ? 'it failed too often in a row' : error.message.replace(/\.$/, '');
      await lines.around(() => caution(`Station ${station.name} goes on no more: ${why}.`));
    },
    pause: async (ms, ending) => {
      await lines.around(() => caution(`The registry cannot be reached; trying again in ${ms / 1000} s.`));
      await sleep(ms, undefined, { signal: ending }).catch(() => {});
    },
    signal,
  });
  // An interrupted command ends when this has, or has taken too long.
  closing.defer(() => running.then(() => {}, () => {}));
  const summary = await running.finally(() => reading.abort());
  lines[Symbol.dispose]();
  const failure = failureOf(summary, rejects);
  if (failure !== undefined) {
    throw failure;
  }
}

interface Rejects {
  count: number;
  first: Reject | undefined;
}

/** Few at a time: each has its image with it. */
const atOnce = 8;

async function* devicesToFlash(
  flags: FlashFlags,
  opening: Opening,
  signal: AbortSignal,
  onReject: (reject: Reject) => Promise<void>,
): AsyncGenerator<readonly DeviceToFlash[]> {
  const { uuid, from } = flags;
  const images = openImages(flags, { wanted: from === undefined ? uuid : undefined, signal });
  let devices: DeviceToFlash[] = [];
  for await (const found of readIdentities({ uuid, from, factory: factoryWhenNeeded(flags, opening), secrets: true, lookUp: true, signal })) {
    for await (const image of images.of(found)) {
      if ('reason' in image) {
        await onReject(image);
        continue;
      }
      const { identity, files: [nvs, keys] } = image;
      // The next image is made in the place of this one.
      const parts = [{ name: 'nvs', bytes: new Uint8Array(nvs.bytes) }, ...(keys === undefined ? [] : [{ name: 'keys', bytes: keys.bytes }])];
      devices.push({ uuid: identity.uuid, flashedAt: identity.flashedAt, parts });
      if (devices.length === atOnce) {
        yield devices;
        devices = [];
      }
    }
    // What was read is not held back until there is more.
    yield devices;
    devices = [];
  }
}

function uuidReader(flags: FlashFlags): UuidIn {
  const shared = flags['encryption-keys'] === undefined ? undefined : readKeys(flags['encryption-keys'], '--encryption-keys');
  return (parts) => {
    const bytesOf = (name: string) => parts.find((part) => part.name === name)?.bytes;
    const keys = bytesOf('keys');
    const read = readBack(bytesOf('nvs')!, flags, keys === undefined ? shared : readKeyPartition(keys));
    const problem = problemOf(read, flags);
    if (problem !== undefined) {
      throw problem;
    }
    return read.uuid!;
  };
}

/** A user of a container need not have a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env['USER'] || String(process.getuid?.() ?? 'unknown');
  }
}

/** For the files that are handed to the tool, which hold secrets; what a run that was killed left is removed. */
async function workFolder(closing: AsyncDisposableStack): Promise<string> {
  const parent = ensureFolder(join(paths().state, 'flashing'));
  for (const name of await readdir(parent)) {
    const pid = Number(/^(\d+)-/.exec(name)?.[1]);
    if (pid > 0 && !isRunning(pid)) {
      await rm(join(parent, name), { recursive: true, force: true });
    }
  }
  const folder = await mkdtemp(join(parent, `${process.pid}-`));
  closing.defer(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const runAgain = 'Run the same again: what is flashed is passed over, and no identity is used up.';

function failureOf(summary: StationsSummary, rejects: Rejects): LatchkeyError | undefined {
  const { flashed, alreadyFlashed, failed, unrecorded, stopped, left } = summary;
  const refused = summary.refused + rejects.count;
  const notFlashed = refused + failed.length + unrecorded.length;
  const away = stopped.find(({ error }) => error !== undefined)?.error;
  if (notFlashed === 0 && !left) {
    return undefined;
  }
  if (flashed + alreadyFlashed === 0 && notFlashed + (left ? 1 : 0) === 1) {
    return failureOfOne(summary, rejects) ?? away;
  }
  const parts = [
    `${flashed} flashed`,
    failed.length > 0 ? `${failed.length} failed (${some(failed)})` : undefined,
    unrecorded.length > 0 ? `${unrecorded.length} flashed but not recorded (${some(unrecorded)})` : undefined,
    refused > 0 ? `${refused} refused` : undefined,
    left ? 'others not come to' : undefined,
  ].filter((part) => part !== undefined);
  const hint = unrecorded.length > 0 ? `Leave the boards of what was not recorded where they are. ${runAgain}` : runAgain;
  return new LatchkeyError('partly_done', `${parts.join(', ')}${away === undefined ? '' : `: ${away.message.replace(/\.$/, '')}`}.`, { hint });
}

/** What the one device that there was came to; undefined if it was not begun with. */
function failureOfOne({ failed: [failure], unrecorded: [lost], refusal }: StationsSummary, { first }: Rejects): LatchkeyError | undefined {
  if (lost !== undefined) {
    return new LatchkeyError(lost.error!.code, `Device ${lost.uuid} is flashed, and the registry does not know: ${lost.error!.message}`, {
      hint: `Leave the board where it is. ${runAgain}`,
    });
  }
  if (failure !== undefined) {
    return new LatchkeyError('flash_failed', `Device ${failure.uuid} was not flashed (${failure.result.replaceAll('_', ' ')}): ${failure.detail}`);
  }
  return first === undefined ? refusal : new LatchkeyError(first.code, first.reason);
}

function some(outcomes: readonly { readonly uuid: string }[]): string {
  const few = outcomes.slice(0, 5).map(({ uuid }) => uuid).join(', ');
  return outcomes.length > 5 ? `${few} …` : few;
}
