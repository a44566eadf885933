import { randomUUID } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { CommandLine, type Running } from '../cli/command-line.ts';
import { verificationFile } from '../cli/site.ts';
import { buildReferenceDevice } from '../device/build-reference-device.ts';
import { Authority } from '../server/certificates.ts';
import { AccessPoint } from './lab/access-point.ts';
import { latchkey, type Lab } from './lab/lab.ts';
import type { LabProcess } from './lab/lab-process.ts';
import type { Station } from './lab/station.ts';
import { MovedHome } from './moved-home.ts';

export const ssid = 'Home';
export const onboardingSsid = 'iot-setup';
export const mainAddress = '10.1.0.1';
export const onboardingAddress = '10.2.0.1';
const pskFile = '/run/latchkey/wpa_psk';
const home = '/run/latchkey/home';
/** That of the process that `AccessPoint` names "hostapd"; the agent changes it. */
export const hostapdConf = 'hostapd/hostapd.conf';

export interface Identity {
  readonly uuid: string;
  readonly ssid: string;
  readonly pass_tmp: string;
}

/** What an access point gave a device. */
export interface Granted {
  readonly ssid: string;
  readonly password: string;
  readonly security: string;
  readonly grant_id: string;
  readonly password_id?: string;
}

/** Where the server is, as this machine sees it, with an admin's token. */
export interface ServerAccess {
  readonly url: string;
  readonly ca: string;
  readonly token: string;
}

export interface SiteOptions {
  /** Beyond the usual ones of `ap config`. */
  readonly config?: readonly string[];
  /** Beyond the usual ones of the server. */
  readonly server?: readonly string[];
  /** Beyond the usual ones of the agent. */
  readonly serve?: readonly string[];
  /** In place of `ap serve` with hostapd for its radio. */
  readonly agent?: {
    readonly command: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    /** What becomes of the configuration of `ap config`. */
    readonly hostapd: (configuration: string) => string;
  };
  /** How stations join the onboarding network; it is open if this is not given. */
  readonly onboarding?: readonly string[];
}

/**
 * A server on this machine, and in the lab an access point: hostapd as `ap config` has set it up, and the agent. Devices
 * of the model "lamp" are let in by themselves.
 */
export class RadioSite {
  readonly lab: Lab;
  /** Who owns all of it, at the server. */
  readonly owner: CommandLine;
  readonly #ap: CommandLine;
  readonly #server: Running;
  readonly access: ServerAccess;
  readonly #options: SiteOptions;
  #hostapd!: AccessPoint;
  #agent!: LabProcess;
  #home!: MovedHome;
  #dhcp: LabProcess | undefined;

  private constructor(lab: Lab, owner: CommandLine, ap: CommandLine, server: Running, access: ServerAccess, options: SiteOptions) {
    this.lab = lab;
    this.owner = owner;
    this.#ap = ap;
    this.#server = server;
    this.access = access;
    this.#options = options;
  }

  static async open(lab: Lab, options: SiteOptions = {}): Promise<RadioSite> {
    const owner = await CommandLine.make();
    const ap = await CommandLine.make();
    const authority = new Authority();
    const certificate = authority.server({ names: ['10.0.2.2', '127.0.0.1'] });
    const ca = ap.file('ca.pem', authority.cert);
    const tls = ['--tls-cert', owner.file('server.pem', certificate.cert), '--tls-key', owner.file('server.key', certificate.key)];
    const { token } = await owner.json<{ token: string }>(['server', 'init']);
    const server = owner.start(['server', 'start', '--listen', '127.0.0.1:0', ...tls, '--verification-file', verificationFile(owner), ...(options.server ?? []), '--json']);
    const url = await server.line((line) => (JSON.parse(line) as { url?: string }).url);
    const { code } = await owner.json<{ code: string }>(['server', 'enroll-code', 'create', '--role', 'ap']);
    await ap.json(['ap', 'enroll', '--server', url, '--ca', ca, '--enroll-code-file', '-', '--name', 'Hall', '--profile', 'ap'], { input: code });

    const site = new RadioSite(lab, owner, ap, server, { url, ca, token }, options);
    try {
      await site.#prepare();
      await site.startHostapd();
      await site.addresses();
      await site.lab.do(`/usr/sbin/nft -f ${site.lab.write('firewall', await site.#firewall())} && echo 1 > /proc/sys/net/ipv4/ip_forward`);
      await site.startAgent();
      return site;
    } catch (error) {
      await site.close();
      throw error;
    }
  }

  get hostapd(): AccessPoint {
    return this.#hostapd;
  }

  get agent(): LabProcess {
    return this.#agent;
  }

