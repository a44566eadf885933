import { LatchkeyError } from '../domain/errors.ts';
import type { AgentOptions } from '../roles/agent/service.ts';
import { AgentService } from '../roles/agent/service.ts';
import type { ConnectionLimits } from './admission.ts';
import { serveControl } from './control-socket.ts';
import { Doorway } from './doorway.ts';
import { createHelloListener } from './hello-listener.ts';
import { usualRequestMs } from './json-http.ts';
import { macOf } from './neighbours.ts';
import { createSecureListener } from './secure-listener.ts';
import { createServerRelay, relayTargetOf } from './server-relay.ts';
import { keepMemorySmall } from './small-memory.ts';

export interface RunOptions extends AgentOptions {
  /** Where devices come from. */
  readonly listen: { readonly host: string; readonly helloPort: number; readonly securePort: number };
  /** Where guests are passed on to the server, if there is one; without a port where the usual one is free. */
  readonly relay?: { readonly port: number | undefined } | undefined;
  /** This machine on the main network, for `joined_url`; where not given, the address that the device reached. */
  readonly mainAddress?: string | undefined;
  /** Path of the Unix socket for the commands beside it; none if not given. */
  readonly controlSocket?: string | undefined;
  readonly connectionLimits?: Partial<ConnectionLimits>;
}

export interface RunningAgent {
  readonly service: AgentService;
  readonly helloPort: number;
  readonly securePort: number;
  readonly relayPort: number | undefined;
  close(): Promise<void>;
}

/** A thousand devices may wait at once; no client address may be many of them. */
const connectionLimits: ConnectionLimits = { connectionsPerAddress: 16, connections: 1200, requestMs: usualRequestMs };

/** Connections on both ports that may be in the middle of a handshake or of their first request at once. */
const doorwayPlaces = 128;

const usualRelayPort = 8432;

/** Starts the agent with its listeners. Errors: `already_running`, `address_in_use`, `invalid_input` (the address). */
export async function runAgent(options: RunOptions): Promise<RunningAgent> {
  const { listen, mainAddress, controlSocket, log } = options;
  keepMemorySmall();
  const limits = { ...connectionLimits, ...options.connectionLimits };
  const doorway = new Doorway(doorwayPlaces);
  const service = new AgentService({ macOf, ...options });
  const closing: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const end of closing.toReversed()) {
      await end();
    }
    await service.close();
  };
  try {
    if (controlSocket !== undefined) {
      closing.push(await serveControl(service, controlSocket, log));
    }
    await service.start();
    const secure = createSecureListener({ devices: service.devices, limits, doorway, mainAddress, log });
    const securePort = await secure.listen(listen.securePort, listen.host);
    closing.push(secure.close);
    const hello = createHelloListener({
      devices: service.devices,
      plain: service.plain,
      limits,
      doorway,
      securePort,
      mainAddress,
      log,
    });
    const helloPort = await hello.listen(listen.helloPort, listen.host);
    closing.push(hello.close);
    const relayPort = await openRelay(options, closing);
    service.listening({ helloPort, securePort, relayPort });
    return { service, helloPort, securePort, relayPort, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Several agents on one machine do not keep each other from serving devices. */
async function openRelay({ relay, serverUrl, listen, log }: RunOptions, closing: (() => Promise<void>)[]): Promise<number | undefined> {
  if (relay === undefined || serverUrl === undefined) {
    return undefined;
  }
  const listener = createServerRelay({ target: relayTargetOf(serverUrl), log });
  try {
    const port = await listener.listen(relay.port ?? usualRelayPort, listen.host);
    closing.push(listener.close);
    return port;
  } catch (error) {
    if (relay.port === undefined && error instanceof LatchkeyError && error.code === 'address_in_use') {
      log('warn', 'Guests without a network cannot reach the server here: the port for that is taken (--relay-port).', { port: usualRelayPort });
      return undefined;
    }
    throw error;
  }
}
