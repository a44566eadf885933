import type { AskedDevice } from '../domain/audit.ts';
import type { NewAuditEntry, Store } from './store.ts';

const groupSize = 10_000;
const groupMs = 800;
/** Devices that one entry stands for at most: who reads of one device reads the entry. */
const mostAsked = 250;

/**
 * Audit entries that acknowledge nothing (an AP asked about a uuid), written in groups at most a second after
 * they came up: a crash can lose that second's, and nothing else. Of what an access point asked about many devices
 * one entry is made: an entry for each is most of what answering costs.
 */
export class AuditJournal {
  readonly #store: Store;
  readonly #onError: (error: unknown) => void;
  #waiting: NewAuditEntry[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: Store, onError: (error: unknown) => void) {
    this.#store = store;
    this.#onError = onError;
  }

  record(entry: NewAuditEntry): void {
    this.#waiting.push(entry);
    if (this.#waiting.length >= groupSize) {
      void this.flush();
    } else {
      this.#timer ??= setTimeout(() => void this.flush(), groupMs);
    }
  }

  /** Resolves when all that was recorded before is written, or its failure is reported. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const group = this.#waiting;
    this.#waiting = [];
    if (group.length > 0) {
      this.#writing = this.#writing
        .then(() => this.#store.audit.append(...gather(group)))
        .catch((error: unknown) => this.#onError(error));
    }
    return this.#writing;
  }
}

/** What one access point asked. */
interface Questions {
  readonly first: NewAuditEntry;
  readonly byUuid: Map<string, AskedDevice>;
}

/** Joins questions of one access point that nothing else came between; of one device each, so that none gets lost. */
function gather(entries: readonly NewAuditEntry[]): NewAuditEntry[] {
  const gathered: NewAuditEntry[] = [];
  const open = new Map<string, Questions>();
  const close = (asker: string, questions: Questions) => {
    open.delete(asker);
    gathered.push(toOne(questions));
  };
  for (const entry of entries) {
    const { action, actor, uuid, at, detail } = entry;
    if (action !== 'device.asked' || uuid === undefined) {
      open.forEach((questions, asker) => close(asker, questions));
      gathered.push(entry);
      continue;
    }
    const asker = `${actor} ${entry.apId}`;
    const earlier = open.get(asker);
    if (earlier !== undefined && (earlier.byUuid.has(uuid) || earlier.byUuid.size >= mostAsked)) {
      close(asker, earlier);
    }
    const questions = open.get(asker) ?? { first: entry, byUuid: new Map() };
    open.set(asker, questions);
    questions.byUuid.set(uuid, { uuid, at, status: String(detail?.['status']) });
  }
  open.forEach((questions, asker) => close(asker, questions));
  return gathered;
}

function toOne({ first, byUuid }: Questions): NewAuditEntry {
  if (byUuid.size === 1) {
    return first;
  }
  const { at, actor, action, apId } = first;
  return { at, actor, action, apId, asked: [...byUuid.values()] };
}
