import type { AddressInfo, Server } from 'node:net';
import { LatchkeyError } from '../domain/errors.ts';
import type { Admission } from './admission.ts';
import type { Log } from '../roles/agent/log.ts';

/** Connections that the kernel holds until we take them: a thousand devices may come in the same moment. */
const backlog = 4096;

/** A server for devices that is ready to listen. */
export interface DeviceListener {
  /** Resolves to the port; 0 asks for any. Errors: `address_in_use`, `invalid_input` (no such address, not allowed). */
  listen(port: number, host: string): Promise<number>;
  /** Ends all connections: devices come back under the same hello. */
  close(): Promise<void>;
}

export function deviceListener(server: Server, admission: Admission, log: Log): DeviceListener {
  return {
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, `${host}:${port}`)));
        server.listen({ port, backlog, host }, () => {
          // Running out of descriptors, say: it passes, and those who are connected go on.
          server.on('error', (error) => log('error', 'A connection could not be accepted.', { error }));
          resolve((server.address() as AddressInfo).port);
        });
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        admission.endAll();
      }),
  };
}

function listenError(error: NodeJS.ErrnoException, address: string): unknown {
  if (error.code === 'EADDRINUSE') {
    return new LatchkeyError('address_in_use', `Something else listens at ${address}.`, { cause: error });
  }
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'EACCES' || error.code === 'ENOTFOUND') {
    return new LatchkeyError('invalid_input', `The agent cannot listen at ${address} (${error.code}).`, { cause: error });
  }
  return error;
}
