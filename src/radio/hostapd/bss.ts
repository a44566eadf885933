import { LatchkeyError } from '../../domain/errors.ts';
import type { RadioEvent, Station } from '../../roles/agent/ports.ts';
import { ControlProgram } from '../control-program.ts';
import { parseStations } from './stations.ts';

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

  async stations(): Promise<Station[]> {
    return parseStations(this.name, await this.#control.askProgram('all_sta'));
  }

  /**
   * Has hostapd read its file of keys anew. Stations whose key is gone are disconnected by this; the others do not
   * notice.
   */
  async reloadKeys(): Promise<void> {
    const [reply = 'no answer'] = await this.#control.ask('RELOAD_WPA_PSK');
    if (reply !== 'OK') {
      throw new LatchkeyError('radio_unreachable', `hostapd did not take over the keys for ${this.name} (${reply}).`, { hint: 'Look into hostapd’s own log.' });
    }
  }

  async disconnect(mac: string): Promise<void> {
    await this.#control.ask(`DEAUTHENTICATE ${mac}`);
  }

  close(): void {
    this.#control.close();
  }
}

/** What of a BSS is reachable: what those of its stations have that answer. Errors: `radio_unreachable` (none answers). */
export async function stationsOf(bsses: readonly Bss[]): Promise<Station[]> {
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
