import { checkServed, servedFromWire, tapChargeToWire } from '../api/counter.ts';
import type { CounterControl, TapCharge } from '../roles/pos/counter-desk.ts';
import type { Served } from '../roles/pos/counter.ts';
import { callSocket } from './socket-call.ts';

/** The agent of a cash register that runs on this machine. Errors besides its own: `counter_unreachable`, `bad_reply`. */
export class CounterControlClient implements CounterControl {
  readonly #path: string;

  constructor(socketPath: string) {
    this.#path = socketPath;
  }

  charge(charge: TapCharge, signal: AbortSignal): Promise<Served> {
    return this.#call('/v1/charge', tapChargeToWire(charge), signal);
  }

  tap({ writesTag }: { readonly writesTag: boolean }, signal: AbortSignal): Promise<Served> {
    return this.#call('/v1/tap', { writes_tag: writesTag }, signal);
  }

  async #call(path: string, body: object, signal: AbortSignal): Promise<Served> {
    return servedFromWire(await callSocket({ socketPath: this.#path, method: 'POST', path, body, check: checkServed, signal, unreachable: 'counter_unreachable' }));
  }
}
