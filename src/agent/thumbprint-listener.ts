import { createServer } from 'node:http';
import { bytesFromWire } from '../api/device-exchange.ts';
import { checkThumbprintQuestion } from '../api/thumbprint.ts';
import { clientOf } from '../domain/client-address.ts';
import { base64url } from '../protocol/encoding.ts';
import type { Log } from '../roles/agent/log.ts';
import { RateLimit, refuseIf } from '../roles/rate-limit.ts';
import type { ThumbprintDesk } from '../roles/sharer/thumbprint-desk.ts';
import { limitConnections, type ConnectionLimits } from './admission.ts';
import { deviceListener, type DeviceListener } from './device-listener.ts';
import { Doorway } from './doorway.ts';
import { httpLimits, serveJson, usualRequestMs } from './json-http.ts';
import { SlicedStream } from './sliced-stream.ts';

interface Options {
  readonly desk: Pick<ThumbprintDesk, 'answer'>;
  readonly log: Log;
  readonly limits?: Partial<ConnectionLimits> | undefined;
}

/** A guest asks once, on one connection. */
const usualLimits: ConnectionLimits = { connectionsPerAddress: 4, connections: 256, requestMs: usualRequestMs };
const doorwayPlaces = 64;
const sliceBytes = 1024;
/** Of an address: who guesses passwords is no faster than this. */
const questions = { perSecond: 0.5, burst: 10 };

/**
 * Port 8433 of the shared network, plain HTTP/1.1: `POST /v1/thumbprint {request_id, nonce, proof}` → 200 `{thumbprint,
 * proof}` (src/protocol/thumbprint-proof.ts), or 404 for whoever does not prove to have been let in with that request.
 */
export function createThumbprintListener({ desk, log, limits: given }: Options): DeviceListener {
  const limits = { ...usualLimits, ...given };
  const server = createServer(httpLimits(limits.requestMs));
  // Who waits in the doorway is not read; http.createServer does not pass this option of net.createServer on.
  Object.assign(server, { pauseOnConnect: true });
  const admission = limitConnections(server, { ...limits, doorway: new Doorway(doorwayPlaces), goesOn: false, wrap: (socket) => new SlicedStream(socket, sliceBytes) });
  server.on('request', ({ socket }) => admission.passed(socket));
  const rate = new RateLimit(questions);
  serveJson(server, {
    routes: [
      {
        method: 'POST',
        path: /^\/v1\/thumbprint$/,
        handle: async (call) => {
          refuseIf(rate.take(clientOf(call.request.socket.remoteAddress)));
          const { request_id: requestId, nonce, proof } = await call.body(checkThumbprintQuestion);
          const answer = await desk.answer({ requestId, nonce: bytesFromWire(nonce) }, bytesFromWire(proof));
          return { status: 200, body: { thumbprint: answer.thumbprint, proof: base64url(answer.proof) }, headers: { 'cache-control': 'no-store' } };
        },
      },
    ],
    log,
    onMalformed: () => {},
  });
  return deviceListener(server, admission, log);
}
