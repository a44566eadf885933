import { checkTap, checkTapCharge, servedToWire, tapChargeFromWire } from '../api/counter.ts';
import type { Log } from '../roles/agent/log.ts';
import type { CounterControl } from '../roles/pos/counter-desk.ts';
import { serveSocket } from './control-socket.ts';
import type { Route } from './json-http.ts';

/** The counter's control over a Unix socket; see `serveControl`. Who hangs up withdraws what was asked for. */
export function serveCounterControl(control: CounterControl, path: string, log: Log): Promise<() => Promise<void>> {
  const routes: Route[] = [
    {
      method: 'POST',
      path: /^\/v1\/charge$/,
      handle: async (call) => ({ status: 200, body: servedToWire(await control.charge(tapChargeFromWire(await call.body(checkTapCharge)), call.signal())) }),
    },
    {
      method: 'POST',
      path: /^\/v1\/tap$/,
      handle: async (call) => ({ status: 200, body: servedToWire(await control.tap({ writesTag: (await call.body(checkTap)).writes_tag }, call.signal())) }),
    },
  ];
  return serveSocket(path, { routes, log, running: 'An agent of this cash register is running here already.' });
}
