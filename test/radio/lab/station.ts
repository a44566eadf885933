import type { Lab } from './lab.ts';
import type { LabProcess } from './lab-process.ts';

interface StationOptions {
  readonly name: string;
  /** N of phyN and wlanN. */
  readonly radio: number;
}

/** A radio in a network namespace of the station's name, and wpa_supplicant for it. */
export class Station {
  readonly name: string;
  readonly face: string;
  readonly mac: string;
  readonly #lab: Lab;
  #process: LabProcess | undefined;

  private constructor(lab: Lab, { name, radio }: StationOptions) {
    this.#lab = lab;
    this.name = name;
    this.face = `wlan${radio}`;
    this.mac = `02:00:00:00:${radio.toString(16).padStart(2, '0')}:00`;
  }

  static async make(lab: Lab, options: StationOptions): Promise<Station> {
    await lab.namespace(options.name);
    await lab.moveRadio(options.radio, options.name);
    return new Station(lab, options);
  }

  /** wpa_supplicant as it runs now, for its events. */
  get process(): LabProcess {
    if (this.#process === undefined) {
      throw new Error(`${this.name} has not been started`);
    }
    return this.#process;
  }

  /** Starts wpa_supplicant anew with these lines of a network, such as `ssid="cafe"`, or with none. */
  async start(network?: readonly string[], settings: readonly string[] = []): Promise<LabProcess> {
    await this.#process?.stop();
    const file = this.#lab.write(`${this.name}/wpa_supplicant.conf`, supplicantConfiguration(network, settings));
    const command = `wpa_supplicant -i ${this.face} -D nl80211 -c ${file}`;
    this.#process = await this.#lab.start(this.name, command, { namespace: this.name });
    return this.#process;
  }

  /** Starts wpa_supplicant anew and waits until it has joined the network. */
  async join(network: readonly string[], settings?: readonly string[]): Promise<void> {
    const process = await this.start(network, settings);
    await process.until(/CTRL-EVENT-CONNECTED/);
  }

  /** Makes it forget that it failed before, for which it would wait, and try again. */
  async retry(): Promise<void> {
    await this.command('BSSID_IGNORE clear');
    await this.command('SELECT_NETWORK 0');
  }

  /** Sends a command to the control socket, once it is there, and resolves with the answer. */
  async command(command: string): Promise<string> {
    // wpa_supplicant does not say when it is.
    const there = `until [ -S /run/wpa_supplicant/${this.face} ]; do usleep 10000; done`;
    return (await this.#lab.do(`${there}; wpa_cli -p /run/wpa_supplicant -i ${this.face} raw ${command}`)).trim();
  }

  /** Takes this address, such as 10.1.0.2/24, and no other. */
  async address(address: string): Promise<void> {
    const commands = `ip address flush dev ${this.face} && ip address add ${address} dev ${this.face}`;
    await this.#lab.do(commands, { namespace: this.name });
  }

  /** Whether the address answers in so many seconds. */
  async reaches(address: string, seconds = 5): Promise<boolean> {
    const { code } = await this.#lab.run(`ping -c 1 -W ${seconds} ${address}`, { namespace: this.name });
    return code === 0;
  }
}

/**
 * All access points of the lab are on channel 1: to look at no other takes a tenth of the time. Their beacons come in
 * time for a scan; their answers to one, if several networks are to answer, often do not, and the next is 5 s later.
 */
function supplicantConfiguration(network: readonly string[] | undefined, settings: readonly string[]): string {
  const lines = ['ctrl_interface=/run/wpa_supplicant', 'p2p_disabled=1', 'freq_list=2412', 'passive_scan=1', ...settings];
  return [...lines, ...(network === undefined ? [] : ['network={', ...network, '}']), ''].join('\n');
}
