import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { checkPhoneAccess, checkPhoneDecline, checkPhonePayment, openCounterToWire, phoneClaimFromWire, phoneServedToWire, portalToWire } from '../api/counter.ts';
import { clientOf } from '../domain/client-address.ts';
import type { Random } from '../domain/clock.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { Log } from '../roles/agent/log.ts';
import type { Credential } from '../roles/device/ports.ts';
import type { PhoneServed, PhoneService } from '../roles/pos/phone-counter.ts';
import { isPhoneToken, newPhoneToken } from '../roles/pos/subjects.ts';
import { RateLimit, refuseIf } from '../roles/rate-limit.ts';
import { limitConnections, type ConnectionLimits } from './admission.ts';
import { counterPage, counterPagePolicy } from './counter-page.ts';
import { deviceListener, type DeviceListener } from './device-listener.ts';
import { waitMs } from './device-replies.ts';
import { Doorway } from './doorway.ts';
import { SlicedStream } from './sliced-stream.ts';
import { httpLimits, serveJson, usualRequestMs, type Call, type Reply, type Route } from './json-http.ts';

export interface CounterListening {
  /** Errors: why phones have to wait. */
  readonly phones: () => PhoneService;
  /** A certificate chain and its key in PEM; without them it is plain HTTP, and no captive portal (RFC 8908, 4). */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly pictures: (credential: Credential) => { readonly uri: string; readonly svg: string };
  readonly random: Random;
  readonly log: Log;
}

/** A shop has some hundred phones; one address has a few connections, behind a proxy a few more. */
const limits: ConnectionLimits = { connectionsPerAddress: 32, connections: 512, requestMs: usualRequestMs };
const doorwayPlaces = 64;
/** A phone's request with its headers fits into a few. */
const sliceBytes = 1024;
const requestsPerAddress = { perSecond: 10, burst: 60 };
/** With TLS by a name that no other site and no plain HTTP can set (RFC 6265bis, 4.1.3.2). */
const cookieName = (isSecure: boolean) => (isSecure ? '__Host-latchkey_phone' : 'latchkey_phone');
/** As long as time that is sold lasts at most. */
const cookieSeconds = 366 * 86_400;
const hostForm = /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

/** HTTP for phones on the shop's network (protocol.md section 8). */
export function createCounterListener({ phones, tls, pictures, random, log }: CounterListening): DeviceListener {
  const options = httpLimits(limits.requestMs);
  const server: Server = tls === undefined ? createHttpServer(options) : createHttpsServer({ ...options, ...tls, minVersion: 'TLSv1.2', handshakeTimeout: limits.requestMs });
  // Who waits in the doorway is not read; http.createServer does not pass this option of net.createServer on.
  Object.assign(server, { pauseOnConnect: true });
  const wrap = tls === undefined ? { wrap: (socket: Socket) => new SlicedStream(socket, sliceBytes) } : {};
  const admission = limitConnections(server, { ...limits, doorway: new Doorway(doorwayPlaces), goesOn: false, ...wrap });
  server.on('request', ({ socket }) => admission.passed(socket));
  server.on('tlsClientError', (_error, socket: TLSSocket) => void socket.destroy());
  const requests = new RateLimit(requestsPerAddress);
  serveJson(server, { routes: routesOf({ phones, tls, pictures, random, log }).map((route) => limited(route, requests)), log, onMalformed: () => {} });
  return deviceListener(server, admission, log);
}

function limited(route: Route, requests: RateLimit): Route {
  return {
    ...route,
    handle: async (call) => {
      refuseIf(requests.take(clientOf(call.request.socket.remoteAddress)));
      return route.handle(call);
    },
  };
}

