import { createServer } from 'node:http';
import { bytesFromWire, checkHelloInput, checkPlainInput, type PlainInputWire } from '../api/device-exchange.ts';
import { clientOf } from '../domain/client-address.ts';
import type { Log } from '../roles/agent/log.ts';
import type { PlainExchange, PlainInput } from '../roles/agent/plain-exchange.ts';
import type { SecureExchange } from '../roles/agent/secure-exchange.ts';
import { limitConnections, type ConnectionLimits } from './admission.ts';
import type { Doorway } from './doorway.ts';
import { deviceListener, type DeviceListener } from './device-listener.ts';
import { answerToWire, helloToWire, waitMs, whenSent } from './device-replies.ts';
import { SlicedStream } from './sliced-stream.ts';
import { httpLimits, serveJson, type Call, type Reply, type Route } from './json-http.ts';
import { urlHost } from './url-host.ts';

interface Options {
  readonly devices: SecureExchange;
  readonly plain: PlainExchange;
  readonly limits: ConnectionLimits;
  readonly doorway: Doorway;
  readonly securePort: number;
  /** This machine on the main network; where not given, the address that the device reached. */
  readonly mainAddress: string | undefined;
  readonly log: Log;
}

/** A hello with its headers fits into one. */
const sliceBytes = 1024;

/** Port 8430, plain HTTP/1.1 (protocol.md section 1): hello, and the literal exchange where it is allowed. */
export function createHelloListener({ devices, plain, limits, doorway, securePort, mainAddress, log }: Options): DeviceListener {
  const server = createServer(httpLimits(limits.requestMs));
  // Who waits in the doorway is not read; http.createServer does not pass this option of net.createServer on.
  Object.assign(server, { pauseOnConnect: true });
  const admission = limitConnections(server, { ...limits, doorway, goesOn: false, wrap: (socket) => new SlicedStream(socket, sliceBytes) });
  server.on('request', ({ socket }) => admission.passed(socket));

  const hello = async (call: Call): Promise<Reply> => {
    const input = await call.body(checkHelloInput);
    const answer = await devices.hello(
      { uuid: input.uuid, onboardingSsid: input.onboarding_ssid, deviceNonce: bytesFromWire(input.device_nonce) },
      fromOf(call),
    );
    return { status: 200, body: helloToWire(answer, securePort) };
  };

  const request = async (call: Call): Promise<Reply> => {
    const wait = waitMs(call.query);
    const input = plainInput(await call.body(checkPlainInput));
    const answer = await plain.request(input, fromOf(call), wait, call.signal());
    const { localAddress = '', localPort = 0 } = call.request.socket;
    const base = `http://${urlHost(mainAddress ?? localAddress)}:${localPort}`;
    return {
      status: answer.status === 'pending' ? 201 : 200,
      body: answerToWire(answer, base),
      sent: whenSent(answer, plain, log),
    };
  };

  const report = async (call: Call): Promise<Reply> => {
    const input = plainInput(await call.body(checkPlainInput));
    const [requestId = '', status = ''] = call.params;
    await plain.report(input, requestId, status === 'joined' ? 'joined' : 'declined', fromOf(call));
    return { status: 204 };
  };

  const routes: Route[] = [
    { method: 'POST', path: /^\/v1\/hello$/, handle: hello },
    { method: 'POST', path: /^\/v1\/access-requests$/, handle: request },
    { method: 'POST', path: /^\/v1\/access-requests\/([A-Za-z0-9_-]{1,64})\/(joined|declined)$/, handle: report },
  ];
  serveJson(server, { routes, log, onMalformed: (socket, detail) => devices.malformed(clientOf(socket.remoteAddress), detail) });
  return deviceListener(server, admission, log);
}

function fromOf({ request }: Call): string {
  return clientOf(request.socket.remoteAddress);
}

function plainInput(wire: PlainInputWire): PlainInput {
  return { uuid: wire.uuid, onboardingSsid: wire.onboarding_ssid, passTmp: wire.pass_tmp };
}
