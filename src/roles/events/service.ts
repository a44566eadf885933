import { terminalIdOf } from '../ledger/terminal.ts';
import type { ServiceContext } from '../service-context.ts';
import type { EventsRole, LiveEvents } from './ports.ts';

/** At once. */
const pageSize = 100;
/** However quiet it is. */
const lookAgainMs = 5 * 60_000;

export class EventsService implements EventsRole {
  readonly #context: Pick<ServiceContext, 'store' | 'actor'>;

  constructor(context: Pick<ServiceContext, 'store' | 'actor'>) {
    this.#context = context;
  }

  async events(after: number | undefined, waitMs: number, signal?: AbortSignal): Promise<LiveEvents> {
    const { store, actor } = this.#context;
    const terminalId = terminalIdOf(actor);
    const watch = waitMs > 0 ? store.watchEvents(terminalId) : undefined;
    try {
      const found = await this.#after(terminalId, after);
      if (watch === undefined || isNews(found)) {
        return found;
      }
      await watch.next(found.last, waitMs, signal);
      return await this.#after(terminalId, found.last);
    } finally {
      watch?.close();
    }
  }

  async *follow(after: number | undefined, signal: AbortSignal): AsyncGenerator<LiveEvents, void> {
    const { store, actor } = this.#context;
    const terminalId = terminalIdOf(actor);
    let last = after;
    let isFirst = true;
    while (!signal.aborted) {
      const watch = store.watchEvents(terminalId);
      try {
        for (let wasWoken = false; !signal.aborted; wasWoken = true) {
          const found = await this.#after(terminalId, last);
          ({ last } = found);
          if (isFirst || isNews(found)) {
            yield found;
          }
          isFirst = false;
          // Numbers that it heard of are gone, with a database that was restored: only one that knows nothing of them waits.
          if (found.isGap || (wasWoken && !isNews(found))) {
            break;
          }
          if (found.events.length < pageSize) {
            await watch.next(last, lookAgainMs, signal);
          }
        }
      } finally {
        watch.close();
      }
    }
  }

  async #after(terminalId: string, after: number | undefined): Promise<LiveEvents> {
    const { events } = this.#context.store;
    for (;;) {
      const found = after === undefined ? [] : await events.after(terminalId, after, pageSize);
      if (after !== undefined && found[0]?.number === after + 1) {
        return { events: found, last: found.at(-1)!.number, isGap: false };
      }
      const { first, last } = await events.range(terminalId);
      if (after === undefined || after === last) {
        return { events: [], last, isGap: false };
      }
      if (after > last || first === undefined || first > after + 1) {
        return { events: [], last, isGap: true };
      }
      // It came between the two looks.
    }
  }
}

function isNews({ events, isGap }: LiveEvents): boolean {
  return isGap || events.length > 0;
}