function routesOf({ phones, tls, pictures, random }: CounterListening): readonly Route[] {
  const cookieOf = ({ request }: Call) => tokenOf(request.headers.cookie, cookieName(tls !== undefined));
  // Lax: who follows a link to the page keeps the cookie that it has, and no other site asks with it.
  const cookie = (token: string) => ({ 'set-cookie': `${cookieName(tls !== undefined)}=${token}; Path=/; Max-Age=${cookieSeconds}; HttpOnly; SameSite=Lax${tls === undefined ? '' : '; Secure'}` });
  const served = (answer: PhoneServed, { query }: Call): Reply => {
    const shown = answer.credential && pictures(answer.credential);
    const { phoneToken } = answer;
    return {
      status: 200,
      body: phoneServedToWire(answer, { uri: shown?.uri, svg: query.get('qr') === 'true' ? shown?.svg : undefined }),
      headers: { ...secret, ...(phoneToken === undefined ? {} : cookie(phoneToken)) },
    };
  };
  const page: Route = {
    method: 'GET',
    path: /^\/$/,
    // By its cookie a phone asks again as the same one, whichever reply it loses and whenever it loads the page anew.
    handle: async (call) => ({
      status: 200,
      content: { type: 'text/html; charset=utf-8', text: counterPage },
      headers: { ...secret, ...cookie(cookieOf(call) ?? newPhoneToken({ random })), 'content-security-policy': counterPagePolicy },
    }),
  };
  const portal: Route = {
    method: 'GET',
    path: /^\/captive-portal$/,
    handle: async (call) => {
      const text = JSON.stringify(portalToWire(await phones().portal(cookieOf(call), addressOf(call)), `https://${hostOf(call)}/`));
      return { status: 200, content: { type: 'application/captive+json', text }, headers: { 'cache-control': 'private', 'x-content-type-options': 'nosniff' } };
    },
  };
  return [
    page,
    ...(tls === undefined ? [] : [portal]),
    {
      method: 'GET',
      path: /^\/v1\/charge$/,
      handle: async (call) => ({ status: 200, body: openCounterToWire(await phones().open(waitMs(call.query), call.signal())), headers: secret }),
    },
    {
      method: 'POST',
      path: /^\/v1\/charge\/([A-Za-z0-9_-]{1,64})$/,
      handle: async (call) => {
        const { account_id: accountId, terminal_id: terminalId, code_number: codeNumber, password } = await call.body(checkPhonePayment);
        return served(await phones().pay(call.params[0] ?? '', { accountId, terminalId, codeNumber, password }, addressOf(call), never), call);
      },
    },
    {
      method: 'POST',
      path: /^\/v1\/charge\/([A-Za-z0-9_-]{1,64})\/declined$/,
      handle: async (call) => {
        const { reason } = await call.body(checkPhoneDecline);
        phones().declined(call.params[0] ?? '', reason, addressOf(call));
        return { status: 204, headers: secret };
      },
    },
    {
      method: 'POST',
      path: /^\/v1\/access$/,
      handle: async (call) => {
        const claim = phoneClaimFromWire(await call.body(checkPhoneAccess), cookieOf(call));
        return served(await phones().access(claim, addressOf(call), call.signal()), call);
      },
    },
  ];
}

const secret = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' } as const;
/** A charge that has begun is brought to its end, whether or not the phone hears of it. */
const never = new AbortController().signal;

/** The phone token of a cookie. What is none counts as not there, and so do several: somebody else has set one of them. */
function tokenOf(cookies: string | undefined, name: string): string | undefined {
  const named = (cookies ?? '').split(';').map((cookie) => cookie.trim()).filter((cookie) => cookie.startsWith(`${name}=`));
  const [token, ...others] = new Set(named.map((cookie) => cookie.slice(name.length + 1)));
  return token !== undefined && others.length === 0 && isPhoneToken(token) ? token : undefined;
}

/** The phone's own address: who is counted together where limits are would be taken for one here. */
function addressOf({ request }: Call): string {
  return (request.socket.remoteAddress ?? 'unknown').replace(/%.*$/, '').replace(/^::ffff:(?=[\d.]+$)/, '');
}

/** Errors: `invalid_input`. */
function hostOf({ request }: Call): string {
  const { host = '' } = request.headers;
  if (!hostForm.test(host)) {
    throw new LatchkeyError('invalid_input', 'The Host of this request is none.');
  }
  return host;
}
