// The other side of `drafting-thread.ts`.
import { on } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { LatchkeyError } from '../../domain/errors.ts';
import { KeyringSealer } from '../../secrets/seal.ts';
import { passTmpPlace } from '../../storage/repositories/devices.ts';
import { systemRandom } from '../local-registry.ts';
import { fileDrafts, madeDrafts, uuidsFrom, type Draft, type DraftIdentity } from './drafts.ts';
import type { Drafted, DraftingOrder } from './drafting-thread.ts';
import { pack } from './packed-drafts.ts';

const order = workerData as DraftingOrder;
const seal = order.sealingKey === undefined ? undefined : sealWith(order.sealingKey);

void work();

async function work(): Promise<void> {
  try {
    for await (const drafts of drafted()) {
      const packed = pack(drafts, seal);
      tell({ drafts: packed }, packed.sealed === undefined ? [] : [packed.sealed.boxes.buffer]);
    }
    tell({ done: true });
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    const { code, message, hint } = error;
    tell({ refused: { code, message, hint } });
  }
}

async function* drafted(): AsyncGenerator<readonly Draft[]> {
  const { count, position, seed, ...rest } = order;
  const completion = { ...rest, uuidAt: uuidsFrom(seed), random: systemRandom };
  if (count === undefined) {
    yield* fileDrafts(pieces(), position, completion);
    return;
  }
  const turns = pieces();
  for (const drafts of madeDrafts(count, position, completion)) {
    await turns.next();
    yield drafts;
  }
}

async function* pieces(): AsyncGenerator<Uint8Array> {
  for await (const [piece] of on(parentPort!, 'message') as AsyncIterable<[Uint8Array | undefined]>) {
    if (piece === undefined) return;
    yield piece;
    tell({ taken: true });
  }
}

function sealWith(key: Uint8Array): (identity: DraftIdentity) => Uint8Array {
  const sealer = new KeyringSealer([key]);
  return ({ uuid, passTmp }) => sealer.seal(passTmp, passTmpPlace(uuid));
}

function tell(drafted: Drafted, transferred: ArrayBuffer[] = []): void {
  parentPort!.postMessage(drafted, transferred);
}
