import { checkTap, checkTapCharge, failedLineToWire, servedLineToWire, tapChargeFromWire, waitingEventToWire } from '../api/counter.ts';
import { present } from '../api/wire.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { Log } from '../roles/agent/log.ts';
import type { Served } from '../roles/pos/counter.ts';
import type { CounterControl, Waiting } from '../roles/pos/counter-desk.ts';
import { serveSocket } from './control-socket.ts';
import type { Call, Reply, Route } from './json-http.ts';

interface ServedCounter {
  readonly log: Log;
  /** Where phones find the counter, once that is known. */
  readonly phoneUrl: () => string | undefined;
}

/** The counter's control over a Unix socket; see `serveControl`. Who hangs up withdraws what was asked for. */
export function serveCounterControl(control: CounterControl, path: string, { log, phoneUrl }: ServedCounter): Promise<() => Promise<void>> {
  const waits = (call: Call, work: (waiting: Waiting) => Promise<Served>): Reply => ({
    status: 200,
    lines: async (write) => {
      try {
        write(servedLineToWire(await work({ signal: call.signal(), onEvent: (event) => write(waitingEventToWire(event)) })));
      } catch (error) {
        if (!(error instanceof LatchkeyError)) {
          log('error', 'What was waited for at the counter failed.', { error });
        }
        write(failedLineToWire(error instanceof LatchkeyError ? error : new LatchkeyError('internal', undefined, { cause: error })));
      }
    },
  });
  const routes: Route[] = [
    {
      method: 'GET',
      path: /^\/v1\/counter$/,
      handle: async () => ({ status: 200, body: present({ phone_url: phoneUrl() }) }),
    },
    {
      method: 'POST',
      path: /^\/v1\/charge$/,
      handle: async (call) => {
        const charge = tapChargeFromWire(await call.body(checkTapCharge));
        return waits(call, (waiting) => control.charge(charge, waiting));
      },
    },
    {
      method: 'POST',
      path: /^\/v1\/tap$/,
      handle: async (call) => {
        const { writes_tag: writesTag } = await call.body(checkTap);
        return waits(call, (waiting) => control.tap({ writesTag }, waiting));
      },
    },
  ];
  return serveSocket(path, { routes, log, running: 'An agent of this cash register is running here already.' });
}
