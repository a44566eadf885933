import { LatchkeyError } from '../../domain/errors.ts';
import { defaultRouter } from './default-router.ts';

/** Where an AP agent says hello. */
export interface AccessPointAddress {
  readonly host: string;
  readonly port: number;
}

const helloPort = 8430;
/** Where an agent passes guests on to its server. */
const relayPort = 8432;

/** `http://HOST[:PORT]` or `HOST[:PORT]`, port 8430 if none is given. Errors: `invalid_input`. */
export function parseAccessPoint(text: string): AccessPointAddress {
  return parsePlace(text, helloPort);
}

/** `HOST[:PORT]`, port 8432 if none is given. Errors: `invalid_input`. */
export function parseGateway(text: string): AccessPointAddress {
  return parsePlace(text, relayPort);
}

/** `http://HOST[:PORT]` or `HOST[:PORT]`. `port`: if none is given. Errors: `invalid_input`. */
export function parsePlace(text: string, port: number): AccessPointAddress {
  const url = /^[a-z]+:\/\//i.test(text) ? text : `http://${text}`;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const bare = parsed?.pathname === '/' && parsed.search === '' && parsed.hash === '' && parsed.username === '';
  if (parsed?.protocol !== 'http:' || !bare || parsed.hostname === '') {
    throw new LatchkeyError('invalid_input', `"${text}" is not the address of an access point such as http://192.168.4.1:8430.`);
  }
  // URL drops port 80 as the default of http.
  return addressOf(parsed, /:80\/?$/.test(url) ? 80 : port);
}

/** `port` is that of a URL which names none. */
export function addressOf(url: URL, port: number): AccessPointAddress {
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? port : Number(url.port) };
}

/** The access point at the IPv4 default router (protocol.md section 1, where the agent is). Errors: `missing_input`. */
export async function defaultAccessPoint(): Promise<AccessPointAddress> {
  return { host: await routerOr('say where the access point is (--ap URL)'), port: helloPort };
}

/** As `defaultAccessPoint`, where it passes guests on to its server. */
export async function defaultGateway(): Promise<AccessPointAddress> {
  return { host: await routerOr('say where the access point is (--via HOST)'), port: relayPort };
}

/** Errors: `missing_input`, with what to do. */
export async function routerOr(advice: string): Promise<string> {
  const host = await defaultRouter();
  if (host === undefined) {
    throw new LatchkeyError('missing_input', `This machine has no IPv4 default router: ${advice}.`);
  }
  return host;
}
