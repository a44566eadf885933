import { readFileSync, rmSync } from 'node:fs';
import { LatchkeyError } from '../../domain/errors.ts';
import { LineFile } from '../line-file.ts';

/** What a run was begun with; it goes on with the same alone. */
export interface RunPlan {
  /** Names the run in the registry: 53 random bits. */
  readonly run: number;
  /** What uuids are made from, 16 random bytes in base64url; no secret, for uuids are none. */
  readonly seed: string;
  /** Everything that decides what comes out. */
  readonly request: Readonly<Record<string, string | number | boolean | undefined>>;
}

/** How far a run has come. */
export interface RunState {
  /** Lines of the input that are done with, or devices made. */
  readonly position: number;
  readonly outBytes: number;
  readonly rejectBytes: number;
  readonly registered: number;
  readonly known: number;
  readonly rejected: number;
  /** Devices of the last chunk that another run had reserved, and that are to be registered with it. */
  readonly unconfirmed: readonly string[];
}

const counts = { position: 0, outBytes: 0, rejectBytes: 0, registered: 0, known: 0, rejected: 0 };
export const atStart: RunState = { ...counts, unconfirmed: [] };

type Line =
  | { readonly plan: RunPlan }
  /** A chunk is about to be reserved, up to this position. */
  | { readonly reserving: number }
  /** What was reserved is written out, and can be registered. */
  | { readonly written: RunState }
  | { readonly done: true };

/**
 * The journal of a run, beside its output: each line is on the disk before what it announces is done, and a torn last
 * line counts as not written. It holds no secret.
 */
export class RunJournal implements Disposable {
  readonly plan: RunPlan;
  readonly state: RunState;
  /** The position up to which the chunk behind `state` may have been reserved. */
  readonly reserving: number | undefined;
  readonly done: boolean;
  readonly #file: LineFile;

  private constructor(file: LineFile, lines: readonly Line[], plan: RunPlan) {
    this.#file = file;
    this.plan = plan;
    const written = lines.findLastIndex((line) => 'written' in line);
    const last = lines[written];
    this.state = last !== undefined && 'written' in last ? last.written : atStart;
    this.reserving = lines.slice(written + 1).flatMap((line) => ('reserving' in line ? [line.reserving] : [])).at(-1);
    this.done = lines.some((line) => 'done' in line);
  }

  /** Errors: `file_exists` if there is a journal: its run is not finished, or was that of another output. */
  static begin(path: string, plan: RunPlan): RunJournal {
    const journal = new RunJournal(LineFile.create(path, '--out'), [], plan);
    journal.#add({ plan });
    return journal;
  }

  /** That of a run that was interrupted, or is done; undefined if there is none. Errors: `invalid_input` if it is none of ours. */
  static reopen(path: string): RunJournal | undefined {
    const text = readIfThere(path);
    if (text === undefined) {
      return undefined;
    }
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    if (whole === '' && `${text}{"plan":`.startsWith('{"plan":')) {
      // Nothing was begun before the plan was written.
      rmSync(path);
      return undefined;
    }
    const lines = whole.split('\n').slice(0, -1).map(parseLine);
    const [first] = lines;
    if (first === undefined || !('plan' in first)) {
      throw new LatchkeyError('invalid_input', `${path} is not the journal of a run.`, { hint: 'Move it away, or name another --out.' });
    }
    return new RunJournal(LineFile.reopen(path, '--out', Buffer.byteLength(whole)), lines, first.plan);
  }

  reserve(upTo: number): void {
    this.#add({ reserving: upTo });
  }

  wrote(state: RunState): void {
    this.#add({ written: state });
  }

  finish(): void {
    this.#add({ done: true });
  }

  #add(line: Line): void {
    this.#file.append(`${JSON.stringify(line)}\n`);
    this.#file.sync();
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

function parseLine(text: string): Line {
  try {
    const line: unknown = JSON.parse(text);
    if (isObject(line) && (isPlan(line['plan']) || isCount(line['reserving']) || isState(line['written']) || line['done'] === true)) {
      return line as Line;
    }
  } catch {
    // As any other line that is none of ours.
  }
  throw new LatchkeyError('invalid_input', 'The journal of the run is damaged.', { hint: 'See what the registry has of it before you begin anew with another --out.' });
}

function isPlan(value: unknown): boolean {
  return isObject(value) && isCount(value['run']) && /^[\w-]{22}$/.test(String(value['seed'])) && isObject(value['request']);
}

/** What it lacks would cut files off. */
function isState(value: unknown): boolean {
  return isObject(value) && Object.keys(counts).every((name) => isCount(value[name])) && Array.isArray(value['unconfirmed']);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      return undefined;
    }
    throw new LatchkeyError('invalid_input', `${path} cannot be read (${code}).`, { cause: error });
  }
}
