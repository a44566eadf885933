import { LatchkeyError } from '../../domain/errors.ts';
import type { RadioEvent } from '../../roles/agent/radio.ts';
import { ControlProgram } from '../control-program.ts';
import { unescaped } from './read-configuration.ts';
import { parseStations, type HostapdStation } from './stations.ts';

export interface BssOptions {
  readonly interface: string;
  /** hostapd's `ctrl_interface`. */
  readonly controlDirectory: string;
  readonly controlProgram?: string | undefined;
  readonly onEvent: (event: RadioEvent) => void;
  /** Hears hostapd’s own events of DPP, such as `DPP-CONF-SENT`. */
  readonly onDpp?: ((event: string) => void) | undefined;
  /** hostapd answers: for the first time, or another one than before. */
  readonly onUp: () => void;
}

/** What hostapd says of a BSS. */
export interface BssOnAir {
  readonly bssid: string;
  /** Its name without spaces at its end, which do not come through. */
  readonly ssid: Uint8Array;
  readonly isEnabled: boolean;
}

/** Elliptic curves take the processors of small access points their time. */
const slowMs = 10_000;

/** One BSS of a running hostapd. All of it may fail with `radio_unreachable`. */
export class Bss {
  readonly name: string;
  readonly #control: ControlProgram;

