import { setMaxListeners } from 'node:events';
import type { AccessRequest } from '../../domain/access-request.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import type { GrantTerms } from '../../domain/grant.ts';
import { quoted } from '../../domain/shown-text.ts';
import { admitsDevice, type Scope } from '../../domain/token.ts';
import type { Log } from './log.ts';
import type { Notifier, Prompt } from './ports.ts';
import type { RegistryCopy, RequestChange } from './registry-copy.ts';
import type { RegistryLink } from './registry-link.ts';
import type { AgentStore } from './store.ts';

interface Options {
  readonly store: AgentStore;
  readonly copy: RegistryCopy;
  readonly link: RegistryLink;
  readonly now: () => Date | undefined;
  /** Models and batches, by the registry's word, that need no owner. */
  readonly autoApprove: Scope | undefined;
  /** Of grants whose approval says nothing else. */
  readonly terms: GrantTerms;
  readonly prompt: Prompt | undefined;
  readonly notifier: Notifier | undefined;
  readonly log: Log;
}

/** How long whoever is told of requests may hold up the end of the agent. */
const lastWordsMs = 2000;

/** The owner's side: who decides about a request, and who is told of it (second prompt, second confirmation). */
export class OwnerDesk {
  readonly #options: Options;
  readonly #closing = new AbortController();
  readonly #automatic = new Set<string>();
  /** What the owner is being asked or waits to be asked. */
  readonly #questions = new Map<string, AbortController>();
  #asking: Promise<void> = Promise.resolve();
  #telling: Promise<void> = Promise.resolve();
  /** Ends what is still being told. */
  readonly #silence = new AbortController();
  /** Requests that were over before anybody could be told of them. */
  readonly #untold = new Set<string>();

  constructor(options: Options) {
    this.#options = options;
    setMaxListeners(0, this.#closing.signal, this.#silence.signal);
    options.copy.onApplied(({ requests }) => requests.forEach((change) => this.#changed(change)));
  }

  /** Goes on with what was pending before: at the start, and when the registry answers again. */
  resume(): void {
    for (const request of this.#options.store.onboarding.requests({ all: false, limit: 10_000 })) {
      this.#pending(request);
    }
  }

  /** Errors: as `ApRole.approve`, and `server_unavailable` while the agent knows no time. */
  async approve(requestId: string, terms?: GrantTerms): Promise<AccessRequest> {
    const request = await this.#approve(requestId, 'local', terms);
    await this.#options.copy.apply({ requests: [request] });
    return request;
  }

  async deny(requestId: string, reason?: string): Promise<AccessRequest> {
    const { link, copy } = this.#options;
    const request = await link.call((ap) => ap.deny(requestId, 'local', reason));
    await copy.apply({ requests: [request] });
    return request;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#options.prompt?.close();
    await this.#asking;
    const late = setTimeout(() => this.#silence.abort(), lastWordsMs);
    await this.#telling;
    clearTimeout(late);
  }

  #changed({ before, after }: RequestChange): void {
    if (after.status === 'pending') {
      if (before === undefined) {
        this.#tell('request.pending', after);
      }
      this.#pending(after);
      return;
    }
    this.#questions.get(after.id)?.abort();
    if (before === undefined || before.status === 'pending') {
      this.#tell('request.decided', after);
    }
  }

  #pending(request: AccessRequest): void {
    if (this.#isAutomatic(request)) {
      void this.#approveAutomatically(request.id);
    } else {
      this.#ask(request);
    }
  }

  #isAutomatic(request: AccessRequest): boolean {
    const { autoApprove } = this.#options;
    const limited = autoApprove?.models !== undefined || autoApprove?.batches !== undefined;
    return limited && !request.weak && admitsDevice(autoApprove, request);
  }

  async #approveAutomatically(requestId: string): Promise<void> {
    if (this.#automatic.has(requestId)) {
      return;
    }
    this.#automatic.add(requestId);
    try {
      // The registry tells of it with the grant, in the company of others.
      await this.#approve(requestId, 'auto');
    } catch (error) {
      this.#options.log('warn', 'A request was not approved automatically.', { requestId, error });
    } finally {
      this.#automatic.delete(requestId);
    }
  }

  #approve(requestId: string, by: 'local' | 'auto', terms: GrantTerms = {}): Promise<AccessRequest> {
    const { link, now } = this.#options;
    if (now() === undefined) {
      throw new LatchkeyError('server_unavailable', 'The agent does not know what time it is and grants nothing.');
    }
    return link.call((ap) => ap.approve(requestId, by, { ...this.#options.terms, ...terms }));
  }

  #ask(request: AccessRequest): void {
    const { prompt } = this.#options;
    if (prompt === undefined || this.#questions.has(request.id)) {
      return;
    }
    const question = new AbortController();
    this.#questions.set(request.id, question);
    const signal = AbortSignal.any([question.signal, this.#closing.signal]);
    this.#asking = this.#asking.then(async () => {
      try {
        const answer = signal.aborted ? undefined : await prompt.ask(describe(request), signal);
        if (answer !== undefined && !signal.aborted) {
          await (answer ? this.approve(request.id) : this.deny(request.id));
        }
      } catch (error) {
        this.#options.log('warn', 'The owner’s answer came to nothing.', { requestId: request.id, error });
      } finally {
        this.#questions.delete(request.id);
      }
    });
  }

  /** A device that asks anew expires its request before: nobody is told of what is over by then. */
  #isOver(event: 'request.pending' | 'request.decided', requestId: string): boolean {
    if (event === 'request.decided') {
      return this.#untold.delete(requestId);
    }
    const over = this.#options.store.onboarding.request(requestId)?.status === 'expired';
    if (over) {
      this.#untold.add(requestId);
    }
    return over;
  }

  #tell(event: 'request.pending' | 'request.decided', request: AccessRequest): void {
    const { notifier, log } = this.#options;
    if (notifier !== undefined) {
      this.#telling = this.#telling
        .then(() => (this.#isOver(event, request.id) || this.#silence.signal.aborted ? undefined : notifier.notify(event, request, this.#silence.signal)))
        .catch((error: unknown) => log('warn', 'Nobody could be notified.', { event, requestId: request.id, error }));
    }
  }
}

/** What the owner needs to know to say yes; what the device says of itself is marked as that. */
function describe(request: AccessRequest): { title: string; lines: string[] } {
  const lines = [
    ['Label', request.label],
    ['Model', request.model],
    ['Batch', request.batch],
    ['It calls itself', request.deviceLabel === undefined ? undefined : quoted(request.deviceLabel)],
    ['uuid', request.uuid],
    ['Match code', request.matchCode],
    ['Caution', request.weak ? 'its pass_tmp is short and may have been guessed' : undefined],
    ['Caution', request.dpp ? 'it announces itself by DPP, as anybody can who has read its label; only the device itself can take the password' : undefined],
    ['Caution', request.plain ? 'its pass_tmp crossed the onboarding network in the clear' : undefined],
  ].flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return { title: 'Let this device in?', lines };
}
