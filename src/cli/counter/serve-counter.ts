import { setTimeout as delay } from 'node:timers/promises';
import { isLoopback } from '../../api/loopback.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { qrSvg } from '../../formats/qr-picture.ts';
import { qrCode } from '../../formats/qr.ts';
import { wifiUri } from '../../formats/wifi-uri.ts';
import type { Log } from '../../roles/agent/log.ts';
import type { Credential } from '../../roles/device/ports.ts';
import type { CounterDesk } from '../../roles/pos/counter-desk.ts';
import { PhoneCounter } from '../../roles/pos/phone-counter.ts';
import { PhoneEntrance } from '../../roles/pos/phone-entrance.ts';
import { counterSocket } from '../agent-files.ts';
import { agentLog } from '../agent-log.ts';
import { readText, type RoleFlags } from '../destination.ts';
import type { ListenAddress } from '../listen-address.ts';
import { systemRandom } from '../local-registry.ts';
import type { Opening } from '../open-role.ts';
import { counterEventToWire, settledToWire, troubleOf, type CounterEventWire } from '../present/counter-events.ts';
import { isServerAway } from '../server-away.ts';
import { openCounter, type Counter } from './open-counter.ts';
import { openCounterDesk, openReader } from './open-desk.ts';
import { PhoneFile } from './phone-file.ts';

export interface ServeCounterFlags extends RoleFlags {
  readonly listen: ListenAddress;
  readonly 'tls-cert'?: string | undefined;
  readonly 'tls-key'?: string | undefined;
  readonly 'insecure-http': boolean;
  readonly 'phone-url'?: string | undefined;
  readonly reader?: string | undefined;
  readonly 'no-reader': boolean;
}

export interface ServingCounter extends Opening {
  readonly quiet: boolean;
  readonly json: boolean;
  readonly signal: AbortSignal;
  readonly emit: (event: CounterEventWire) => Promise<void>;
}

const [comeAgainMs, settleMs] = [2_000, 5_000];

/** What goes on while the counter is served. */
export interface ServedCounter {
  /** Ends with what keeps a counter for good from being opened that had to wait for its server. */
  readonly failed: Promise<never>;
}

type Emit = (event: CounterEventWire) => void;

/**
 * Opens the counter; it closes with the command. While its server is away phones are served with that, until it can be
 * opened. Errors: `already_running`, `address_in_use`, `missing_input` for an address that needs TLS.
 */
export async function serveCounter(flags: ServeCounterFlags, serving: ServingCounter): Promise<ServedCounter> {
  const { closing } = serving;
  const tls = readTls(flags);
  const { requireSafeAddress } = await import('../../server/listen.ts');
  requireSafeAddress({ host: flags.listen.host, tls: tls !== undefined, insecureHttp: flags['insecure-http'] });
  const log = agentLog(serving);
  const emit: Emit = (event) => void serving.emit(event).catch((error: unknown) => log('warn', 'An event could not be printed.', { error }));
  const phones = new PhoneEntrance();
  const { createCounterListener } = await import('../../agent/counter-listener.ts');
  const listener = createCounterListener({ phones, tls, pictures, random: systemRandom, log });
  let phonesFind: string | undefined;
  const phoneUrl = () => phonesFind;
  const listening = async () => {
    const port = await listener.listen(flags.listen.port, flags.listen.host);
    closing.defer(() => listener.close());
    const host = flags.listen.host.includes(':') ? `[${flags.listen.host}]` : flags.listen.host;
    const url = `${tls === undefined ? 'http' : 'https'}://${host}:${port}/`;
    phonesFind = flags['phone-url'] ?? (isReachedByPhones(flags.listen.host) ? url : undefined);
    return url;
  };
  const said = (registerId: string, url: string): CounterEventWire => ({
    event: 'listening',
    register_id: registerId,
    url,
    captive_portal: tls !== undefined,
    ...(flags['no-reader'] ? {} : { reader: flags.reader ?? 'any reader' }),
    pid: process.pid,
  });
  const opened = await openIfThere(flags, serving);
  if (!(opened instanceof LatchkeyError)) {
    const desk = await openDesk(opened, flags, serving, { emit, log, phoneUrl });
    phones.opens(phonesAt(desk, opened, log));
    const url = await listening();
    work(desk, serving, { emit, log });
    await serving.emit(said(opened.register.id, url));
    return { failed: new Promise(() => {}) };
  }
  const url = await listening();
  await serving.emit({ event: 'waiting', url, reachable: false, ...troubleOf(opened), pid: process.pid });
  const resources = new AsyncDisposableStack();
  const stop = new AbortController();
  const opening = onceThere(flags, { ...serving, closing: resources }, stop.signal).then(async (counter) => {
    if (counter !== undefined) {
      const desk = await openDesk(counter, flags, { ...serving, closing: resources }, { emit, log, phoneUrl });
      phones.opens(phonesAt(desk, counter, log));
      work(desk, { ...serving, closing: resources }, { emit, log });
      emit(said(counter.register.id, url));
    }
  });
  closing.defer(async () => {
    stop.abort();
    await Promise.race([opening.catch(() => {}), delay(comeAgainMs, undefined, { ref: false })]);
    await resources.disposeAsync();
  });
  return { failed: new Promise((_, reject) => opening.catch(reject)) };
}

