import type { AgentOptions } from '../roles/agent/service.ts';
import { AgentService } from '../roles/agent/service.ts';
import type { ConnectionLimits } from './admission.ts';
import { serveControl } from './control-socket.ts';
import { Doorway } from './doorway.ts';
import { createHelloListener } from './hello-listener.ts';
import { usualRequestMs } from './json-http.ts';
import { macOf } from './neighbours.ts';
import { createSecureListener } from './secure-listener.ts';
import { keepMemorySmall } from './small-memory.ts';

export interface RunOptions extends AgentOptions {
  /** Where devices come from. */
  readonly listen: { readonly host: string; readonly helloPort: number; readonly securePort: number };
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
  close(): Promise<void>;
}

/** A thousand devices may wait at once; no client address may be many of them. */
const connectionLimits: ConnectionLimits = { connectionsPerAddress: 16, connections: 1200, requestMs: usualRequestMs };

/** Connections on both ports that may be in the middle of a handshake or of their first request at once. */
const doorwayPlaces = 128;

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
    service.listening({ helloPort, securePort });
    return { service, helloPort, securePort, close };
  } catch (error) {
    await close();
    throw error;
  }
}
