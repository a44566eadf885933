import { checkServedCounter, checkWaitingLine, tapChargeToWire, waitingLineFromWire } from '../api/counter.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { CounterControl, TapCharge, Waiting } from '../roles/pos/counter-desk.ts';
import type { Served } from '../roles/pos/counter.ts';
import { callSocket, callSocketForLines } from './socket-call.ts';

/** What needs no thought is answered at once. */
const askMs = 2_000;

/** The agent of a cash register that runs on this machine. Errors besides its own: `counter_unreachable`, `bad_reply`. */
export class CounterControlClient implements CounterControl {
  readonly #path: string;

  constructor(socketPath: string) {
    this.#path = socketPath;
  }

  charge(charge: TapCharge, waiting: Waiting): Promise<Served> {
    return this.#wait('/v1/charge', tapChargeToWire(charge), waiting);
  }

  tap({ writesTag }: { readonly writesTag: boolean }, waiting: Waiting): Promise<Served> {
    return this.#wait('/v1/tap', { writes_tag: writesTag }, waiting);
  }

  /** Where phones on the shop's network find the counter, as far as the agent knows. */
  async phoneUrl(): Promise<string | undefined> {
    const { phone_url: url } = await callSocket({ socketPath: this.#path, method: 'GET', path: '/v1/counter', check: checkServedCounter, timeoutMs: askMs, unreachable: 'counter_unreachable' });
    return url;
  }

  async #wait(path: string, body: object, { signal, onEvent }: Waiting): Promise<Served> {
    const unreachable = 'counter_unreachable';
    for await (const line of callSocketForLines({ socketPath: this.#path, method: 'POST', path, body, check: checkWaitingLine, signal, unreachable })) {
      const told = waitingLineFromWire(line);
      if (!('kind' in told)) {
        return told;
      }
      onEvent(told);
    }
    throw new LatchkeyError(unreachable, 'The register’s agent ended before it said what came of it.');
  }
}
