import { isLoopback } from '../api/loopback.ts';
import type { LossBearer } from '../domain/credit-code.ts';
import type { Limits } from '../server/limits.ts';
import type { LogLevel } from '../server/log.ts';
import { readText } from './destination.ts';
import type { ListenAddress } from './listen-address.ts';
import { databaseUrl, keepReloading, openRegistry, systemClock, systemRandom, withoutPassword } from './local-registry.ts';
import type { Opening } from './open-role.ts';
import { openPaymentProviders } from './open-payment-providers.ts';
import { openVerificationSender } from './open-verification.ts';

export interface ServerFlags {
  readonly database?: string | undefined;
  readonly listen: ListenAddress;
  readonly 'tls-cert'?: string | undefined;
  readonly 'tls-key'?: string | undefined;
  readonly 'insecure-http': boolean;
  readonly 'trust-proxy'?: readonly string[] | undefined;
  readonly 'rate-limit': number;
  readonly reuse: boolean;
  readonly 'verification-command'?: string | undefined;
  readonly 'verification-file'?: string | undefined;
  readonly 'allow-md5': boolean;
  readonly 'code-losses'?: LossBearer | undefined;
  readonly witnesses?: number | undefined;
  readonly 'prove-again-after'?: number | undefined;
  readonly 'stripe-key-file'?: string | undefined;
  readonly 'stripe-webhook-secret-file'?: string | undefined;
}

/** Opens the database and listens; what it opened is closed with the command, the server before its database. */
export async function startServer(flags: ServerFlags, { closing, sources }: Opening, level: LogLevel): Promise<{ url: string; database: string }> {
  const { listen, requireSafeAddress } = await import('../server/listen.ts');
  const tls = readTls(flags);
  const address = { ...flags.listen, tls: tls !== undefined, insecureHttp: flags['insecure-http'] };
  requireSafeAddress(address);
  const database = databaseUrl(flags.database);
  const providers = await openPaymentProviders(flags, systemClock, sources);
  const { store, keyring } = await openRegistry(closing, sources, database);
  const { createServer } = await import('../server/create-server.ts');
  const server = createServer({
    store,
    clock: systemClock,
    random: systemRandom,
    tls,
    log: { level: logLevel(level), stream: process.stderr },
    reuse: flags.reuse,
    verificationSender: await openVerificationSender(flags),
    allowMd5: flags['allow-md5'],
    codeLosses: flags['code-losses'],
    providers,
    witnesses: flags.witnesses ?? usualWitnesses(flags.listen.host),
    proveAgainMs: flags['prove-again-after'],
    trustProxy: flags['trust-proxy'],
    limits: rateLimits(flags['rate-limit']),
  });
  closing.defer(() => server.stop());
  keepReloading(keyring, closing, (error) => server.log.error({ err: error }, 'the keys could not be read again'));
  const { url } = await listen(server, address);
  return { url, database: withoutPassword(database) };
}

/** On loopback everybody is who runs it: nobody else's word is needed (protocol.md section 6). */
export function usualWitnesses(host: string): number {
  return isLoopback(host) ? 0 : 1;
}

function readTls(flags: ServerFlags): { cert: string; key: string } | undefined {
  const { 'tls-cert': cert, 'tls-key': key } = flags;
  return cert === undefined || key === undefined
    ? undefined
    : { cert: readText(cert, '--tls-cert'), key: readText(key, '--tls-key') };
}

function rateLimits(perSecond: number): Partial<Limits> {
  const rate = (times: number) => ({ perSecond: perSecond * times, burst: perSecond * times * 10 });
  return { perToken: rate(1), perAddress: rate(2) };
}

const levels: readonly string[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] satisfies LogLevel[];

function logLevel(usual: LogLevel): LogLevel {
  const wanted = process.env['LATCHKEY_LOG'];
  return wanted !== undefined && levels.includes(wanted) ? (wanted as LogLevel) : usual;
}
