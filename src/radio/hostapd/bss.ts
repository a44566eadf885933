import { LatchkeyError } from '../../domain/errors.ts';
import type { RadioEvent } from '../../roles/agent/ports.ts';
import { ControlProgram } from '../control-program.ts';
import { parseStations, type HostapdStation } from './stations.ts';

export interface BssOptions {
  readonly interface: string;
  /** hostapd's `ctrl_interface`. */
  readonly controlDirectory: string;
  readonly controlProgram?: string | undefined;
  readonly onEvent: (event: RadioEvent) => void;
  /** hostapd answers: for the first time, or another one than before. */
  readonly onUp: () => void;
}

/** One BSS of a running hostapd. All of it may fail with `radio_unreachable`. */
export class Bss {
  readonly name: string;
  readonly #control: ControlProgram;

  constructor({ interface: name, controlDirectory, controlProgram, onEvent, onUp }: BssOptions) {
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
        }
      },
      onUp,
    });
  }

  async ping(): Promise<void> {
    await this.#control.ping();
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

  close(): void {
    this.#control.close();
  }

  async #do(command: string, what: string): Promise<void> {
    const [reply = 'no answer'] = await this.#control.ask(command);
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
  const [, verb, mac = '', grantId] = /^AP-STA-(CONNECTED|DISCONNECTED) ([0-9a-f:]{17})(?: .*?keyid=([A-Za-z0-9_-]+))?/.exec(event) ?? [];
  switch (verb) {
    case 'CONNECTED':
      return { kind: 'joined', bss, mac, grantId };
    case 'DISCONNECTED':
      return { kind: 'left', bss, mac };
    default:
      return undefined;
  }
}
