import { existsSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import { agentStatusToWire } from '../api/agent-control.ts';
import { LatchkeyError } from '../domain/errors.ts';
import { parseVlan } from '../domain/grant.ts';
import { parseScope, type Scope } from '../domain/token.ts';
import { parseThumbprint } from '../protocol/access-code.ts';
import type { Log } from '../roles/agent/log.ts';
import type { Vlans } from '../roles/agent/service.ts';
import type { Prompt } from '../roles/agent/ports.ts';
import type { AskedRadio, PushedRadio } from '../roles/agent/radio.ts';
import type { GrantKeyStore } from '../roles/agent/store.ts';
import { termsOf, type TermsFlags } from './terms.ts';
import { agentDatabase, agentSocket } from './agent-files.ts';
import { agentLog } from './agent-log.ts';
import type { RoleFlags } from './destination.ts';
import { keepReloading, keyringOptions, systemClock, systemRandom } from './local-registry.ts';
import { openNotifier, openPrompt } from './open-prompt.ts';
import { openAp, type Opening } from './open-role.ts';
import { agentEventToWire, type AgentEventWire } from './present/agent-events.ts';
import type { SecretSources } from './secret-input.ts';

export interface AgentFlags extends RoleFlags, Omit<TermsFlags, 'vlan'> {
  readonly 'onboarding-ssid': string;
  readonly ssid: string;
  readonly vlan?: readonly string[] | undefined;
  readonly grace: number;
  readonly port: number;
  readonly 'secure-port': number;
  readonly 'relay-port'?: number | undefined;
  readonly 'no-relay': boolean;
  readonly 'main-address'?: string | undefined;
  readonly name?: string | undefined;
  readonly 'auto-approve'?: readonly string[] | undefined;
  readonly 'allow-plain': boolean;
  readonly 'pos-key'?: readonly string[] | undefined;
  readonly prompt?: string | undefined;
  readonly notify?: string | undefined;
}

export interface Serving extends Opening {
  readonly quiet: boolean;
  readonly json: boolean;
  readonly emit: (event: AgentEventWire) => Promise<void>;
  /** Where devices come from. */
  readonly deviceAddress: string;
  /** Nothing of it is started yet. */
  readonly openRadio: (keys: GrantKeyStore, log: Log) => Promise<PushedRadio | AskedRadio>;
}

/** Starts the agent; it ends with the command. Errors: `already_running`, `address_in_use`, those of what it opens. */
export async function serveAccessPoint(flags: AgentFlags, serving: Serving): Promise<void> {
  const { closing, sources, emit } = serving;
  const autoApprove = parseAutoApprove(flags['auto-approve'] ?? []);
  const vlans = parseVlans(flags.vlan ?? []);
  const posKeys = (flags['pos-key'] ?? []).map(parseThumbprint);
  const log: Log = agentLog(serving);
  const prompt = await openSecondPrompt(flags.prompt, serving);
  const notifier = flags.notify === undefined ? undefined : await openNotifier(flags.notify, flags['ca-file']);
  const { ap, identity, serverUrl } = await openAp(flags, flags.name ?? hostname(), serving, (task, error) =>
    log('error', task === 'journal' ? 'What devices asked could not be recorded.' : 'Housekeeping in the database failed; trying again.', { error }));
  if (flags['relay-port'] !== undefined && serverUrl === undefined) {
    throw new LatchkeyError('invalid_input', '--relay-port is for an access point that has a server.');
  }
  const { runAgent } = await import('../agent/agent.ts');
  const { store, keyring } = await openStore(identity.apId, sources);
  closing.defer(() => store.close());
  const networks = { ssid: flags.ssid, onboardingSsid: flags['onboarding-ssid'] };
  const agent = await runAgent({
    ap,
    store,
    radio: await serving.openRadio(store.keys, log),
    networks,
    identity,
    serverUrl,
    allowPlain: flags['allow-plain'],
    autoApprove,
    terms: termsOf({ ...flags, vlan: undefined }),
    vlans,
    posKeys,
    graceMs: flags.grace,
    prompt,
    notifier,
    random: systemRandom,
    clock: systemClock,
    monotonic: () => performance.now(),
    uptime,
    log,
    listen: { host: serving.deviceAddress, helloPort: flags.port, securePort: flags['secure-port'] },
    relay: flags['no-relay'] ? undefined : { port: flags['relay-port'] },
    mainAddress: flags['main-address'],
    controlSocket: agentSocket(),
  });
  closing.defer(() => agent.close());
  keepReloading(keyring, closing, (error) => log('error', 'The keys could not be read again.', { error }));
  await emit({ event: 'listening', status: agentStatusToWire(await agent.service.status()) });
  agent.service.onEvent((event) => {
    if (event.kind === 'request' && event.before === event.request.status) {
      return;
    }
    emit(agentEventToWire(event, identity.apId)).catch((error: unknown) => log('warn', 'An event could not be printed.', { error }));
  });
}

async function openStore(apId: string, sources: SecretSources) {
  const path = agentDatabase(apId);
  const [{ openKeyring }, { openAgentStore }] = await Promise.all([import('../secrets/keyring.ts'), import('../storage/agent-store.ts')]);
  const keyring = await openKeyring({ ...keyringOptions(sources), create: !existsSync(path) });
  return { store: await openAgentStore({ path, sealer: keyring }), keyring };
}

/** At a terminal the owner is asked there unless somebody else is named. */
async function openSecondPrompt(chosen: string | undefined, { sources, json, closing }: Serving): Promise<Prompt | undefined> {
  const spec = chosen ?? (sources.interactive === true && !json ? 'terminal' : undefined);
  if (spec === undefined) {
    return undefined;
  }
  const prompt = await openPrompt(spec, sources);
  closing.defer(() => prompt.close());
  return prompt;
}

function parseAutoApprove(matches: readonly string[]): Scope | undefined {
  const scope = parseScope(matches);
  if (matches.includes('all') || scope.uuids !== undefined || scope.aps !== undefined) {
    throw new LatchkeyError('invalid_input', '--auto-approve takes model=… and batch=….');
  }
  return matches.length === 0 ? undefined : scope;
}

/** `20` for all, `model=camera:30` for one model by the registry's word. */
function parseVlans(words: readonly string[]): Vlans | undefined {
  const byModel = new Map<string, number>();
  let others: number | undefined;
  for (const word of words) {
    const [, model, number] = /^model=(.+):([^:]*)$/.exec(word) ?? [];
    if (model === undefined || number === undefined) {
      others = parseVlan(word);
    } else {
      byModel.set(model, parseVlan(number));
    }
  }
  return words.length === 0 ? undefined : { byModel, others };
}
