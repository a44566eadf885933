import { Buffer } from 'node:buffer';
import { existsSync, fdatasyncSync, rmSync } from 'node:fs';
import type { Random } from '../../domain/clock.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { fileSize } from '../input-file.ts';
import { LineFile } from '../line-file.ts';
import { write } from '../output.ts';
import type { Completion } from './drafts.ts';
import { identityHeader, type IdentityFormat } from './identity-lines.ts';
import { atStart, RunJournal, type RunPlan, type RunState } from './journal.ts';

/** What `device register` does with many. */
export interface BulkRequest {
  readonly source: { readonly count: number } | { readonly from: string };
  readonly defaults: Completion['defaults'];
  readonly allowWeak: boolean;
  /** `-` is standard output; undefined if all that would be written is in the input already. */
  readonly out: string | undefined;
  readonly format: IdentityFormat;
  readonly rejects: string | undefined;
  readonly resume: boolean;
}

type Added = Omit<RunState, 'outBytes' | 'rejectBytes'>;

/** The output, the rejects and the journal of a run. */
export class RunFiles implements Disposable {
  readonly plan: RunPlan;
  state: RunState;
  readonly #format: IdentityFormat;
  readonly #out: LineFile | '-' | undefined;
  readonly #rejects: LineFile | undefined;
  readonly #journal: RunJournal | undefined;

  private constructor(format: IdentityFormat, plan: RunPlan, state: RunState, out: LineFile | '-' | undefined, rejects: LineFile | undefined, journal?: RunJournal) {
    this.#format = format;
    this.plan = plan;
    this.state = state;
    this.#out = out;
    this.#rejects = rejects;
    this.#journal = journal;
  }

  static open(request: BulkRequest, random: Random): RunFiles {
    const { out, rejects, resume } = request;
    const plan = planOf(request, random);
    if (out === undefined || out === '-') {
      return new RunFiles(request.format, plan, atStart, out, openRejects(rejects));
    }
    const path = journalOf(out);
    const journal = RunJournal.reopen(path);
    if (journal === undefined) {
      if (existsSync(out)) {
        throw new LatchkeyError('file_exists', `--out: ${out} is there already.`);
      }
      return RunFiles.#begun(RunJournal.begin(path, plan), out, request);
    }
    if (!resume) {
      throw new LatchkeyError('run_unfinished', journal.done ? `${path} is of a run that is done.` : `${path} is of a run that is not finished.`, journal.done ? { hint: 'Name another --out.' } : {});
    }
    return RunFiles.#resumed(journal, plan, out, request);
  }

  static #resumed(journal: RunJournal, { request: wanted }: RunPlan, out: string, request: BulkRequest): RunFiles {
    const { rejects } = request;
    const { plan, done } = journal;
    const differing = [...new Set([...Object.keys(plan.request), ...Object.keys(wanted)])].filter((name) => plan.request[name] !== wanted[name]);
    if (differing.length > 0) {
      throw new LatchkeyError('invalid_input', `The run in ${journalOf(out)} was begun with another ${differing.join(', ')}.`, { hint: 'Resume it with the same flags and the same input.' });
    }
    const { state } = journal;
    const outBytes = fileSize(out) ?? 0;
    if (done) {
      if (outBytes < state.outBytes) {
        throw new LatchkeyError('run_unfinished', `${journalOf(out)} is of a run that is done, and ${out} is not what it wrote any more.`, {
          hint: 'Name another --out, or remove the journal to begin another run.',
        });
      }
      return new RunFiles(request.format, plan, state, undefined, undefined, journal);
    }
    if (state.position === 0) {
      if (journal.reserving === undefined && outBytes > identityHeader[request.format].length) {
        throw new LatchkeyError('file_exists', `--out: ${out} is there, and the run in ${journalOf(out)} has not written it.`);
      }
      // What is there of a first chunk says nothing yet.
      rmSync(out, { force: true });
      return RunFiles.#begun(journal, out, request);
    }
    const rejectsFile = rejects === undefined ? undefined : LineFile.reopen(rejects, '--rejects', state.rejectBytes);
    return new RunFiles(request.format, plan, state, LineFile.reopen(out, '--out', state.outBytes), rejectsFile, journal);
  }

  /** The journal comes first: with it, files that are there are the run's. */
  static #begun(journal: RunJournal, out: string, { rejects, format }: BulkRequest): RunFiles {
    const file = LineFile.create(out, '--out');
    file.append(identityHeader[format]);
    return new RunFiles(format, journal.plan, atStart, file, openRejects(rejects), journal);
  }

  get done(): boolean {
    return this.#journal?.done === true;
  }

  get reserving(): number | undefined {
    return this.#journal?.reserving;
  }

  reserve(upTo: number): void {
    this.#journal?.reserve(upTo);
  }

  /** Returns when all of it is on the disk. Lines are asked for as they are written: not all are in memory. */
  async append(lines: Iterable<string>, rejects: readonly string[]): Promise<void> {
    if (this.#out === '-' && this.state === atStart) {
      await write(process.stdout, identityHeader[this.#format]);
    }
    for (const text of together(lines)) {
      if (this.#out === '-') await write(process.stdout, text);
      else this.#out?.append(text);
    }
    if (this.#out === '-') syncStandardOutput();
    else this.#out?.sync();
    this.#rejects?.append(rejects.join(''));
    this.#rejects?.sync();
  }

  /** What was appended counts. */
  wrote(added: Added): void {
    this.state = {
      position: added.position,
      outBytes: this.#out instanceof LineFile ? this.#out.size : 0,
      rejectBytes: this.#rejects?.size ?? 0,
      registered: this.state.registered + added.registered,
      known: this.state.known + added.known,
      rejected: this.state.rejected + added.rejected,
      unconfirmed: added.unconfirmed,
    };
    this.#journal?.wrote(this.state);
  }

  finish(): void {
    this.#journal?.finish();
  }

  [Symbol.dispose](): void {
    if (this.#out instanceof LineFile) this.#out[Symbol.dispose]();
    this.#rejects?.[Symbol.dispose]();
    this.#journal?.[Symbol.dispose]();
  }
}

const linesAtOnce = 1000;

function* together(lines: Iterable<string>): Generator<string> {
  let [text, count] = ['', 0];
  for (const line of lines) {
    text += line;
    count += 1;
    if (count % linesAtOnce === 0) {
      yield text;
      text = '';
    }
  }
  if (text !== '') yield text;
}

/** That of an earlier command is replaced. */
function openRejects(path: string | undefined): LineFile | undefined {
  return path === undefined ? undefined : LineFile.create(path, '--rejects', { replace: true });
}

/** If it is a file; a pipe or a terminal has nothing to be synchronised. */
function syncStandardOutput(): void {
  try {
    fdatasyncSync(process.stdout.fd);
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/** Where the journal of a run is that writes there. */
export function journalOf(out: string): string {
  return `${out}.run`;
}

export function planOf({ source, defaults, allowWeak, format, rejects }: BulkRequest, random: Random): RunPlan {
  const input = 'count' in source ? { count: source.count } : { from: source.from, bytes: source.from === '-' ? undefined : fileSize(source.from) };
  return {
    run: Number(Buffer.from(random.bytes(8)).readBigUInt64BE() >> 11n),
    seed: Buffer.from(random.bytes(16)).toString('base64url'),
    request: { ...input, ...defaults, allow_weak: allowWeak, format, rejects },
  };
}
