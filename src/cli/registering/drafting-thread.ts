import { on } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { LatchkeyError, type ErrorCode } from '../../domain/errors.ts';
import type { Completion, Draft } from './drafts.ts';
import { unpack, type PackedDrafts } from './packed-drafts.ts';

export interface DraftingOrder extends Omit<Completion, 'uuidAt' | 'random'> {
  /** How many are to be made; undefined if they come from an input. */
  readonly count: number | undefined;
  /** Lines of the input, or devices made, that are passed over. */
  readonly position: number;
  /** What uuids are made from (`uuidsFrom`). */
  readonly seed: string;
  /** The newest key of the registry, if pass_tmps are to be sealed with it: 32 bytes. */
  readonly sealingKey: Uint8Array | undefined;
}

/** What comes back from the thread. */
export type Drafted =
  | { readonly drafts: PackedDrafts }
  /** A piece of the input is done with. */
  | { readonly taken: true }
  | { readonly refused: { readonly code: ErrorCode; readonly message: string; readonly hint: string } }
  | { readonly done: true };

/** Pieces of the input that are on their way: enough for a chunk, while one is being reserved. */
const piecesAhead = 24;

/** Most of what the thread makes is handed over at once: room for more than that is only filled, not used. */
const maxYoungGenerationSizeMb = 1;

/**
 * Drafts of an input, or of those to be made, with their pass_tmps sealed: drawn up in a thread of its own while the
 * registry takes those before them, for either takes about as long. Errors: those of the input and of `readRows`.
 */
export async function* draftsAhead(input: AsyncIterable<Uint8Array> | undefined, order: DraftingOrder, signal: AbortSignal): AsyncGenerator<readonly Draft[]> {
  const worker = new Worker(new URL(`./drafting-worker${extname(import.meta.filename)}`, import.meta.url), { workerData: order, resourceLimits: { maxYoungGenerationSizeMb } });
  // From the beginning: what comes while nobody listens is lost, and the input may be slow.
  const messages = on(worker, 'message', { signal }) as AsyncIterable<[Drafted]>;
  const pieces = (input ?? turns())[Symbol.asyncIterator]();
  const feed = async () => {
    const piece = (await pieces.next()).value as Uint8Array<ArrayBuffer> | undefined;
    // Handed over, not copied, where nothing else is in its buffer.
    worker.postMessage(piece, piece !== undefined && piece.length === piece.buffer.byteLength ? [piece.buffer] : []);
  };
  try {
    for (let fed = 0; fed < piecesAhead; fed += 1) {
      await feed();
    }
    for await (const [drafted] of messages) {
      if ('drafts' in drafted) {
        yield unpack(drafted.drafts);
      } else if ('taken' in drafted) {
        await feed();
      } else if ('refused' in drafted) {
        const { code, message, hint } = drafted.refused;
        throw new LatchkeyError(code, message, { hint });
      } else {
        return;
      }
    }
  } finally {
    await worker.terminate();
    await pieces.return?.();
  }
}

/** Nothing is read, but no more is made ahead than would be read. */
async function* turns(): AsyncGenerator<Uint8Array> {
  for (;;) yield new Uint8Array();
}