  /** What was enrolled goes over, with the server where the lab has it, and so does the reference device. */
  async #prepare(): Promise<void> {
    this.#home = await MovedHome.make(this.lab, this.#ap, home);
    await buildReferenceDevice(this.lab.share);
    this.lab.write('dhcp-client.sh', dhcpClient);
    chmodSync(join(this.lab.share, 'dhcp-client.sh'), 0o755);
    const { config = [] } = this.#options;
    const { configuration } = await this.owner.json<{ configuration: string }>([
      'ap', 'config', '--interface', 'wlan0', '--ssid', ssid, '--onboarding-ssid', onboardingSsid, '--channel', '1', ...config,
      ...(config.includes('wpa3-sae') ? [] : ['--psk-file', pskFile]),
    ]);
    const made = this.#options.agent?.hostapd(configuration) ?? configuration;
    this.lab.write(hostapdConf, made);
    await this.lab.do(`: > ${pskFile}`);
  }

  async startHostapd(): Promise<void> {
    this.#hostapd = await AccessPoint.start(this.lab, { name: 'hostapd', configuration: this.lab.read(hostapdConf) });
  }

  /** Addresses of the access point, and for devices that onboard; these go with the interfaces that hostapd makes. */
  async addresses(): Promise<void> {
    await this.#dhcp?.stop();
    await this.lab.do(`ip address add ${mainAddress}/24 dev wlan0; ip address add ${onboardingAddress}/24 dev wlan0_onb; : > /run/leases`);
    this.#dhcp = await this.#startDhcp('wlan0_onb', onboardingAddress);
  }

  async #firewall(): Promise<string> {
    return (await this.owner.json<{ configuration: string }>(['ap', 'config', '--interface', 'wlan0', '--firewall'])).configuration;
  }

  /** Also the main network gives out addresses. */
  async startMainDhcp(): Promise<void> {
    await this.#startDhcp('wlan0', mainAddress);
  }

  /** It asks whether an address is taken before it offers it, and by itself waits two seconds for an answer. */
  #startDhcp(face: string, router: string): Promise<LabProcess> {
    const file = this.lab.write(`dhcp-server-${face}.conf`, dhcpServer(face, router));
    return this.lab.start(`udhcpd ${face}`, `udhcpd -f -a 100 ${file}`);
  }

  /** The agent, as it is first and after it was ended. */
  async startAgent(...flags: string[]): Promise<LabProcess> {
    const args = [
      ...(this.#options.agent?.command ?? ['ap', 'serve', '--radio', 'hostapd', '--hostapd-conf', `/lab/${hostapdConf}`]), '--json', '--profile', 'ap', '--ssid', ssid,
      '--onboarding-ssid', onboardingSsid, '--main-address', mainAddress, '--auto-approve', 'model=lamp', ...(this.#options.serve ?? []), ...flags,
    ];
    this.#agent = await this.lab.start('agent', `${latchkey} ${args.join(' ')}`, { env: this.agentEnvironment });
    await this.#agent.until(/"event":"listening"/, { timeoutMs: 60_000 });
    return this.#agent;
  }

  /** For commands beside the agent. */
  get agentEnvironment(): Record<string, string> {
    return { ...this.#options.agent?.env, ...this.#home.env };
  }

  /** Makes a device in the factory. */
  async device(...flags: string[]): Promise<Identity> {
    return this.owner.json<Identity>(['device', 'register', '--ssid', onboardingSsid, '--label', `lamp ${randomUUID().slice(0, 4)}`, ...flags]);
  }

  /** A device that is let in without being asked about. */
  async lamp(): Promise<Identity> {
    return this.device('--model', 'lamp');
  }

  /** The owner's command at the server, under --json. */
  json<T = Record<string, any>>(...args: string[]): Promise<T> {
    return this.owner.json<T>(args);
  }

  /** The grant, as soon as it is as it is to be. */
  async grant({ grant_id: id }: Pick<Granted, 'grant_id'>, isSo: (grant: Record<string, any>) => boolean): Promise<Record<string, any>> {
    const watching = this.owner.start(['grant', 'watch', id, '--interval', '100ms', '--json']);
    const grant = await watching.line((line) => [JSON.parse(line) as Record<string, any>].find(isSo));
    watching.kill('SIGTERM');
    return grant;
  }

  /** What is on record of the device that a grant is for, oldest first. */
  async trail({ grant_id: id }: Pick<Granted, 'grant_id'>): Promise<string[]> {
    const { subject } = await this.json<{ subject: { id: string } }>('grant', 'show', id);
    const { items } = await this.json<{ items: { action: string }[] }>('device', 'history', subject.id);
    return items.map(({ action }) => action);
  }

  /** Takes a station onto the onboarding network, with an address there. */
  async enter(station: Station, onboarding = this.#options.onboarding ?? openNetwork, settings: readonly string[] = []): Promise<void> {
    await this.join(station, [`ssid="${onboardingSsid}"`, ...onboarding], settings);
    await this.dhcp(station);
  }

  /**
   * The reference device, with nothing but what the factory wrote into it: it joins the onboarding network, takes an
   * address there and asks whoever routes.
   */
  async ask(station: Station, { uuid, pass_tmp: passTmp }: Identity, onboarding?: readonly string[]): Promise<LabProcess> {
    await this.enter(station, onboarding);
    const file = this.lab.write(`${station.name}/pass_tmp`, passTmp);
    const routes = await this.lab.do('ip route', { namespace: station.name });
    const router = /^default via (\S+)/m.exec(routes)?.[1] ?? '';
    return this.lab.start(`${station.name} device`, `/lab/latchkey-device -t 90 -f ${file} ${router} ${uuid} ${onboardingSsid}`, { namespace: station.name });
  }

  /**
   * Joins a network of the access point, as both see it: elliptic curves take hostapd so long here that a station asks
   * twice, and then may hold a handshake for done that failed.
   */
  async join(station: Station, network: readonly string[], settings: readonly string[] = []): Promise<void> {
    for (let left = 3; ; left -= 1) {
      const since = this.hostapd.process.mark();
      await station.join(network, settings);
      const isIn = await this.hostapd.joined(station, { since, timeoutMs: 5000 }).then(() => true, () => false);
      if (isIn || left === 0) {
        return;
      }
    }
  }

  /** Takes an address of the network that the station is on. */
  async dhcp(station: Station): Promise<void> {
    await this.lab.do(`udhcpc -i ${station.face} -f -q -n -t 8 -s /lab/dhcp-client.sh`, { namespace: station.name });
  }

  /** A device's request as it waits for the owner. */
  async pending({ uuid }: Identity): Promise<{ readonly request_id: string }> {
    const [line] = await this.agent.until(new RegExp(`.*"uuid":"${uuid}".*"status":"pending".*`), { timeoutMs: 60_000 });
    return (JSON.parse(line) as { request: { request_id: string } }).request;
  }

  /** The owner's yes, at the server. */
  async approve(requestId: string, ...terms: string[]): Promise<{ readonly grant_id: string }> {
    const { url, ca, token } = this.access;
    return this.owner.json(['ap', 'approve', requestId, ...terms, '--server', url, '--ca-file', ca], { env: { LATCHKEY_TOKEN: token } });
  }

  /** Asks, and resolves with what the device was given. */
  async onboard(station: Station, identity: Identity, onboarding?: readonly string[]): Promise<Granted> {
    return this.given(await this.ask(station, identity, onboarding));
  }

  /** What the reference device was given. */
  async given(device: LabProcess): Promise<Granted> {
    const [line] = await device.until(/\{"ssid":.*\}/, { timeoutMs: 60_000 });
    return JSON.parse(line) as Granted;
  }

  /** hostapd knows no key that this station has. */
  async refused({ mac }: Station): Promise<void> {
    await this.hostapd.process.until(new RegExp(`AP-STA-POSSIBLE-PSK-MISMATCH ${mac}`), { since: this.hostapd.process.mark() });
  }

  /** Onboards and joins the main network with the password of its own. */
  async letIn(station: Station, address: string, identity?: Identity): Promise<Granted> {
    const granted = await this.onboard(station, identity ?? (await this.lamp()));
    await this.join(station, networkOf(granted));
    await station.address(`${address}/24`);
    return granted;
  }

  async close(): Promise<void> {
    this.#server.kill('SIGTERM');
    await this.#server.ended;
    await Promise.all([this.owner.close(), this.#ap.close()]);
  }
}

export const openNetwork = ['key_mgmt=NONE'] as const;

/** A network of wpa_supplicant's, as a device makes it of what it was given. */
export function networkOf({ ssid: name, password, password_id: passwordId, security }: Granted): string[] {
  if (security === 'wpa3-sae') {
    return [`ssid="${name}"`, `sae_password="${password}"`, `sae_password_id="${passwordId}"`, 'key_mgmt=SAE', 'ieee80211w=2'];
  }
  return [`ssid="${name}"`, `psk="${password}"`, 'key_mgmt=WPA-PSK'];
}

const dhcpClient = `#!/bin/sh
[ "$1" = bound ] || exit 0
ip address flush dev "$interface"
ip address add "$ip/$mask" dev "$interface"
ip route replace default via "$router"
`;

/** udhcpd's configuration for the network of a router such as 10.2.0.1. */
function dhcpServer(face: string, router: string): string {
  const network = router.slice(0, router.lastIndexOf('.'));
  return `interface ${face}
start ${network}.10
end ${network}.60
lease_file /run/leases
opt subnet 255.255.255.0
opt router ${router}
`;
}
