import { Buffer } from 'node:buffer';
import { existsSync, fdatasyncSync, rmSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../domain/clock.ts';
import { LatchkeyError, type ErrorCode } from '../../domain/errors.ts';
import type { BulkException, FactoryRole, NewIdentity } from '../../roles/factory/ports.ts';
import { withLock } from '../../secrets/lock.ts';
import { UuidSet } from '../../storage/uuid-set.ts';
import { readInput } from '../input-file.ts';
import { LineFile } from '../line-file.ts';
import { write } from '../output.ts';
import type { Progress } from '../progress.ts';
import { isReject, rejectedRow, rejectLine, RejectsFile, type Reject } from '../rejects-file.ts';
import { draftsAhead, type DraftingOrder } from './drafting-thread.ts';
import type { Completion, Draft, DraftIdentity } from './drafts.ts';
import { identityHeader, identityLine, type IdentityFormat } from './identity-lines.ts';
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

/** What came of it, in numbers of devices or rows. */
export interface BulkOutcome {
  readonly run: number;
  readonly registered: number;
  /** The registry had them just so. */
  readonly known: number;
  readonly rejected: number;
}

export interface BulkTools {
  readonly factory: FactoryRole;
  /** The newest key of a registry on this machine. */
  readonly sealingKey: Uint8Array | undefined;
  readonly random: Random;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly caution: (text: string) => Promise<void>;
}

/** Devices that are reserved, written and registered together. */
const chunkSize = 15_000;
/** How long a registry that is away is waited for. */
const patienceMs = 300_000;

/**
 * Registers many, chunk by chunk: reserve, write out, register. Whenever it ends, it can be taken up again: the journal
 * beside the output says how far it has come, and the registry has the pass_tmps of what is reserved.
 * Errors: those of reading, writing and of the registry; `file_exists`; `run_unfinished` if the output has a run that is
 * not resumed, `run_busy`; `device_conflict` if the registry is not the one that it was begun at.
 */
export async function registerMany(request: BulkRequest, tools: BulkTools): Promise<BulkOutcome> {
  const { out, rejects } = request;
  for (const [flag, path] of [['--out', out], ['--rejects', rejects]] as const) {
    if (path !== undefined && path !== '-') LineFile.requireFolder(path, flag);
  }
  return out === undefined || out === '-'
    ? runAlone(request, tools)
    : withLock(`${journalOf(out)}.lock`, () => runAlone(request, tools), { patienceMs: 0, refusal: () => new LatchkeyError('run_busy') });
}

async function runAlone(request: BulkRequest, tools: BulkTools): Promise<BulkOutcome> {
  using files = RunFiles.open(request, tools.random);
  const { plan, done } = files;
  if (!done) {
    await new Run(request, files, tools).complete();
  }
  const { registered, known, rejected } = files.state;
  return { run: plan.run, registered, known, rejected };
}

/** Finds what `registerMany` would reject; nothing is changed. */
export async function checkMany(request: BulkRequest, tools: BulkTools): Promise<BulkOutcome> {
  const { source, rejects } = request;
  if (request.out !== undefined && request.out !== '-' && existsSync(journalOf(request.out))) {
    // Its rejects are not to be replaced.
    throw new LatchkeyError('run_unfinished', `${journalOf(request.out)} is of a run that was begun.`);
  }
  using rejectsFile = new RejectsFile(rejects);
  await using seen = await UuidSet.open();
  const plan = planOf(request, tools.random);
  const input = 'count' in source ? undefined : readInput(source.from, '--from', tools.signal);
  const drafts = draftsAhead(input, orderOf(request, plan, 0, undefined), tools.signal);
  const outcome = { run: plan.run, registered: 0, known: 0, rejected: 0 };
  for await (const chunk of chunksOf(drafts, undefined)) {
    tools.signal.throwIfAborted();
    const { identities, rejects: bad } = separated(chunk);
    const before = seen.add(identities);
    const fresh = identities.filter(({ uuid }) => !before.has(uuid));
    const again = identities.flatMap((identity) => {
      const first = before.get(identity.uuid);
      return first === undefined ? [] : [twice(identity, first)];
    });
    const { known, refused } = settle(fresh, await inParts(fresh, tools.factory.mostAtOnce, (part) => tools.factory.checkChunk(part)), undefined);
    const all = [...bad, ...again, ...refused].sort((a, b) => a.line - b.line);
    rejectsFile.add(...all);
    outcome.registered += fresh.length - known - refused.length;
    outcome.known += known;
    outcome.rejected += all.length;
    tools.progress.set(outcome.registered + outcome.known + outcome.rejected);
  }
  return outcome;
}

class Run {
  readonly #request: BulkRequest;
  readonly #files: RunFiles;
  readonly #tools: BulkTools;
  #share = 0;

  constructor(request: BulkRequest, files: RunFiles, tools: BulkTools) {
    this.#request = request;
    this.#files = files;
    this.#tools = tools;
  }

  async complete(): Promise<void> {
    const files = this.#files;
    if (files.state.position > 0) {
      await this.#confirm(files.state);
    }
    for await (const chunk of chunksOf(this.#drafts(), files.reserving)) {
      this.#tools.signal.throwIfAborted();
      await this.#take(chunk);
    }
    files.finish();
  }

  #drafts(): AsyncGenerator<readonly Draft[]> {
    const { source } = this.#request;
    const { plan, state } = this.#files;
    const { sealingKey, signal } = this.#tools;
    const input = 'count' in source ? undefined : this.#watched(source.from);
    return draftsAhead(input, orderOf(this.#request, plan, state.position, sealingKey), signal);
  }

  /** The input, while it is noted how much of it was read. */
  async *#watched(path: string): AsyncGenerator<Uint8Array> {
    const size = (path === '-' ? 0 : fileSize(path)) ?? 0;
    let read = 0;
    for await (const piece of readInput(path, '--from', this.#tools.signal)) {
      yield piece;
      read += piece.length;
      this.#share = size > 0 ? read / size : 0;
    }
  }

  async #take(chunk: readonly Draft[]): Promise<void> {
    const files = this.#files;
    const { factory } = this.#tools;
    const position = chunk.at(-1)!.line;
    files.reserve(position);
    const { identities, rejects } = separated(chunk);
    const place = { run: files.plan.run, number: position };
    const exceptions = await inParts(identities, factory.mostAtOnce, (part) => this.#patiently(() => factory.reserveChunk(place, part)));
    const { out, format } = this.#request;
    const { written, known, unconfirmed, refused } = settle(identities, exceptions, out === undefined ? undefined : identityLine[format]);
    const rejected = [...rejects, ...refused].sort((a, b) => a.line - b.line);
    await files.append(written, rejected.map(rejectLine));
    files.wrote({ position, registered: identities.length - known - refused.length, known, rejected: rejected.length, unconfirmed });
    await this.#confirm(files.state);
    this.#tools.progress.set(files.state.registered + files.state.known + files.state.rejected, this.#share);
  }

  async #confirm({ position, registered, unconfirmed }: RunState): Promise<void> {
    const { plan } = this.#files;
    const { factory } = this.#tools;
    const confirmed = await this.#patiently(() => factory.confirmChunks({ run: plan.run, number: position }));
    // More may be: those that were revoked since they were reserved are not written out.
    if (confirmed < registered) {
      throw new LatchkeyError('device_conflict', `The registry has ${confirmed} devices of this run, and ${registered} were written out.`, {
        hint: 'Resume it at the registry that it was begun at: check --server, the profile, and LATCHKEY_DATABASE.',
      });
    }
    for (const uuid of unconfirmed) {
      await this.#patiently(() => factory.confirm(uuid)).catch(unlessRevoked);
    }
  }

  /** Again and again while the registry is away: the same once more gives the same. */
  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    const { signal, caution } = this.#tools;
    const endsAt = performance.now() + patienceMs;
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof LatchkeyError) || !passing.has(error.code) || signal.aborted || performance.now() > endsAt) {
          throw error;
        }
        if (attempt === 0) {
          await caution(`${error.message} Waiting for it.`);
        }
      }
      await sleep(Math.min(10_000, 250 * 2 ** attempt), undefined, { signal });
    }
  }
}

