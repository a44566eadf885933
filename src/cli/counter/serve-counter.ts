import { setTimeout as delay } from 'node:timers/promises';
import { isLoopback } from '../../api/loopback.ts';
import { LatchkeyError } from '../../domain/errors.ts';
import { isServerAway } from '../../domain/server-away.ts';
import { qrSvg } from '../../formats/qr-picture.ts';
import { qrCode } from '../../formats/qr.ts';
import { wifiUri } from '../../formats/wifi-uri.ts';
import type { Log } from '../../roles/agent/log.ts';
import type { Credential } from '../../roles/device/ports.ts';
import type { CounterDesk } from '../../roles/pos/counter-desk.ts';
import { PhoneCounter, type PhoneService } from '../../roles/pos/phone-counter.ts';
import { counterSocket } from '../agent-files.ts';
import { tendCodes } from '../accepting/tend-codes.ts';
import { agentLog } from '../agent-log.ts';
import { CounterGuard } from '../cards/register-guard.ts';
import { readText, type RoleFlags } from '../destination.ts';
import type { ListenAddress } from '../listen-address.ts';
import { systemRandom } from '../local-registry.ts';
import type { Opening } from '../open-role.ts';
import { counterEventToWire, settledToWire, type CounterEventWire } from '../present/counter-events.ts';
import { troubleOf } from '../present/message.ts';
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

export interface ServedCounter {
  /** Resolves when the counter is open, and rejects with what keeps it for good from being opened. */
  readonly opened: Promise<void>;
}

interface CounterOutput {
  readonly emit: (event: CounterEventWire) => void;
  readonly log: Log;
}

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
  const emit = (event: CounterEventWire) => void serving.emit(event).catch((error: unknown) => log('warn', 'An event could not be printed.', { error }));
  let phones: PhoneService | undefined;
  const phonesOrAway = () => {
    if (phones === undefined) {
      throw new LatchkeyError('server_unavailable', 'The cash register does not reach its server yet.', { retryAfter: comeAgainMs / 1000 });
    }
    return phones;
  };
  const { createCounterListener } = await import('../../agent/counter-listener.ts');
  const listener = createCounterListener({ phones: phonesOrAway, tls, pictures, random: systemRandom, log });
  let url: string | undefined;
  const listen = async () => {
    if (url === undefined) {
      const port = await listener.listen(flags.listen.port, flags.listen.host);
      closing.defer(() => listener.close());
      const host = flags.listen.host.includes(':') ? `[${flags.listen.host}]` : flags.listen.host;
      url = `${tls === undefined ? 'http' : 'https'}://${host}:${port}/`;
    }
    return url;
  };
  const phoneUrl = () => url && (flags['phone-url'] ?? (isReachedByPhones(flags.listen.host) ? url : undefined));
  const open = async (counter: Counter, resources: AsyncDisposableStack) => {
    const { pos, register } = counter;
    // Nobody is there to answer: what asks is refused, but a charge whose answer was given when it was opened.
    const guard = new CounterGuard(register, { closing: resources, interactive: false, ask: async () => false, role: pos });
    const desk = await openDesk(counter, guard, flags, { emit, log });
    const { serveCounterControl } = await import('../../agent/counter-control.ts');
    // Where an agent runs already, that is said, and not that its address is in use.
    resources.defer(await serveCounterControl(desk, counterSocket(register.id), { log, phoneUrl }));
    phones = new PhoneCounter(desk, pos, new PhoneFile(register.id, (error) => log('warn', 'Where phones were let in cannot be kept.', { error })));
    const at = await listen();
    resources.defer(work(desk, { emit, log }));
    await serving.emit({
      event: 'listening',
      register_id: register.id,
      url: at,
      captive_portal: tls !== undefined,
      ...(flags['no-reader'] ? {} : { reader: flags.reader ?? 'any reader' }),
      pid: process.pid,
    });
    resources.defer(tendCodes(counter, await counter.codes(), flags, { closing: resources, guard, emit, log }));
  };
  const found = await openIfThere(flags, serving);
  if (!(found instanceof LatchkeyError)) {
    await open(found, closing);
    return { opened: Promise.resolve() };
  }
  await serving.emit({ event: 'waiting', url: await listen(), reachable: false, ...troubleOf(found), pid: process.pid });
  const resources = new AsyncDisposableStack();
  const stop = new AbortController();
  const opened = onceThere(flags, { ...serving, closing: resources }, stop.signal).then((counter) => counter && open(counter, resources));
  closing.defer(async () => {
    stop.abort();
    await Promise.race([opened.catch(() => {}), delay(comeAgainMs, undefined, { ref: false })]);
    await resources.disposeAsync();
  });
  return { opened };
}

async function openDesk(counter: Counter, guard: CounterGuard, flags: ServeCounterFlags, { emit, log }: CounterOutput): Promise<CounterDesk> {
  return openCounterDesk(counter, {
    guard,
    reader: flags['no-reader'] ? undefined : await openReader(flags.reader),
    onEvent: (event) => emit(counterEventToWire(event)),
    onSettled: (charge) => emit(settledToWire(charge)),
    failed: (error) => log('error', 'A card could not be served.', { error }),
  });
}

/** Not this machine alone, and one address rather than all that it has. */
function isReachedByPhones(host: string): boolean {
  return !isLoopback(host) && host !== '0.0.0.0' && host !== '::';
}

/** Begins what goes on beside the calls, the reader and what is left open; the function that it returns ends that. */
function work(desk: CounterDesk, { emit, log }: CounterOutput): () => Promise<void> {
  const stop = new AbortController();
  const failed = (error: unknown) => log('error', 'The counter has to do without what failed.', { error });
  const running = Promise.all([desk.serveReader(stop.signal).catch(failed), settleAgainAndAgain(desk, stop.signal, emit).catch(failed)]);
  return async () => {
    stop.abort();
    await Promise.race([running, delay(comeAgainMs, undefined, { ref: false })]);
  };
}

async function settleAgainAndAgain(desk: CounterDesk, signal: AbortSignal, emit: CounterOutput['emit']): Promise<void> {
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
