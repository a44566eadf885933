import { realpath } from 'node:fs/promises';
import { LatchkeyError } from '../domain/errors.ts';
import { parsePassphrase, type Security } from '../domain/ssid.ts';
import type { ConfiguredBss } from '../radio/hostapd/read-configuration.ts';
import type { PushedRadio } from '../roles/agent/radio.ts';
import type { GrantKeyStore } from '../roles/agent/store.ts';
import type { Log } from '../roles/agent/log.ts';
import { secretStore } from './destination.ts';
import { renamingFolder } from './radio/renaming-folder.ts';
import { readSecret, type SecretSources } from './secret-input.ts';

export const radios = ['none', 'hostapd'] as const;

export interface RadioFlags {
  readonly ssid: string;
  readonly 'password-file'?: string | undefined;
  readonly security: Security;
  readonly radio: (typeof radios)[number];
  readonly 'hostapd-conf'?: readonly string[] | undefined;
  readonly 'shared-password': boolean;
  readonly vlan?: readonly string[] | undefined;
  readonly 'drop-after': number;
  readonly dpp: boolean;
}

/** Reads what the radio needs; it is opened by what this resolves to. Errors: `missing_input`, `invalid_input`, `file_not_found`, those of secrets. */
export async function prepareRadio(flags: RadioFlags, sources: SecretSources): Promise<(keys: GrantKeyStore, log: Log) => Promise<PushedRadio>> {
  const { ssid, security } = flags;
  const bsses = await readBsses(flags);
  await requireVlans(flags, bsses);
  const password = flags.radio === 'hostapd' && !flags['shared-password'] ? undefined : await readPassword(flags, sources);
  return async (keys, log) => {
    await setBackWhatIsLeft(bsses ?? [], log);
    const radio = await openRadio({ ssid, security, password, bsses, keys, reloadAfterMs: flags['drop-after'], dpp: flags.dpp });
    const silent = flags.dpp ? (bsses ?? []).filter((bss) => bss.ssid === ssid && !bss.callsForDpp).map((bss) => bss.interface) : [];
    if (silent.length > 0) {
      log('warn', 'Devices that speak DPP hear nothing of this access point, and may look on other channels: hostapd’s configuration has no dpp_configurator_connectivity=1, as `latchkey ap config --dpp` writes it.', { interfaces: silent });
    }
    return radio;
  };
}

/** What hostapd was started with; undefined without hostapd. */
async function readBsses(flags: RadioFlags): Promise<readonly ConfiguredBss[] | undefined> {
  const paths = flags['hostapd-conf'] ?? [];
  if (flags.radio === 'none') {
    if (paths.length > 0 || flags['shared-password'] || flags.dpp) {
      throw new LatchkeyError('invalid_input', '--hostapd-conf, --shared-password and --dpp go with --radio hostapd.');
    }
    return undefined;
  }
  if (flags.dpp && flags['shared-password']) {
    throw new LatchkeyError('invalid_input', '--dpp gives each device a password of its own: with --shared-password there is none.');
  }
  if (paths.length === 0) {
    throw new LatchkeyError('missing_input', '--radio hostapd needs --hostapd-conf: the file that hostapd was started with.', {
      hint: 'Make one with `latchkey ap config`.',
    });
  }
  const { configurationText, readConfiguration } = await import('../radio/hostapd/read-configuration.ts');
  const read = await Promise.all(paths.map(async (path) => readConfiguration(await configurationText(path, 'utf8'), await realpath(path))));
  return read.flat();
}

/** A renaming that was killed, with the process that guards it, may have left a network renamed. Also without that the agent starts. */
async function setBackWhatIsLeft(bsses: readonly ConfiguredBss[], log: Log): Promise<void> {
  const named = bsses.flatMap(({ interface: name, controlDirectory }) => (controlDirectory === undefined ? [] : [{ interface: name, controlDirectory }]));
  if (named.length === 0) {
    return;
  }
  const files = await import('../radio/hostapd/renamed-file.ts');
  try {
    for (const { challengeId, until } of await files.setBackWhatIsLeft(renamingFolder(), named, new AbortController().signal)) {
      log('info', 'The network has another name until it is set back, for it is being proven.', { challenge: challengeId, until: new Date(until) });
    }
  } catch (error) {
    log('warn', 'The network was left with another name, which could not be set back.', { error });
  }
}

/** Else whoever is to be in a VLAN would be kept off the air, one by one. */
async function requireVlans({ vlan = [], ssid, radio, 'shared-password': shared }: RadioFlags, bsses: readonly ConfiguredBss[] | undefined): Promise<void> {
  if (vlan.length === 0) {
    return;
  }
  if (bsses === undefined || shared) {
    throw new LatchkeyError('invalid_input', `--vlan takes a password for each grant: it goes with --radio hostapd${radio === 'hostapd' ? ' without --shared-password' : ''}.`);
  }
  const [{ servingBsses }, { lackOfVlans }] = await Promise.all([import('../radio/hostapd/read-configuration.ts'), import('../radio/hostapd/vlans.ts')]);
  const lack = lackOfVlans(servingBsses(ssid, bsses));
  if (lack !== undefined) {
    throw new LatchkeyError('invalid_input', `--vlan takes VLANs at hostapd: ${lack}.`, {
      hint: 'Write it there, or make the configuration with `latchkey ap config --vlan`, and start hostapd anew.',
    });
  }
}

async function readPassword(flags: RadioFlags, sources: SecretSources): Promise<string> {
  const text = await readSecret({
    name: 'password',
    file: flags['password-file'],
    storeName: 'ap/password',
    store: () => secretStore(sources),
    message: `Password of ${flags.ssid}:`,
    ...sources,
  });
  return parsePassphrase(text);
}

/** `password`: the one of a network that has one for all. Errors: `invalid_input` (what the configuration lacks). */
async function openRadio(wanted: {
  readonly ssid: string;
  readonly security: Security;
  readonly password: string | undefined;
  readonly bsses: readonly ConfiguredBss[] | undefined;
  readonly keys: GrantKeyStore;
  readonly reloadAfterMs: number;
  readonly dpp: boolean;
}): Promise<PushedRadio> {
  const { ssid, security, password, bsses, keys, reloadAfterMs, dpp } = wanted;
  if (bsses === undefined) {
    const { noRadio } = await import('../radio/none.ts');
    return noRadio({ ssid, password: password!, security });
  }
  const { controlledBsses, otherBsses, servingBsses } = await import('../radio/hostapd/read-configuration.ts');
  if (password !== undefined) {
    const { SharedPasswordRadio } = await import('../radio/hostapd/shared-password-radio.ts');
    return new SharedPasswordRadio({ credential: { ssid, password, security }, bsses: controlledBsses(ssid, bsses) });
  }
  const serving = servingBsses(ssid, bsses);
  if (dpp && serving.every(({ pskFile }) => pskFile === undefined)) {
    throw new LatchkeyError('invalid_input', `--dpp gives devices a password for WPA2, and ${JSON.stringify(ssid)} speaks WPA3 alone.`, {
      hint: 'Make the network with `latchkey ap config --security wpa2-wpa3`.',
    });
  }
  const [{ HostapdRadio }, { RestrictedStations }] = await Promise.all([
    import('../radio/hostapd/hostapd-radio.ts'),
    import('../radio/firewall/restricted-stations.ts'),
  ]);
  return new HostapdRadio({ ssid, bsses: serving, keys, firewall: new RestrictedStations(), reloadAfterMs, dpp: dpp ? { besides: otherBsses(ssid, bsses) } : undefined });
}