  constructor({ interface: name, controlDirectory, controlProgram, onEvent, onDpp, onUp }: BssOptions) {
    this.name = name;
    this.#control = new ControlProgram({
      daemon: 'hostapd',
      program: controlProgram,
      directory: controlDirectory,
      interface: name,
      trouble: 'radio_unreachable',
      onEvent: (event) => {
        const told = radioEvent(name, event);
        if (told !== undefined) {
          onEvent(told);
        } else if (event.startsWith('DPP-')) {
          onDpp?.(event);
        }
      },
      onUp,
    });
  }

  async ping(): Promise<void> {
    await this.#control.ping();
  }

  async onAir(): Promise<BssOnAir> {
    const lines = await this.#control.ask('STATUS');
    const values = new Map(lines.map((line) => [line.split('=', 1)[0]!, line.slice(line.indexOf('=') + 1)]));
    const place = [...values].find(([name, value]) => /^bss\[\d+\]$/.test(name) && value === this.name)?.[0].slice('bss'.length);
    const [bssid, ssid] = [values.get(`bssid${place}`), values.get(`ssid${place}`)];
    if (bssid === undefined || ssid === undefined) {
      throw new LatchkeyError('radio_unreachable', `hostapd says nothing of ${this.name}.`, { hint: 'Look into hostapd’s own log.' });
    }
    return { bssid, ssid: unescaped(ssid, 'latin1'), isEnabled: values.get('state') === 'ENABLED' };
  }

  /**
   * Another name in its beacons and answers, until it reads its configuration. All else stays: those that are on stay on,
   * and the keys are those of the first name.
   */
  async rename(ssid: Uint8Array): Promise<void> {
    await this.#do(`SET ssid2 ${Buffer.from(ssid).toString('hex')}`, 'take a name');
    await this.#do('UPDATE_BEACON', 'send a name');
  }

  /**
   * Has the elements that SAE derives from password and name derived anew, which hostapd (2.10) does when it is set how
   * they are derived. It also does so at each password that it takes, by the name of that moment.
   */
  async deriveAnew(saePwe: string): Promise<void> {
    await this.#do(`SET sae_pwe ${saePwe}`, 'derive its passwords anew', slowMs);
  }

  async stations(): Promise<HostapdStation[]> {
    return parseStations(this.name, await this.#control.askProgram('all_sta'));
  }

  /**
   * Has hostapd read its file of keys anew. Stations whose key is gone are disconnected by this; the others do not
   * notice.
   */
  async reloadKeys(): Promise<void> {
    await this.#do('RELOAD_WPA_PSK', 'take over the keys');
  }

  /** One more SAE password, as `sae_password=` has it in hostapd.conf: before all that it has. */
  async takePassword(value: string): Promise<void> {
    await this.#do(`SET sae_password ${value}`, 'take a password');
  }

  /** The addresses that may not come on. */
  async denied(): Promise<string[]> {
    const lines = await this.#control.ask('DENY_ACL SHOW');
    return lines.flatMap((line) => /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}(?= )/.exec(line)?.[0] ?? []);
  }

  /** Disconnects a station and lets it no longer on, until hostapd reads its configuration. */
  async deny(mac: string): Promise<void> {
    await this.#do(`DENY_ACL ADD_MAC ${mac}`, 'deny a station');
  }

  async allow(mac: string): Promise<void> {
    await this.#do(`DENY_ACL DEL_MAC ${mac}`, 'allow a station');
  }

  /** Those that are on stay on; whoever comes has to show its password again. */
  async forgetSessions(): Promise<void> {
    await this.#do('PMKSA_FLUSH', 'forget sessions');
  }

  async disconnect(mac: string): Promise<void> {
    await this.#control.ask(`DEAUTHENTICATE ${mac}`);
  }

  /** Makes a device known by its DPP URI; resolves to hostapd's number for it. */
  async addDppPeer(uri: string): Promise<number> {
    // Else it would try for minutes to reach a device that has gone.
    await this.#do('SET dpp_init_max_tries 1', 'prepare for DPP');
    const [reply = 'no answer'] = await this.#control.ask(`DPP_QR_CODE ${uri}`, slowMs);
    if (!/^\d+$/.test(reply)) {
      throw new LatchkeyError('radio_unreachable', `hostapd took no DPP device for ${this.name} (${reply}).`, { hint: 'It must be built with DPP, as Debian’s is.' });
    }
    return Number(reply);
  }

  /** A hostapd that was started anew knows nothing of it anyway. */
  async forgetDppPeer(peer: number): Promise<void> {
    await this.#control.ask(`DPP_BOOTSTRAP_REMOVE ${peer}`);
  }

  /** Begins the exchange in which a device proves itself and is given a network, in place of any other that this BSS is in. */
  async beginDpp(peer: number, { ssid, password }: { readonly ssid: string; readonly password: string }): Promise<void> {
    const hex = (text: string) => Buffer.from(text).toString('hex');
    await this.#do(`DPP_AUTH_INIT peer=${peer} conf=sta-psk ssid=${hex(ssid)} pass=${hex(password)}`, 'begin with a DPP device', slowMs);
  }

  /**
   * Has it answer no device by itself that announces itself: it would have nothing for it, and its others would answer
   * too. There is no such setting; but what is to be given by a configurator that does not exist it does not begin (2.10).
   */
  async leaveDppToUs(): Promise<void> {
    await this.#do('SET dpp_configurator_params configurator=0', 'leave DPP to the agent');
  }

  close(): void {
    this.#control.close();
  }

  async #do(command: string, what: string, withinMs?: number): Promise<void> {
    const [reply = 'no answer'] = await this.#control.ask(command, withinMs);
    if (reply !== 'OK') {
      throw new LatchkeyError('radio_unreachable', `hostapd did not ${what} for ${this.name} (${reply}).`, { hint: 'Look into hostapd’s own log.' });
    }
  }
}

/** What of a BSS is reachable: what those of its stations have that answer. Errors: `radio_unreachable` (none answers). */
export async function stationsOf(bsses: readonly Bss[]): Promise<HostapdStation[]> {
  const answers = await Promise.allSettled(bsses.map((bss) => bss.stations()));
  const failed = answers.filter((answer) => answer.status === 'rejected');
  if (failed.length === answers.length && failed[0] !== undefined) {
    throw failed[0].reason;
  }
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
}

function radioEvent(bss: string, event: string): RadioEvent | undefined {
  const [, mac, grantId] = /^AP-STA-CONNECTED ([0-9a-f:]{17})(?: .*?keyid=([A-Za-z0-9_-]+))?/.exec(event) ?? [];
  return mac === undefined ? undefined : { kind: 'joined', bss, mac, grantId };
}