function unlessRevoked(error: unknown): void {
  if (!(error instanceof LatchkeyError && error.code === 'device_revoked')) throw error;
}

/** As many as the registry takes at a time, one part after the other; places are those among all. */
async function inParts<T>(all: readonly T[], most: number, send: (part: readonly T[]) => Promise<readonly BulkException[]>): Promise<readonly BulkException[]> {
  const exceptions: BulkException[] = [];
  for (let from = 0; from < all.length; from += most) {
    for (const exception of await send(all.slice(from, from + most))) exceptions.push({ ...exception, index: exception.index + from });
  }
  return exceptions;
}

function orderOf({ source, defaults, allowWeak, out }: BulkRequest, { seed }: RunPlan, position: number, sealingKey: Uint8Array | undefined): DraftingOrder {
  const count = 'count' in source ? source.count : undefined;
  return { count, position, seed, defaults, allowWeak, makes: out !== undefined, sealingKey };
}

/** What passes by itself. */
const passing: ReadonlySet<ErrorCode> = new Set(['remote_unreachable', 'server_unavailable', 'timed_out', 'rate_limited', 'storage_locked']);

/** `until`: where the first chunk ends, if it may have been reserved before. */
async function* chunksOf(drafts: AsyncGenerator<readonly Draft[]>, until: number | undefined): AsyncGenerator<readonly Draft[]> {
  let chunk: Draft[] = [];
  let end = until;
  for await (const piece of drafts) {
    for (const draft of piece) {
      if (end === undefined ? chunk.length === chunkSize : draft.line > end && chunk.length > 0) {
        yield chunk;
        chunk = [];
        end = undefined;
      }
      chunk.push(draft);
    }
  }
  if (chunk.length > 0) {
    yield chunk;
  }
}

