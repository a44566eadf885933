import { LatchkeyError } from '../../../src/domain/errors.ts';
import type { Role, Scope } from '../../../src/domain/token.ts';
import type { ServiceContext } from '../../../src/roles/service-context.ts';
import { beginning, type Clockwork } from '../clockwork.ts';
import { ServerFate, type Coverage, type CrashPoint } from '../crash-points.ts';
import type { Disk, Rows, ServerProcess } from '../disk.ts';

export interface Caller {
  readonly role: Role;
  readonly id: string;
  readonly scope?: Scope;
  /** Of an access point's agent. */
  readonly apId?: string;
}

/** What goes wrong with a call. */
export type CallFault = { readonly kind: 'request lost' | 'reply lost' } | { readonly kind: 'crash'; readonly at: CrashPoint };

export type Answered<T> = { readonly value: T } | { readonly error: LatchkeyError };

/** Two servers on one database; when one crashes, both start anew. */
export class Servers {
  readonly #disk: Disk;
  readonly #clockwork: Clockwork;
  readonly #coverage: Coverage;
  readonly #halted: Promise<void>[] = [];
  #running: { readonly process: ServerProcess; readonly fate: ServerFate }[] = [];
  #calls = 0;

  private constructor(disk: Disk, clockwork: Clockwork, coverage: Coverage) {
    this.#disk = disk;
    this.#clockwork = clockwork;
    this.#coverage = coverage;
  }

  static async start(disk: Disk, clockwork: Clockwork, coverage: Coverage): Promise<Servers> {
    const servers = new Servers(disk, clockwork, coverage);
    await servers.#boot();
    return servers;
  }

  async #boot(): Promise<void> {
    this.#running = [];
    for (let index = 0; index < 2; index += 1) {
      const fate = new ServerFate(this.#coverage);
      this.#running.push({ process: await this.#disk.boot(fate), fate });
    }
  }

  #halt(): Promise<void>[] {
    return this.#running.map(({ process }) => process.halt());
  }

  async remove(): Promise<void> {
    await Promise.all([...this.#halted, ...this.#halt()]);
    await this.#disk.remove();
  }

  /** By one server or the other. */
  context({ role, id, scope = {}, apId }: Caller, index = 0): ServiceContext {
    const token = { id, role, name: id, scope, apId, createdAt: new Date(beginning), lastUsedAt: undefined, revokedAt: undefined };
    return { store: this.#running[index]!.process.store, clock: this.#clockwork, random: this.#clockwork, actor: { kind: 'token', token } };
  }

  observe(): Promise<Rows> {
    return this.#disk.observe();
  }

  contents(): Promise<Buffer> {
    return this.#disk.contents();
  }

  /** Each call by the other server than the one before; undefined if it crashed over it. */
  async run<T>(caller: Caller, crashAt: CrashPoint | undefined, work: (context: ServiceContext) => Promise<T>): Promise<Answered<T> | undefined> {
    const index = (this.#calls += 1) % 2;
    this.#clockwork.pass(1);
    let answered: Answered<T> | undefined;
    const crashed = await this.#running[index]!.fate.working(crashAt, async () => {
      answered = await answer(() => work(this.context(caller, index)));
    }).catch((error: unknown) => {
      if (!this.#running[index]!.fate.crashed) throw error;
      return true;
    });
    if (!crashed) return answered!;
    this.#halted.push(...this.#halt());
    await this.#boot();
    return undefined;
  }

  /** All at once, in turns by one server and the other. */
  together<T>(works: readonly { readonly caller: Caller; readonly work: (context: ServiceContext) => Promise<T> }[]): Promise<Answered<T>[]> {
    this.#clockwork.pass(1);
    return Promise.all(works.map(({ caller, work }, index) => answer(() => work(this.context(caller, index % 2)))));
  }
}

async function answer<T>(work: () => Promise<T>): Promise<Answered<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof LatchkeyError) return { error };
    throw error;
  }
}
