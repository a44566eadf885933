import { Buffer } from 'node:buffer';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LatchkeyError } from '../../domain/errors.ts';
import { needsCountry, onboardingInterface, secondAddress, type MainSecurity, type OnboardingSecurity } from '../../domain/radio.ts';
import { parsePassphrase } from '../../domain/ssid.ts';
import type { Credentials, HostapdSettings } from '../../radio/hostapd/configuration.ts';
import { secretStore } from '../destination.ts';
import { cannotWrite, writeNewFile } from '../new-file.ts';
import { paths } from '../paths.ts';
import type { RadioConfigurationWire } from '../present/radio-configuration.ts';
import { readSecret, type SecretSources } from '../secret-input.ts';
import { commandLines } from './command-line.ts';
import { parseConfigurationPath } from './flags.ts';

/** 15 characters, less those of the largest VLAN's number. */
const longestVlanRadio = 10;

/** As `ap config` takes them. */
export interface RadioFlags {
  readonly interface: string;
  readonly ssid?: string | undefined;
  readonly 'onboarding-ssid'?: string | undefined;
  readonly security: MainSecurity;
  readonly onboarding: OnboardingSecurity;
  readonly channel: number;
  readonly country?: string | undefined;
  readonly 'onboarding-bssid'?: string | undefined;
  readonly bridge?: string | undefined;
  readonly vlan: boolean;
  readonly dpp: boolean;
  readonly 'shared-password': boolean;
  readonly 'password-file'?: string | undefined;
  readonly 'psk-file'?: string | undefined;
  readonly 'control-dir': string;
  readonly firewall: boolean;
  readonly port: number;
  readonly 'secure-port': number;
  readonly 'relay-port': number;
  readonly check: boolean;
  readonly output?: string | undefined;
}

export interface Configuring {
  /** The command as it was given. */
  readonly words: readonly string[];
  readonly sources: SecretSources;
  readonly signal: AbortSignal;
  readonly caution: (text: string) => Promise<void>;
}

/** A configuration, and what belongs to it. */
interface Made {
  readonly kind: RadioConfigurationWire['kind'];
  readonly text: string;
  readonly check: () => Promise<void>;
  /** The file of keys, which must be there when hostapd starts. */
  readonly pskFile?: string | undefined;
}

/**
 * Makes hostapd's configuration or the firewall's rules, has them checked, and writes them. Errors: `missing_input`
 * and `invalid_input` of flags that do not go together, `check_failed`, `file_not_found` (no hostapd, no nft), those
 * of writing and of the password.
 */
export async function configureRadio(flags: RadioFlags, configuring: Configuring): Promise<RadioConfigurationWire> {
  const output = flags.output === undefined ? undefined : parseConfigurationPath(flags.output);
  const made = flags.firewall ? await makeRules(flags, output, configuring) : await makeConfiguration(flags, output, configuring);
  if (flags.check) {
    await made.check();
  }
  const { pskFile } = made;
  if (output !== undefined) {
    await writeNewFile(output, made.text, 0o600);
    if (pskFile !== undefined) {
      await makeWhereNone(pskFile);
    }
  } else if (pskFile !== undefined && !existsSync(pskFile)) {
    await configuring.caution(`hostapd needs the file ${pskFile} when it starts: --output makes it.`);
  }
  return {
    kind: made.kind,
    onboarding_interface: onboardingInterface(flags.interface),
    ...(output === undefined ? { configuration: made.text } : { output }),
    ...(flags.check ? { checked: true } : {}),
  };
}

async function makeConfiguration(flags: RadioFlags, output: string | undefined, configuring: Configuring): Promise<Made> {
  const settings = await settingsOf(flags, output, configuring);
  const [{ hostapdConfiguration }, { checkConfiguration }] = await Promise.all([
    import('../../radio/hostapd/configuration.ts'),
    import('../../radio/hostapd/check-configuration.ts'),
  ]);
  const { credentials } = settings;
  return {
    kind: 'hostapd',
    text: hostapdConfiguration(settings, hostapdRemarks(flags, output, configuring.words)),
    check: () => checkConfiguration(settings, configuring.signal),
    pskFile: credentials.kind === 'own' && flags.security !== 'wpa3-sae' ? credentials.pskFile : undefined,
  };
}

async function makeRules(flags: RadioFlags, output: string | undefined, { words, signal }: Configuring): Promise<Made> {
  const [{ firewallRuleset }, { checkRuleset }] = await Promise.all([
    import('../../radio/firewall/ruleset.ts'),
    import('../../radio/firewall/check-ruleset.ts'),
  ]);
  const ports = new Set([flags.port, flags['secure-port'], flags['relay-port']]);
  const text = firewallRuleset(
    {
      onboardingInterface: onboardingInterface(flags.interface),
      ports: [...ports],
      bridges: [...(flags.bridge === undefined ? [] : [flags.bridge]), ...(flags.vlan ? ['brvlan*'] : [])],
    },
    remarks(['Made by:', words], ['Load it, at every start and whenever it has changed:', ['nft', '-f', output ?? 'FILE']]),
  );
  return { kind: 'nftables', text, check: () => checkRuleset(text, signal) };
}