/** The counter of a register that is known, and its control. Errors: `already_running`. */
async function openDesk(counter: Counter, flags: ServeCounterFlags, { closing }: ServingCounter, { emit, log, phoneUrl }: { readonly emit: Emit; readonly log: Log; readonly phoneUrl: () => string | undefined }): Promise<CounterDesk> {
  const desk = openCounterDesk(counter, {
    reader: flags['no-reader'] ? undefined : await openReader(flags.reader),
    onEvent: (event) => emit(counterEventToWire(event)),
    onSettled: (charge) => emit(settledToWire(charge)),
    failed: (error) => log('error', 'A card could not be served.', { error }),
  });
  const { serveCounterControl } = await import('../../agent/counter-control.ts');
  closing.defer(await serveCounterControl(desk, counterSocket(counter.register.id), { log, phoneUrl }));
  return desk;
}

function phonesAt(desk: CounterDesk, { pos, register }: Counter, log: Log): PhoneCounter {
  return new PhoneCounter(desk, pos, new PhoneFile(register.id, (error) => log('warn', 'Where phones were let in cannot be kept.', { error })));
}

/** Not this machine alone, and one address rather than all that it has. */
function isReachedByPhones(host: string): boolean {
  return !isLoopback(host) && host !== '0.0.0.0' && host !== '::';
}

/** What goes on beside the calls: the reader, and what is left open. */
function work(desk: CounterDesk, { closing }: ServingCounter, { emit, log }: { readonly emit: Emit; readonly log: Log }): void {
  const stop = new AbortController();
  const failed = (error: unknown) => log('error', 'The counter has to do without what failed.', { error });
  const running = Promise.all([desk.serveReader(stop.signal).catch(failed), settleAgainAndAgain(desk, stop.signal, emit).catch(failed)]);
  closing.defer(async () => {
    stop.abort();
    await Promise.race([running, delay(comeAgainMs, undefined, { ref: false })]);
  });
}

async function settleAgainAndAgain(desk: CounterDesk, signal: AbortSignal, emit: Emit): Promise<void> {
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

/** The counter, or why its server cannot be asked now. Errors: all others. */
async function openIfThere(flags: ServeCounterFlags, { closing, ...opening }: ServingCounter): Promise<Counter | LatchkeyError> {
  await using attempt = new AsyncDisposableStack();
  try {
    const counter = await openCounter(flags, { ...opening, closing: attempt });
    closing.use(attempt.move());
    return counter;
  } catch (error) {
    if (isServerAway(error) && !opening.signal.aborted) {
      return error;
    }
    throw error;
  }
}

/** A register that comes up before its server waits for it; undefined if the signal comes first. */
async function onceThere(flags: ServeCounterFlags, serving: ServingCounter, signal: AbortSignal): Promise<Counter | undefined> {
  while (!signal.aborted) {
    await delay(comeAgainMs, undefined, { signal }).catch(() => {});
    const opened = signal.aborted ? undefined : await openIfThere(flags, serving);
    if (!(opened instanceof LatchkeyError)) {
      return signal.aborted ? undefined : opened;
    }
  }
  return undefined;
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
