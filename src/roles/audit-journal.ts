import type { AskedDevice, AuditEntry } from '../domain/audit.ts';
import { errorTable, LatchkeyError } from '../domain/errors.ts';
import type { NewAuditEntry, Store } from './store.ts';

/** What one access point asked, in columns: thousands wait for the next writing, and objects are moved as they wait. */
class Questions {
  readonly asker: Asker;
  readonly #uuids: string[] = [];
  readonly #times: number[] = [];
  readonly #statuses: string[] = [];

  constructor(asker: Asker) {
    this.asker = asker;
  }

  add({ uuid, at, status }: AskedDevice): void {
    this.#uuids.push(uuid);
    this.#times.push(at.getTime());
    this.#statuses.push(status);
  }

  /** Of as many devices each as an entry may stand for, and of each device once. */
  toEntries(): NewAuditEntry[] {
    const entries: NewAuditEntry[] = [];
    let devices = new Map<string, AskedDevice>();
    for (const [index, uuid] of this.#uuids.entries()) {
      if (devices.size >= mostAsked || devices.has(uuid)) {
        entries.push(toEntry(this.asker, devices));
        devices = new Map();
      }
      devices.set(uuid, { uuid, at: new Date(this.#times[index]!), status: this.#statuses[index]! });
    }
    return [...entries, toEntry(this.asker, devices)];
  }
}

type Asker = Pick<AuditEntry, 'actor'> & { readonly apId: string };

const groupSize = 20_000;
const groupMs = 800;
/** Entries that wait for a database that cannot be written now; of more the later ones are lost, which is reported. */
const mostUnwritten = 1000;
/** Devices that one entry stands for at most: who reads of one device reads the entry. */
const mostAsked = 250;

/**
 * Audit entries that acknowledge nothing (an AP asked about a uuid), written in groups at most a second after
 * they came up: a crash can lose that second's, and nothing else; a database that is full or locked gets them later. Of what an access point asked about many devices
 * one entry is made: an entry for each is most of what answering costs.
 */
export class AuditJournal {
  readonly #store: Store;
  readonly #onError: (error: unknown) => void;
  #waiting: NewAuditEntry[] = [];
  /** What the database did not take; it goes along with the next group. */
  #unwritten: readonly NewAuditEntry[] = [];
  /** What was asked since the last other entry, by access point. */
  readonly #asking = new Map<string, Questions>();
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: Store, onError: (error: unknown) => void) {
    this.#store = store;
    this.#onError = onError;
  }

  record(entry: NewAuditEntry): void {
    // Nothing changes its place in the log with what came before it.
    this.#endQuestions();
    this.#waiting.push(entry);
    this.#added();
  }

  asked(asker: Asker, device: AskedDevice): void {
    let questions = this.#asking.get(asker.apId);
    if (questions !== undefined && questions.asker.actor !== asker.actor) {
      this.#waiting.push(...questions.toEntries());
      questions = undefined;
    }
    if (questions === undefined) {
      questions = new Questions(asker);
      this.#asking.set(asker.apId, questions);
    }
    questions.add(device);
    this.#added();
  }

  #added(): void {
    this.#count += 1;
    if (this.#count >= groupSize) {
      void this.flush();
    } else {
      this.#timer ??= setTimeout(() => void this.flush(), groupMs);
    }
  }

  #endQuestions(): void {
    for (const questions of this.#asking.values()) {
      this.#waiting.push(...questions.toEntries());
    }
    this.#asking.clear();
  }

  /** Resolves when all that was recorded before is written, or its failure is reported. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#endQuestions();
    const group = this.#waiting;
    this.#waiting = [];
    this.#count = 0;
    if (group.length > 0 || this.#unwritten.length > 0) {
      this.#writing = this.#writing.then(() => this.#write(group));
    }
    return this.#writing;
  }

  async #write(group: readonly NewAuditEntry[]): Promise<void> {
    const entries = [...this.#unwritten, ...group];
    this.#unwritten = [];
    try {
      await this.#store.audit.append(...entries);
    } catch (error) {
      if (error instanceof LatchkeyError && error.exit === errorTable.storage_unavailable.exit) {
        this.#unwritten = entries.slice(0, mostUnwritten);
      }
      this.#onError(error);
    }
  }
}

function toEntry({ actor, apId }: Asker, devices: ReadonlyMap<string, AskedDevice>): NewAuditEntry {
  const [first, ...others] = devices.values();
  return others.length === 0
    ? questionAbout(first!, { actor, apId })
    : { at: first!.at, actor, action: 'device.asked', apId, asked: [first!, ...others] };
}

/** An access point asked about one device. */
export function questionAbout({ uuid, at, status }: AskedDevice, { actor, apId }: Asker): NewAuditEntry {
  return { at, actor, action: 'device.asked', uuid, apId, detail: { status } };
}
