import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { isLoopback } from '../api/loopback.ts';
import { LatchkeyError } from '../domain/errors.ts';
import type { LatchkeyServer } from './create-server.ts';

export interface ListenOptions {
  /** Loopback unless said otherwise. */
  readonly host?: string | undefined;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls: boolean;
  /** Plain HTTP beyond this machine, behind a proxy that does TLS. */
  readonly insecureHttp?: boolean | undefined;
}

export interface Listening {
  readonly url: string;
  readonly port: number;
}

/** Whether it may listen there. Errors: `missing_input`. */
export function requireSafeAddress({ host = '127.0.0.1', tls, insecureHttp }: Omit<ListenOptions, 'port'>): void {
  if (!tls && insecureHttp !== true && !isLoopback(host)) {
    throw new LatchkeyError(
      'missing_input',
      `Listening on ${host} needs --tls-cert and --tls-key, or --insecure-http behind a proxy that does TLS.`,
    );
  }
}

/** Errors: `missing_input` (no TLS beyond this machine), `address_in_use`, `invalid_input` (no such address here). */
export async function listen(server: LatchkeyServer, options: ListenOptions): Promise<Listening> {
  requireSafeAddress(options);
  const { host = '127.0.0.1', port } = options;
  const { http } = server;
  try {
    http.listen({ host, port });
    await once(http, 'listening');
  } catch (error) {
    throw asListenError(error, host, port);
  }
  const bound = http.address() as AddressInfo;
  const name = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
  const url = `${options.tls ? 'https' : 'http'}://${name}:${bound.port}`;
  server.log.info({ url }, 'listening');
  return { url, port: bound.port };
}

function asListenError(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') {
    return new LatchkeyError('address_in_use', `Port ${port} of ${host} is already in use.`);
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EACCES') {
    return new LatchkeyError('invalid_input', `It is not possible to listen on ${host}, port ${port}.`, { cause: error });
  }
  return error;
}
