import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the load asks for: an event to each terminal at once, or to one after the other. */
export interface Telling {
  /** Terminals by their numbers, told by one call. */
  tell(terminals: readonly number[]): Promise<void>;
}

/** What is said of one: when it was sent, by the clock that all processes here share (clock_gettime(2), CLOCK_MONOTONIC). */
export function detail(): { readonly request_id: string; readonly sent: string } {
  return { request_id: 'sreq_q3V9sT0wK1cq3V9sT0wK1c', sent: String(process.hrtime.bigint()).padStart(20, '0') };
}

/** Tells when the load says so: `GET /all`, or `GET /each?perSecond=…&count=…`, answered when all is told, with how long each call took. */
export async function listenForTelling({ tell }: Telling, terminals: number): Promise<number> {
  const timed = async (which: readonly number[]) => {
    const startedAt = performance.now();
    await tell(which);
    return performance.now() - startedAt;
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://bench');
    const done = (calls: readonly number[]) => response.end(JSON.stringify(calls));
    if (url.pathname === '/all') {
      void timed(Array.from({ length: terminals }, (_, index) => index)).then((ms) => done([ms]));
      return;
    }
    const [perSecond, count] = [Number(url.searchParams.get('perSecond')), Number(url.searchParams.get('count'))];
    const calls: Promise<number>[] = [];
    const startedAt = performance.now();
    const timer = setInterval(() => {
      const due = Math.min(count, Math.floor(((performance.now() - startedAt) / 1000) * perSecond));
      // Spread over all, none the neighbour of the one before.
      while (calls.length < due) calls.push(timed([(calls.length * 617) % terminals]));
      if (calls.length === count) {
        clearInterval(timer);
        void Promise.all(calls).then(done);
      }
    }, 1);
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return (server.address() as AddressInfo).port;
}
