import type { Writable } from 'node:stream';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

export interface LogOptions {
  readonly level: LogLevel;
  /** Where the lines go: stderr. */
  readonly stream: Writable;
}

/** Members that hold secrets under whatever they stand, three levels deep. */
const secretNames = [
  'authorization', 'password', 'passTmp', 'pass_tmp', 'psk', 'token', 'secret', 'code', 'deviceProof', 'device_proof',
  'key', 'cert', 'passphrase',
];
// A code is a secret when somebody sends or gets it, and the name of the matter in an error.
const named = secretNames.filter((name) => name !== 'code');
const paths = [
  ...named.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
  'body.code', 'reply.code', '*.body.code', '*.reply.code', 'code',
];

/** Options of the pino that Fastify makes: JSON lines, and no secret in them. */
export function loggerOptions({ level, stream }: LogOptions) {
  return { level, stream, redact: { paths, censor: '[redacted]' } };
}
