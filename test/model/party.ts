import { LatchkeyError, type ErrorCode } from '../../src/domain/errors.ts';
import type { Scope } from '../../src/domain/token.ts';
import type { Clockwork } from './clockwork.ts';
import type { ProgramFault } from './crash-points.ts';
import type { Answer, Call, Network, Sender } from './network.ts';
import type { Process } from './process.ts';
import type { Coverages, Server } from './server.ts';

/** What all that happens happens in. */
export interface Surroundings {
  readonly clockwork: Clockwork;
  readonly network: Network;
  readonly server: Server;
  readonly coverages: Coverages;
  /** What has been sent by honest terminals, for whoever overheard it. */
  readonly overheard: Call[];
  /** Has everything looked at after somebody did something. */
  readonly checked: () => void;
}

/** Somebody with a token, whose programs run one after the other. */
export class Party<Running extends Process = Process> implements Sender {
  readonly id: string;
  readonly role: Sender['role'];
  readonly scope: Scope;
  process: Running | undefined;
  /** What goes wrong in the program that runs next. */
  fault: ProgramFault | undefined;
  readonly #checked: () => void;

  constructor({ id, role, scope }: Sender, checked: () => void) {
    this.id = id;
    this.role = role;
    this.scope = scope;
    this.#checked = checked;
  }

  /** Runs until it waits for an answer; one that was running is told that it took too long. */
  protected async start(make: (fault: ProgramFault | undefined) => Running, program: (process: Running) => Promise<unknown>): Promise<void> {
    await this.giveUp('timed_out');
    const process = make(this.fault);
    this.process = process;
    this.fault = undefined;
    await process.run(() => program(process));
    this.#checked();
  }

  /** Tells its program that there is no answer, until it ends. */
  async giveUp(code: ErrorCode): Promise<void> {
    while (this.process?.isWaiting === true) {
      await this.process.resume({ error: new LatchkeyError(code) });
    }
    this.#checked();
  }

  async resume(answer: Answer): Promise<void> {
    await this.process!.resume(answer);
    this.#checked();
  }

  kill(): void {
    this.process?.kill();
  }
}
