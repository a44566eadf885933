import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../domain/clock.ts';
import { LatchkeyError, type ErrorCode } from '../../domain/errors.ts';
import { isServerAway } from '../../domain/server-away.ts';
import type { BulkException, FactoryRole, NewIdentity } from '../../roles/factory/ports.ts';
import { withLock } from '../../secrets/lock.ts';
import { UuidSet } from '../../storage/uuid-set.ts';
import { readInput } from '../input-file.ts';
import { LineFile } from '../line-file.ts';
import type { Progress } from '../progress.ts';
import { isReject, rejectedRow, rejectLine, RejectsFile, type Reject } from '../rejects-file.ts';
import { draftsAhead, type DraftingOrder } from './drafting-thread.ts';
import type { Draft, DraftIdentity } from './drafts.ts';
import { identityLine } from './identity-lines.ts';
import type { RunPlan, RunState } from './journal.ts';
import { journalOf, planOf, RunFiles, type BulkRequest } from './run-files.ts';

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
  const { rejects } = request;
  if (request.out !== undefined && request.out !== '-' && existsSync(journalOf(request.out))) {
    // Its rejects are not to be replaced.
    throw new LatchkeyError('run_unfinished', `${journalOf(request.out)} is of a run that was begun.`);
  }
  using rejectsFile = new RejectsFile(rejects);
  await using seen = await UuidSet.open();
  const plan = planOf(request, tools.random);
  const input = inputOf(request, tools);
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
    tools.progress.set(doneOf(outcome));
  }
  return outcome;
}

class Run {
  readonly #request: BulkRequest;
  readonly #files: RunFiles;
  readonly #tools: BulkTools;

  constructor(request: BulkRequest, files: RunFiles, tools: BulkTools) {
    this.#request = request;
    this.#files = files;
    this.#tools = tools;
  }

  async complete(): Promise<void> {
    const files = this.#files;
    if (files.state.position > 0) {
      await this.#confirm(files.state);
      this.#tools.progress.begin(doneOf(files.state));
    }
    for await (const chunk of chunksOf(this.#drafts(), files.reserving)) {
      this.#tools.signal.throwIfAborted();
      await this.#take(chunk);
    }
    files.finish();
  }

  #drafts(): AsyncGenerator<readonly Draft[]> {
    const { plan, state } = this.#files;
    const { sealingKey, signal } = this.#tools;
    return draftsAhead(inputOf(this.#request, this.#tools), orderOf(this.#request, plan, state.position, sealingKey), signal);
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
    this.#tools.progress.set(doneOf(files.state));
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
        if (!isServerAway(error) || signal.aborted || performance.now() > endsAt) {
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

function doneOf({ registered, known, rejected }: Pick<BulkOutcome, 'registered' | 'known' | 'rejected'>): number {
  return registered + known + rejected;
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

function inputOf({ source }: BulkRequest, { signal, progress }: BulkTools): AsyncGenerator<Uint8Array> | undefined {
  return 'count' in source ? undefined : readInput(source.from, '--from', { signal, taken: (share) => progress.taken(share) });
}

function orderOf({ source, defaults, allowWeak, out }: BulkRequest, { seed }: RunPlan, position: number, sealingKey: Uint8Array | undefined): DraftingOrder {
  const count = 'count' in source ? source.count : undefined;
  return { count, position, seed, defaults, allowWeak, makes: out !== undefined, sealingKey };
}

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
  /** What goes into the output, made as it is asked for. */
  readonly written: Iterable<string>;
  readonly known: number;
  /** Of the known ones those that nobody has registered yet. */
  readonly unconfirmed: readonly string[];
  readonly refused: readonly Reject[];
}

type ToLine = (identity: NewIdentity, passTmp: string) => string;

/** `toLine`: how an identity is written, if it is. */
function settle(identities: readonly DraftIdentity[], exceptions: readonly BulkException[], toLine: ToLine | undefined): Settled {
  const byIndex = new Map(exceptions.map((exception) => [exception.index, exception]));
  const refused: Reject[] = [];
  const unconfirmed: string[] = [];
  let known = 0;
  for (const exception of exceptions) {
    const identity = identities[exception.index]!;
    if (exception.kind === 'refused') {
      refused.push(rejectOf(identity, exception.code, exception.reason));
    } else if (exception.kind === 'known') {
      known += 1;
      if (!exception.registered) unconfirmed.push(identity.uuid);
    }
  }
  return { written: toLine === undefined ? [] : linesOf(identities, byIndex, toLine), known, unconfirmed, refused };
}

function* linesOf(identities: readonly DraftIdentity[], exceptions: ReadonlyMap<number, BulkException>, toLine: ToLine): Generator<string> {
  for (const [index, identity] of identities.entries()) {
    const exception = exceptions.get(index);
    if (exception?.kind !== 'refused') {
      yield toLine(identity, exception?.kind === 'resumed' && identity.made ? exception.passTmp : identity.passTmp);
    }
  }
}
