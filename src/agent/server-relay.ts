import { lookup as resolve } from 'node:dns';
import { BlockList, connect, createServer, type LookupFunction, type Socket } from 'node:net';
import { LatchkeyError } from '../domain/errors.ts';
import type { Log } from '../roles/agent/log.ts';
import { limitConnections } from './admission.ts';
import { deviceListener, type DeviceListener } from './device-listener.ts';
import { Doorway } from './doorway.ts';

export interface RelayTarget {
  readonly host: string;
  readonly port: number;
}

export interface RelayLimits {
  readonly connectionsPerAddress: number;
  readonly connections: number;
  /** A client has to say something after this long, and the server to take the connection. */
  readonly firstMs: number;
  /** Without a byte either way for this long it ends; longer than a server is silent to one that waits for events. */
  readonly idleMs: number;
}

interface Options {
  readonly target: RelayTarget;
  readonly limits?: Partial<RelayLimits>;
  readonly log: Log;
}

/** A guest has a few connections, and a shared network has some hundred guests. */
const usualLimits: RelayLimits = { connectionsPerAddress: 8, connections: 512, firstMs: 10_000, idleMs: 90_000 };
/** Of what one side has sent and the other has not taken yet, each way; more waits at its sender. */
const bufferBytes = 16_384;

/** The machine's own addresses, also as IPv4 in IPv6, and those that stand for none. */
const own = new BlockList();
own.addSubnet('127.0.0.0', 8, 'ipv4');
own.addSubnet('0.0.0.0', 8, 'ipv4');
own.addAddress('::1', 'ipv6');
own.addAddress('::', 'ipv6');

/** Where a server is, by its address. */
export function relayTargetOf(serverUrl: string): RelayTarget {
  const { hostname, port, protocol } = new URL(serverUrl);
  const usual = protocol === 'https:' ? 443 : 80;
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? usual : Number(port) };
}

/**
 * Port 8432 (protocol.md section 1): passes TCP on to the configured server and to nothing else, for guests who reach
 * nothing but the agent. TLS is between guest and server, under the server's name, which is resolved here: a name that
 * somebody turns to this machine's own addresses leads nowhere. The server hears of a connection with its first byte.
 */
export function createServerRelay({ target, limits: given, log }: Options): DeviceListener {
  const limits = { ...usualLimits, ...given };
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true, highWaterMark: bufferBytes });
  server.on('connection', (guest: Socket) => relay(guest, target, limits, log));
  // Each has a place: whoever is let in costs as little while it says nothing as where it would wait.
  const doorway = new Doorway(limits.connections);
  const admission = limitConnections(server, { ...limits, requestMs: limits.firstMs, doorway, goesOn: false });
  return deviceListener(server, admission, log);
}

function relay(guest: Socket, target: RelayTarget, { firstMs, idleMs }: RelayLimits, log: Log): void {
  guest.setTimeout(firstMs, () => guest.destroy());
  guest.once('data', (first: Buffer) => {
    guest.pause();
    const options = { ...target, lookup: lookupFor(target.host), allowHalfOpen: true, noDelay: true, highWaterMark: bufferBytes };
    const server = connect(options);
    server.setTimeout(firstMs, () => server.destroy());
    server.once('connect', () => {
      for (const end of [guest, server]) {
        end.setTimeout(idleMs);
      }
      server.write(first);
      guest.pipe(server);
      server.pipe(guest);
    });
    server.once('error', (error) => log(error instanceof LatchkeyError ? 'warn' : 'debug', 'A guest could not be passed on to the server.', { error }));
    server.once('close', () => guest.destroy());
    guest.once('close', () => server.destroy());
  });
  guest.once('end', () => guest.bytesRead === 0 && guest.destroy());
  guest.resume();
}

/** Errors, to its callback: `not_permitted` for a name that leads to this machine alone although it is not its name. */
function lookupFor(host: string): LookupFunction {
  return (name, options, done) => {
    resolve(name, { ...options, all: true }, (error, found) => {
      const addresses = host === 'localhost' ? found : found?.filter(({ address, family }) => !own.check(address, family === 6 ? 'ipv6' : 'ipv4'));
      if (error === null && addresses.length === 0) {
        done(new LatchkeyError('not_permitted', `${name} leads to this machine itself: guests are not let at what listens here.`), '');
      } else if (options.all === true) {
        done(error, addresses ?? []);
      } else {
        done(error, addresses?.[0]?.address ?? '', addresses?.[0]?.family);
      }
    });
  };
}
