import { setTimeout as delay } from 'node:timers/promises';
import { LatchkeyError, type ErrorCode } from '../../domain/errors.ts';
import { qrSvg } from '../../formats/qr-picture.ts';
import { qrCode } from '../../formats/qr.ts';
import { wifiUri } from '../../formats/wifi-uri.ts';
import type { Log } from '../../roles/agent/log.ts';
import type { Credential } from '../../roles/device/ports.ts';
import type { CounterDesk } from '../../roles/pos/counter-desk.ts';
import { PhoneCounter } from '../../roles/pos/phone-counter.ts';
import { counterSocket } from '../agent-files.ts';
import { agentLog } from '../agent-log.ts';
import { readText, type RoleFlags } from '../destination.ts';
import type { ListenAddress } from '../listen-address.ts';
import { systemRandom } from '../local-registry.ts';
import type { Opening } from '../open-role.ts';
import { counterEventToWire, settledToWire, troubleOf, type CounterEventWire } from '../present/counter-events.ts';
import { openCounter, type Counter } from './open-counter.ts';
import { openCounterDesk, openReader } from './open-desk.ts';
import { PhoneFile } from './phone-file.ts';

export interface ServeCounterFlags extends RoleFlags {
  readonly listen: ListenAddress;
  readonly 'tls-cert'?: string | undefined;
  readonly 'tls-key'?: string | undefined;
  readonly 'insecure-http': boolean;
  readonly reader?: string | undefined;
  readonly 'no-reader': boolean;
}

export interface ServingCounter extends Opening {
  readonly quiet: boolean;
  readonly json: boolean;
  readonly signal: AbortSignal;
  readonly emit: (event: CounterEventWire) => Promise<void>;
}

/** The server does not answer now, and may later. */
const awayCodes: readonly ErrorCode[] = ['remote_unreachable', 'server_unavailable', 'timed_out', 'storage_locked', 'rate_limited'];
const [comeAgainMs, settleMs] = [2_000, 5_000];

/** Opens the counter; it closes with the command. Errors: `already_running`, `address_in_use`, `missing_input` for an address that needs TLS. */
export async function serveCounter(flags: ServeCounterFlags, serving: ServingCounter): Promise<void> {
  const { closing } = serving;
  const tls = readTls(flags);
  const { requireSafeAddress } = await import('../../server/listen.ts');
  requireSafeAddress({ host: flags.listen.host, tls: tls !== undefined, insecureHttp: flags['insecure-http'] });
  const log = agentLog(serving);
  const emit = (event: CounterEventWire) => void serving.emit(event).catch((error: unknown) => log('warn', 'An event could not be printed.', { error }));
  const counter = await onceThere(() => openCounter(flags, serving), emit, serving.signal);
  const desk = openCounterDesk(counter, {
    reader: flags['no-reader'] ? undefined : await openReader(flags.reader),
    onEvent: (event) => emit(counterEventToWire(event)),
    onSettled: (charge) => emit(settledToWire(charge)),
    failed: (error) => log('error', 'A card could not be served.', { error }),
  });
  const [{ serveCounterControl }, { createCounterListener }] = await Promise.all([import('../../agent/counter-control.ts'), import('../../agent/counter-listener.ts')]);
  closing.defer(await serveCounterControl(desk, counterSocket(counter.register.id), log));
  const phones = new PhoneCounter(desk, counter.pos, new PhoneFile(counter.register.id, (error) => log('warn', 'Where phones were let in cannot be kept.', { error })));
  const listener = createCounterListener({ phones, tls, pictures, random: systemRandom, log });
  const port = await listener.listen(flags.listen.port, flags.listen.host);
  closing.defer(() => listener.close());
  work(desk, serving, { emit, log });
  const host = flags.listen.host.includes(':') ? `[${flags.listen.host}]` : flags.listen.host;
  await serving.emit({
    event: 'listening',
    register_id: counter.register.id,
    url: `${tls === undefined ? 'http' : 'https'}://${host}:${port}/`,
    captive_portal: tls !== undefined,
    ...(flags['no-reader'] ? {} : { reader: flags.reader ?? 'any reader' }),
    pid: process.pid,
  });
}

/** What goes on beside the calls: the reader, and what is left open. */
function work(desk: CounterDesk, { closing }: ServingCounter, { emit, log }: { readonly emit: (event: CounterEventWire) => void; readonly log: Log }): void {
  const stop = new AbortController();
  const failed = (error: unknown) => log('error', 'The counter has to do without what failed.', { error });
  const running = Promise.all([desk.serveReader(stop.signal).catch(failed), settleAgainAndAgain(desk, stop.signal, emit).catch(failed)]);
  closing.defer(async () => {
    stop.abort();
    await Promise.race([running, delay(comeAgainMs, undefined, { ref: false })]);
  });
}

async function settleAgainAndAgain(desk: CounterDesk, signal: AbortSignal, emit: (event: CounterEventWire) => void): Promise<void> {
  let isAway = false;
  while (!signal.aborted) {
    try {
      await desk.settle();
      if (isAway) {
        emit({ event: 'server', reachable: true });
      }
      isAway = false;
    } catch (error) {
      if (!(error instanceof LatchkeyError)) {
        throw error;
      }
      if (!isAway) {
        emit({ event: 'server', reachable: false, ...troubleOf(error) });
      }
      isAway = true;
    }
    await delay(settleMs, undefined, { signal }).catch(() => {});
  }
}

/** A register that comes up before its server waits for it. */
async function onceThere(open: () => Promise<Counter>, emit: (event: CounterEventWire) => void, signal: AbortSignal): Promise<Counter> {
  for (let said = false; ; said = true) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof LatchkeyError) || !awayCodes.includes(error.code) || signal.aborted) {
        throw error;
      }
      if (!said) {
        emit({ event: 'waiting', reachable: false, ...troubleOf(error) });
      }
      await delay(comeAgainMs);
    }
  }
}

function readTls(flags: ServeCounterFlags): { cert: string; key: string } | undefined {
  const { 'tls-cert': cert, 'tls-key': key } = flags;
  return cert === undefined || key === undefined ? undefined : { cert: readText(cert, '--tls-cert'), key: readText(key, '--tls-key') };
}

const moduleMm = 1;

function pictures(credential: Credential): { readonly uri: string; readonly svg: string } {
  const uri = wifiUri(credential, { dialect: credential.passwordId === undefined ? 'classic' : 'wpa3' });
  return { uri, svg: qrSvg(qrCode(uri, 'M'), moduleMm) };
}
