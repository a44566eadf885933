import { setTimeout as delay } from 'node:timers/promises';
import { LatchkeyError } from '../../domain/errors.ts';
import { parseLeftThreshold, parseUsedThresholds, type LowThreshold } from '../../domain/low-threshold.ts';
import type { Network } from '../../domain/network.ts';
import { isServerAway } from '../../domain/server-away.ts';
import { parsePassphrase, parseSsid, type Security } from '../../domain/ssid.ts';
import { signReading } from '../../protocol/meter-reading.ts';
import type { Prompt } from '../../roles/agent/ports.ts';
import type { NetworksRole } from '../../roles/networks/ports.ts';
import type { SharedAccessPoint } from '../../roles/sharing/ports.ts';
import { agentLog } from '../agent-log.ts';
import { secretStore, type RoleFlags } from '../destination.ts';
import { systemClock } from '../local-registry.ts';
import { openPrompt } from '../open-prompt.ts';
import { openAgentControl, openEvents, openNetworks, openSharing, type Opening } from '../open-role.ts';
import { sharerEventToWire, type SharerEventWire } from '../present/sharer-events.ts';
import { readSecret } from '../secret-input.ts';
import { haveMeterKey } from './meter-key.ts';
import { SealedFile } from './sealed-file.ts';

export const sharedRadios = ['agent', 'none'] as const;

export interface ServeNetworkFlags extends RoleFlags {
  readonly radio: (typeof sharedRadios)[number];
  readonly security?: Security | undefined;
  readonly 'password-file'?: string | undefined;
  readonly yes: boolean;
  readonly prompt?: string | undefined;
  readonly warn: string;
  readonly 'warn-left'?: readonly string[] | undefined;
  readonly listen: string;
  readonly 'thumbprint-port': number;
}

export interface ServingNetwork extends Opening {
  readonly quiet: boolean;
  readonly json: boolean;
  readonly emit: (event: SharerEventWire) => Promise<void>;
}

const comeAgainMs = 2_000;

/**
 * Serves a network until the command ends; resolves once it has begun what it can: `served` rejects with what keeps it for good
 * from serving. Errors: `missing_input`, `address_in_use`, those of what it opens.
 */
export async function serveNetwork(networkId: string, flags: ServeNetworkFlags, serving: ServingNetwork): Promise<{ readonly served: Promise<void> }> {
  const { closing, sources } = serving;
  const log = agentLog(serving);
  const thresholds = thresholdsFrom(flags);
  const prompt = await openQuestions(flags, serving);
  const password = flags.radio === 'none' ? await readPassword(flags, serving) : undefined;
  const [sharing, networks, events] = await Promise.all([openSharing(flags, serving), openNetworks(flags, serving), openEvents(flags, serving)]);
  const meterKey = await haveMeterKey(await secretStore(sources), networkId);
  const sealed = new SealedFile(networkId);
  const emit = (event: SharerEventWire) => void serving.emit(event).catch((error: unknown) => log('warn', 'An event could not be printed.', { error }));
  const end = new AbortController();
  const serve = async () => {
    const opened = await openSharedAccessPoint(networkId, flags, password, { networks, emit, signal: end.signal });
    if (opened === undefined) {
      return;
    }
    const { accessPoint, enforced } = opened;
    const [{ SharerDesk }, { ThumbprintDesk }, { createThumbprintListener }] = await Promise.all([
      import('../../roles/sharer/desk.ts'), import('../../roles/sharer/thumbprint-desk.ts'), import('../../agent/thumbprint-listener.ts'),
    ]);
    const listener = createThumbprintListener({ desk: new ThumbprintDesk({ accessPoint, sealed }), log });
    const port = await listener.listen(flags['thumbprint-port'], flags.listen);
    const desk = new SharerDesk({
      networkId, sharing, networks, events, accessPoint, sealed,
      signer: { publicKey: meterKey.publicKey, sign: (reading) => signReading(reading, meterKey.privateKey) },
      approveAll: flags.yes,
      prompt,
      thresholds,
      clock: systemClock,
      onEvent: (event) => emit(sharerEventToWire(event)),
      log,
    });
    const { apId } = accessPoint;
    try {
      await desk.run(end.signal, () => emit({ event: 'serving', network_id: networkId, ...(apId === undefined ? {} : { ap_id: apId }), enforced, thumbprint_port: port, pid: process.pid }));
    } finally {
      await listener.close();
    }
  };
  const served = serve();
  closing.defer(async () => {
    end.abort();
    await Promise.race([served.catch(() => {}), delay(comeAgainMs, undefined, { ref: false })]);
  });
  return { served };
}

