import { constants } from 'node:crypto';
import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { bytesFromWire, checkDeviceRequestInput } from '../api/device-exchange.ts';
import { clientOf } from '../domain/client-address.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { Log } from '../roles/agent/log.ts';
import type { SecureExchange } from '../roles/agent/secure-exchange.ts';
import { limitConnections, type ConnectionLimits } from './admission.ts';
import { deviceListener, type DeviceListener } from './device-listener.ts';
import type { Doorway } from './doorway.ts';
import { answerToWire, waitMs, whenSent } from './device-replies.ts';
import { httpLimits, serveJson, type Call, type Reply, type Route } from './json-http.ts';
import { urlHost } from './url-host.ts';

/** TLS 1.3 with psk_dhe_ke, and of TLS 1.2 what has forward secrecy and PSK and nothing else (protocol.md section 1). */
const pskCiphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-PSK-CHACHA20-POLY1305',
  'ECDHE-PSK-AES128-CBC-SHA256',
].join(':');

interface Options {
  readonly devices: SecureExchange;
  readonly limits: ConnectionLimits;
  readonly doorway: Doorway;
  /** This machine on the main network; where not given, the address that the device reached. */
  readonly mainAddress: string | undefined;
  readonly log: Log;
}

/** Port 8431: TLS-PSK, the hello's id as identity and its key as key. */
export function createSecureListener({ devices, limits, doorway, mainAddress, log }: Options): DeviceListener {
  /** Whose key a handshake in progress was last given. */
  const offered = new WeakMap<TLSSocket, string>();
  /** Whose key it succeeded with: set once, by the first handshake of a connection. */
  const proven = new WeakMap<Socket, string>();

  const server = createServer({
    ...httpLimits(limits.requestMs),
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: pskCiphers,
    // No tickets: a resumed session never asks for the key and would outlive expiry and revocation. No second
    // handshake on a connection either: it could put another hello in the place of the one that was proven.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_CIPHER_SERVER_PREFERENCE,
    handshakeTimeout: limits.requestMs,
    // Who waits in the doorway is not read.
    pauseOnConnect: true,
    pskCallback: (socket, identity) => {
      const psk = devices.pskFor(identity);
      if (psk === undefined) {
        return null;
      }
      offered.set(socket, identity);
      return psk;
    },
  });
  const admission = limitConnections(server, { ...limits, doorway, goesOn: true, mayEnter: (address) => devices.waitMs(address) === 0 });

  server.on('secureConnection', (socket: TLSSocket) => {
    admission.passed(socket);
    socket.on('error', (error) => log('debug', 'A device’s connection broke.', { error }));
    const helloId = offered.get(socket);
    if (helloId === undefined) {
      socket.destroy();
      return;
    }
    proven.set(socket, helloId);
    devices.authenticated(helloId);
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    // A client that goes away in the middle has not failed to prove anything.
    if (error.code?.startsWith('ERR_SSL_') === true) {
      devices.handshakeFailed(offered.get(socket), clientOf(socket.remoteAddress), error.code);
    }
    socket.destroy();
  });

  const helloOf = ({ request }: Call): string => {
    const helloId = proven.get(request.socket);
    if (helloId === undefined) {
      throw new LatchkeyError('hello_expired');
    }
    return helloId;
  };
  const baseOf = ({ request }: Call): string => {
    const { localAddress = '', localPort = 0 } = request.socket;
    return `https://${urlHost(mainAddress ?? localAddress)}:${localPort}`;
  };

  const request = async (call: Call): Promise<Reply> => {
    const input = await call.body(checkDeviceRequestInput);
    const { requestId, status } = await devices.request(helloOf(call), {
      uuid: input.uuid,
      deviceProof: bytesFromWire(input.device_proof),
      label: input.label,
      showsCode: input.shows_code,
    });
    return { status: 201, body: { request_id: requestId, status } };
  };
  const status = async (call: Call): Promise<Reply> => {
    const [requestId = ''] = call.params;
    const answer = await devices.status(helloOf(call), requestId, waitMs(call.query), call.signal());
    return { status: 200, body: answerToWire(answer, baseOf(call)), sent: whenSent(answer, devices, log) };
  };
  const report = async (call: Call): Promise<Reply> => {
    const [requestId = '', status = ''] = call.params;
    await devices.report(helloOf(call), requestId, status === 'joined' ? 'joined' : 'declined', clientOf(call.request.socket.remoteAddress));
    return { status: 204 };
  };

  const routes: Route[] = [
    { method: 'POST', path: /^\/v1\/access-requests$/, handle: request },
    { method: 'GET', path: /^\/v1\/access-requests\/([A-Za-z0-9_-]{1,64})$/, handle: status },
    { method: 'POST', path: /^\/v1\/access-requests\/([A-Za-z0-9_-]{1,64})\/(joined|declined)$/, handle: report },
  ];
  serveJson(server, { routes, log, onMalformed: (socket, detail) => devices.malformed(clientOf(socket.remoteAddress), detail) });
  return deviceListener(server, admission, log);
}
