import type { AskedDevice, AuditEntry } from '../domain/audit.ts';
import type { NewAuditEntry, Store } from './store.ts';

/** What one access point asked, of each device once. */
interface Questions {
  readonly asker: Asker;
  readonly devices: Map<string, AskedDevice>;
}

type Asker = Pick<AuditEntry, 'actor'> & { readonly apId: string };

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
    const earlier = this.#asking.get(asker.apId);
    const goesOn =
      earlier?.asker.actor === asker.actor && earlier.devices.size < mostAsked && !earlier.devices.has(device.uuid);
    if (goesOn) {
      earlier.devices.set(device.uuid, device);
    } else {
      if (earlier !== undefined) {
        this.#waiting.push(toEntry(earlier));
      }
      this.#asking.set(asker.apId, { asker, devices: new Map([[device.uuid, device]]) });
    }
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
      this.#waiting.push(toEntry(questions));
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
    if (group.length > 0) {
      this.#writing = this.#writing
        .then(() => this.#store.audit.append(...group))
        .catch((error: unknown) => this.#onError(error));
    }
    return this.#writing;
  }
}

function toEntry({ asker: { actor, apId }, devices }: Questions): NewAuditEntry {
  const [device, ...others] = devices.values();
  const { at } = device!;
  return others.length === 0
    ? questionAbout(device!, { actor, apId })
    : { at, actor, action: 'device.asked', apId, asked: [...devices.values()] };
}

/** An access point asked about one device. */
export function questionAbout({ uuid, at, status }: AskedDevice, { actor, apId }: Asker): NewAuditEntry {
  return { at, actor, action: 'device.asked', uuid, apId, detail: { status } };
}
