import type { Writable } from 'node:stream';
import pino, { type Logger } from 'pino';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

export interface LogOptions {
  readonly level: LogLevel;
  /** Where the lines go: stderr. */
  readonly stream: Writable;
}

/** Members that hold secrets, wherever they stand in what is logged, three levels deep. */
const secretNames = [
  'authorization', 'password', 'passTmp', 'pass_tmp', 'psk', 'token', 'secret', 'deviceProof', 'device_proof', 'key', 'passphrase',
];
const paths = [
  ...secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
  // Of an error `code` is its name, elsewhere it is an enrolment code.
  'code', 'body.code', '*.body.code',
];

/** JSON lines like those of the AP agent: time, level and message, then what belongs to it, and no secret in them. */
export function makeLog(options: LogOptions | undefined): Logger {
  if (options === undefined) {
    return pino({ level: 'silent' });
  }
  return pino(
    {
      level: options.level,
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      redact: { paths, censor: '[redacted]' },
    },
    options.stream,
  );
}

export type Log = Logger;