async function settingsOf(flags: RadioFlags, output: string | undefined, { sources, caution }: Configuring): Promise<HostapdSettings> {
  const { ssid, 'onboarding-ssid': onboardingSsid, channel, country } = flags;
  if (ssid === undefined || onboardingSsid === undefined) {
    throw new LatchkeyError('missing_input', `${ssid === undefined ? '--ssid' : '--onboarding-ssid'} is missing.`);
  }
  if (needsCountry(channel) && country === undefined) {
    throw new LatchkeyError('missing_input', `--channel ${channel} needs --country: a radio that does not know where it is leaves it alone.`);
  }
  requireThatFlagsFit(flags);
  const onboardingBssid = flags['onboarding-bssid'] ?? (await addressFor(flags.interface, caution));
  const folder = output === undefined ? paths().state : dirname(output);
  const credentials: Credentials = flags['shared-password']
    ? { kind: 'shared', password: await readPassword(flags, ssid, sources) }
    : { kind: 'own', pskFile: flags['psk-file'] ?? parseConfigurationPath(join(folder, `${flags.interface}.wpa_psk`)) };
  return {
    interface: flags.interface,
    ssid: Buffer.from(ssid),
    onboardingSsid: Buffer.from(onboardingSsid),
    security: flags.security,
    onboarding: flags.onboarding,
    credentials,
    channel,
    country,
    onboardingBssid,
    bridge: flags.bridge,
    vlan: flags.vlan,
    dpp: flags.dpp,
    controlDir: flags['control-dir'],
  };
}

function requireThatFlagsFit(flags: RadioFlags): void {
  const shared = flags['shared-password'];
  const pskFile = flags['psk-file'] !== undefined;
  const mistakes = [
    [pskFile && flags.security === 'wpa3-sae', '--psk-file is for WPA2: with wpa3-sae, the keys are in no file.'],
    [pskFile && shared, '--psk-file is for keys of each station: with --shared-password there are none.'],
    [flags.vlan && shared, '--vlan goes by each station’s own key: with --shared-password there is none.'],
    [flags.vlan && flags.interface.length > longestVlanRadio, `--vlan makes interfaces such as ${flags.interface}.4094, of more than 15 characters: give the radio a name of at most ${longestVlanRadio}.`],
    [flags.dpp && flags.security === 'wpa3-sae', '--dpp gives devices passwords for WPA2: with wpa3-sae, take wpa2-wpa3.'],
    [flags.dpp && shared, '--dpp gives each device a password of its own: with --shared-password there is none.'],
    [flags['password-file'] !== undefined && !shared, '--password-file is for --shared-password.'],
  ] as const;
  const mistake = mistakes.find(([made]) => made);
  if (mistake !== undefined) {
    throw new LatchkeyError('invalid_input', mistake[1]);
  }
}

/**
 * hostapd by itself counts up from the radio's address, and refuses one that is odd; drivers that make up an address
 * often repeat the radio's. One that is given works with either.
 */
async function addressFor(radio: string, caution: Configuring['caution']): Promise<string | undefined> {
  try {
    return secondAddress(readFileSync(`/sys/class/net/${radio}/address`, 'utf8').trim());
  } catch {
    await caution(`There is no ${radio} here: hostapd finds an address for the onboarding network only if the radio’s is even. Give --onboarding-bssid if it is not.`);
    return undefined;
  }
}

async function readPassword(flags: RadioFlags, ssid: string, sources: SecretSources): Promise<string> {
  const text = await readSecret({
    name: 'password',
    file: flags['password-file'],
    storeName: 'ap/password',
    store: () => secretStore(sources),
    message: `Password of ${ssid}:`,
    ...sources,
  });
  return parsePassphrase(text);
}

function hostapdRemarks(flags: RadioFlags, output: string | undefined, words: readonly string[]): string[] {
  const file = output ?? 'FILE';
  const networks = ['--ssid', flags.ssid!, '--onboarding-ssid', flags['onboarding-ssid']!];
  const shared = flags['shared-password'] ? ['--shared-password', ...(flags.security === 'wpa3-sae' ? ['--security', flags.security] : [])] : [];
  return remarks(
    ['Made by:', words],
    ['Start it, with an absolute path, for -B changes to /:', ['hostapd', '-B', '-P', '/run/hostapd.pid', file]],
    ['Run beside it:', ['latchkey', 'ap', 'serve', '--radio', 'hostapd', '--hostapd-conf', file, ...networks, ...shared]],
  );
}

function remarks(...commands: readonly (readonly [what: string, words: readonly string[]])[]): string[] {
  return commands.flatMap(([what, words]) => [what, ...commandLines(words).map((line) => `  ${line}`)]);
}

/** An empty file; one that is there holds keys already. */
async function makeWhereNone(path: string): Promise<void> {
  try {
    await writeFile(path, '', { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw cannotWrite(path, error);
    }
  }
}