interface Separated {
  /** To be registered, each uuid once. */
  readonly identities: readonly DraftIdentity[];
  readonly rejects: readonly Reject[];
}

function separated(chunk: readonly Draft[]): Separated {
  const lines = new Map<string, number>();
  const identities: DraftIdentity[] = [];
  const rejects: Reject[] = [];
  for (const draft of chunk) {
    const first = isReject(draft) ? undefined : lines.get(draft.uuid);
    if (isReject(draft)) {
      rejects.push(draft);
    } else if (first === undefined) {
      lines.set(draft.uuid, draft.line);
      identities.push(draft);
    } else {
      rejects.push(twice(draft, first));
    }
  }
  return { identities, rejects };
}

function twice(identity: DraftIdentity, first: number): Reject {
  return rejectOf(identity, 'device_conflict', `Device ${identity.uuid} is in line ${first} already.`);
}

function rejectOf({ line, uuid, ssid, model, batch, label, mac }: DraftIdentity, code: ErrorCode, reason: string): Reject {
  return { line, code, reason, row: rejectedRow({ uuid, ssid, model, batch, label, mac }) };
}

interface Settled {
  readonly written: readonly string[];
  readonly known: number;
  /** Of the known ones those that nobody has registered yet. */
  readonly unconfirmed: readonly string[];
  readonly refused: readonly Reject[];
}

/** `toLine`: how an identity is written, if it is. */
function settle(
  identities: readonly DraftIdentity[],
  exceptions: readonly BulkException[],
  toLine: ((identity: NewIdentity, passTmp: string) => string) | undefined,
): Settled {
  const byIndex = new Map(exceptions.map((exception) => [exception.index, exception]));
  const written: string[] = [];
  const refused: Reject[] = [];
  const unconfirmed: string[] = [];
  let known = 0;
  identities.forEach((identity, index) => {
    const exception = byIndex.get(index);
    if (exception?.kind === 'refused') {
      refused.push(rejectOf(identity, exception.code, exception.reason));
      return;
    }
    if (exception?.kind === 'known') {
      known += 1;
      if (!exception.registered) unconfirmed.push(identity.uuid);
    }
    if (toLine !== undefined) {
      written.push(toLine(identity, exception?.kind === 'resumed' && identity.made ? exception.passTmp : identity.passTmp));
    }
  });
  return { written, known, unconfirmed, refused };
}

type Added = Omit<RunState, 'outBytes' | 'rejectBytes'>;

/** The output, the rejects and the journal of a run. */
class RunFiles implements Disposable {
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

  /** Returns when all of it is on the disk. */
  async append(lines: readonly string[], rejects: readonly string[]): Promise<void> {
    if (this.#out === '-') {
      await write(process.stdout, (this.state === atStart ? identityHeader[this.#format] : '') + lines.join(''));
      syncStandardOutput();
    } else {
      this.#out?.append(lines.join(''));
      this.#out?.sync();
    }
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

function planOf({ source, defaults, allowWeak, format, rejects }: BulkRequest, random: Random): RunPlan {
  const input = 'count' in source ? { count: source.count } : { from: source.from, bytes: source.from === '-' ? undefined : fileSize(source.from) };
  return {
    run: Number(Buffer.from(random.bytes(8)).readBigUInt64BE() >> 11n),
    seed: Buffer.from(random.bytes(16)).toString('base64url'),
    request: { ...input, ...defaults, allow_weak: allowWeak, format, rejects },
  };
}

/** Undefined if it cannot be told; whoever opens the file says why. */
function fileSize(path: string): number | undefined {
  try {
    return statSync(path).size;
  } catch {
    return undefined;
  }
}