function thresholdsFrom({ warn, 'warn-left': left = [] }: ServeNetworkFlags): LowThreshold[] {
  return [...(warn === 'never' ? [] : parseUsedThresholds(warn)), ...left.map(parseLeftThreshold)];
}

/** At a terminal the sharer is asked there unless somebody else is named. */
async function openQuestions({ prompt, yes }: ServeNetworkFlags, { sources, json }: ServingNetwork): Promise<Prompt | undefined> {
  const spec = prompt ?? (sources.interactive === true && !json ? 'terminal' : undefined);
  return spec === undefined || yes ? undefined : openPrompt(spec, sources);
}

async function readPassword(flags: ServeNetworkFlags, { sources }: ServingNetwork): Promise<string> {
  const text = await readSecret({
    name: 'password',
    file: flags['password-file'],
    storeName: 'ap/password',
    store: () => secretStore(sources),
    message: 'Password of the network:',
    ...sources,
  });
  return parsePassphrase(text);
}

interface Waiting {
  readonly networks: NetworksRole;
  readonly emit: (event: SharerEventWire) => void;
  readonly signal: AbortSignal;
}

interface OpenedAccessPoint {
  readonly accessPoint: SharedAccessPoint;
  /** Whether guests are let in and cut off one by one. */
  readonly enforced: boolean;
}

/** Whoever is away is waited for; undefined if the signal comes first. */
async function openSharedAccessPoint(networkId: string, { radio, security }: ServeNetworkFlags, password: string | undefined, waiting: Waiting): Promise<OpenedAccessPoint | undefined> {
  const { AgentAccessPoint, OwnWordAccessPoint, requireRoomForGuests } = await import('../../roles/sharer/access-points.ts');
  if (radio === 'agent') {
    const agent = await openAgentControl();
    const status = await whenThere('agent', () => agent.status(), waiting);
    if (status === undefined) {
      return undefined;
    }
    const { apId, radio } = status;
    requireRoomForGuests(radio);
    const { enforcement } = radio;
    return { accessPoint: new AgentAccessPoint({ apId, enforcement }, agent), enforced: enforcement === 'per-grant' };
  }
  const network = await whenThere('server', () => waiting.networks.network(networkId), waiting);
  return network && { accessPoint: new OwnWordAccessPoint({ ssid: ssidOf(network), password: password!, security: security ?? securityOf(network) }), enforced: false };
}

async function whenThere<T>(whom: 'server' | 'agent', ask: () => Promise<T>, { emit, signal }: Waiting): Promise<T | undefined> {
  let wasAway = false;
  while (!signal.aborted) {
    try {
      const answer = await ask();
      if (wasAway) emit(sharerEventToWire({ kind: 'reach', whom, error: undefined }));
      return answer;
    } catch (error) {
      if (!isAway(error)) {
        throw error;
      }
      if (!wasAway) emit(sharerEventToWire({ kind: 'reach', whom, error }));
      wasAway = true;
    }
    await delay(comeAgainMs, undefined, { signal }).catch(() => {});
  }
  return undefined;
}

function isAway(error: unknown): error is LatchkeyError {
  return isServerAway(error) || (error instanceof LatchkeyError && error.code === 'agent_unreachable');
}

/** As an access code names it, in text. Errors: `invalid_input`. */
function ssidOf({ id, ssid }: Network): string {
  try {
    return parseSsid(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(ssid));
  } catch (error) {
    throw new LatchkeyError('invalid_input', `The name of network ${id} is no text in UTF-8 without control characters, which an access code has to have.`, { cause: error });
  }
}

function securityOf({ security }: Network): Security {
  return security === 'wpa3-sae' ? 'wpa3-sae' : 'wpa2-psk';
}
