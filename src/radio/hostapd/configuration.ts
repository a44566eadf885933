import { Buffer } from 'node:buffer';
import { LatchkeyError } from '../../domain/errors.ts';
import { hasRadar, is5GHz, onboardingInterface, type MainSecurity, type OnboardingSecurity } from '../../domain/radio.ts';
import { shown } from '../../domain/shown-text.ts';
import { wpaKey } from '../../protocol/wpa-key.ts';

/** What hostapd is to do, with values that the domain has parsed. Paths are absolute and on one line. */
export interface HostapdSettings {
  readonly interface: string;
  /** 1 to 32 bytes, as are those of the onboarding network. */
  readonly ssid: Uint8Array;
  readonly onboardingSsid: Uint8Array;
  readonly security: MainSecurity;
  readonly onboarding: OnboardingSecurity;
  readonly credentials: Credentials;
  readonly channel: number;
  readonly country?: string | undefined;
  /** The address of the onboarding network on the air. */
  readonly onboardingBssid?: string | undefined;
  /** The bridge that the main network joins. */
  readonly bridge?: string | undefined;
  /** Stations may be put into a VLAN, each on an interface such as wlan0.5 and a bridge such as brvlan5. */
  readonly vlan: boolean;
  /** Stations may also bring what Wi-Fi Easy Connect gave them, and hear that they can get it here. */
  readonly dpp: boolean;
  readonly controlDir: string;
}

/** Each station has its own key, which the agent keeps in a file and at hostapd; or all have one password. */
export type Credentials = { readonly kind: 'own'; readonly pskFile: string } | { readonly kind: 'shared'; readonly password: string };

/**
 * A hostapd.conf for hostapd 2.10 (its hostapd.conf(5) is the example that comes with it): the main network on the
 * radio's interface, the onboarding network on one of its own. `remarks` are put at its top, a comment each.
 */
export function hostapdConfiguration(settings: HostapdSettings, remarks: readonly string[] = []): string {
  const { bridge, onboardingBssid } = settings;
  return text([
    ...remarks.map((line) => (line === '' ? '#' : `# ${line}`)),
    `interface=${settings.interface}`,
    'driver=nl80211',
    ...(bridge === undefined ? [] : [`bridge=${bridge}`]),
    ...radio(settings),
    '',
    ...mainNetwork(settings),
    '',
    `bss=${onboardingInterface(settings.interface)}`,
    ...(onboardingBssid === undefined ? [] : [`bssid=${onboardingBssid}`]),
    ...onboardingNetwork(settings),
  ]);
}

/**
 * The same for a machine without a radio, to see whether hostapd takes it: a configuration for each network, as
 * without a radio hostapd has no second one. It would wait for ever for the rules of the country.
 */
export function radiolessConfigurations(settings: HostapdSettings): string[] {
  const head = ['interface=lo', 'driver=none', ...radio({ ...settings, country: undefined })];
  return [text([...head, ...mainNetwork(settings)]), text([...head, ...onboardingNetwork(settings)])];
}

function radio({ channel, country }: HostapdSettings): string[] {
  const fast = is5GHz(channel);
  return [
    ...(country === undefined ? [] : [`country_code=${country}`, 'ieee80211d=1', ...(hasRadar(channel) ? ['ieee80211h=1'] : [])]),
    `hw_mode=${fast ? 'a' : 'g'}`,
    `channel=${channel}`,
    'ieee80211n=1',
    ...(fast ? ['ieee80211ac=1'] : []),
  ];
}

const keyManagement: Readonly<Record<MainSecurity, string>> = { 'wpa2-psk': 'WPA-PSK', 'wpa3-sae': 'SAE', 'wpa2-wpa3': 'WPA-PSK SAE' };

function mainNetwork({ security, credentials, controlDir, dpp, ssid, vlan }: HostapdSettings): string[] {
  const psk = security !== 'wpa3-sae';
  const sae = security !== 'wpa2-psk';
  return [
    `ctrl_interface=${controlDir}`,
    ssidLine(ssid),
    'wpa=2',
    `wpa_key_mgmt=${keyManagement[security]}${dpp ? ' DPP' : ''}`,
    'rsn_pairwise=CCMP',
    `ieee80211w=${psk ? 1 : 2}`,
    // Both ways to a password's element: many stations know only the older one.
    ...(sae ? ['sae_pwe=2', 'sae_require_mfp=1'] : []),
    ...(psk ? [credentials.kind === 'own' ? `wpa_psk_file=${credentials.pskFile}` : `wpa_psk=${wpaKey(credentials.password, ssid)}`] : []),
    ...(sae && credentials.kind === 'shared' ? [`sae_password=${saePassword(credentials.password)}`] : []),
    ...(vlan ? ['dynamic_vlan=1'] : []),
    // Connector and keys come later, over the control interface.
    ...(dpp ? ['dpp_configurator_connectivity=1'] : []),
  ];
}

function onboardingNetwork({ onboarding, onboardingSsid, controlDir }: HostapdSettings): string[] {
  return [
    `ctrl_interface=${controlDir}`,
    ssidLine(onboardingSsid),
    'ap_isolate=1',
    ...(onboarding === 'owe' ? ['wpa=2', 'wpa_key_mgmt=OWE', 'rsn_pairwise=CCMP', 'ieee80211w=2'] : []),
  ];
}

/** hostapd takes the rest of a line as it is; what is not text, or not to be seen as it is, goes in hexadecimal. */
function ssidLine(ssid: Uint8Array): string {
  const bytes = Buffer.from(ssid);
  const name = bytes.toString();
  const plain = Buffer.from(name).equals(bytes) && shown(name) === name && name.trim() === name;
  return plain ? `ssid=${name}` : `ssid2=${bytes.toString('hex')}`;
}

function saePassword(password: string): string {
  if (/\|(mac|vlanid|pk|id)=/.test(password)) {
    throw new LatchkeyError('invalid_input', 'hostapd takes no SAE password with "|mac=", "|vlanid=", "|pk=" or "|id=" in it.');
  }
  return password;
}

function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
