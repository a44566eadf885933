import { Buffer } from 'node:buffer';
import { LatchkeyError } from '../../domain/errors.ts';
import { wpaKey } from '../../protocol/wpa-key.ts';
import type { Credential, NetworkJoiner, OnNetwork } from '../../roles/device/ports.ts';
import { ControlProgram } from '../control-program.ts';
import { Association, type Heard } from './association.ts';
import { InterfaceAddress } from './interface-address.ts';
import { parseNetworks } from './networks.ts';

export interface WpaSupplicantOptions {
  readonly interface: string;
  /** wpa_supplicant's `ctrl_interface`; wpa_cli knows where it usually is. */
  readonly controlDirectory?: string | undefined;
  readonly address?: InterfaceAddress | undefined;
  /** How long it may take to get onto a network. */
  readonly associationMs?: number | undefined;
}

/** What there was before, and what was added. */
interface Move {
  /** The network that the interface was on. */
  readonly from: number | undefined;
  /** Those that it might have gone to. */
  readonly enabled: readonly number[];
  to: number | undefined;
  isKept: boolean;
}

const usualAssociationMs = 30_000;
const backMs = 10_000;

/**
 * The wpa_supplicant that runs for the interface does it, over its control interface (wpa_ctrl.h): the network is added
 * to those that it knows and is the one that it selects. Errors of opening: `wifi_unavailable`.
 */
export class WpaSupplicantJoiner implements NetworkJoiner {
  readonly #interface: string;
  readonly #associationMs: number;
  readonly #address: InterfaceAddress;
  readonly #control: ControlProgram;
  #hear: (event: string) => void = () => {};
  #fail: (error: LatchkeyError) => void = () => {};
  #move: Move | undefined;

  private constructor({ interface: name, controlDirectory, address, associationMs }: WpaSupplicantOptions, onUp: () => void, onDown: (error: LatchkeyError) => void) {
    this.#interface = name;
    this.#associationMs = associationMs ?? usualAssociationMs;
    this.#address = address ?? new InterfaceAddress(name);
    this.#fail = onDown;
    this.#control = new ControlProgram({
      daemon: 'wpa_supplicant',
      directory: controlDirectory,
      interface: name,
      trouble: 'wifi_unavailable',
      onEvent: (event) => this.#hear(event),
      onUp,
      onDown: (error) => this.#fail(error),
    });
  }

  static async open(options: WpaSupplicantOptions): Promise<WpaSupplicantJoiner> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const joiner = new WpaSupplicantJoiner(options, resolve, reject);
    try {
      await promise;
      return joiner;
    } catch (error) {
      await joiner.close();
      throw error;
    }
  }

  async join(credential: Credential, signal: AbortSignal): Promise<OnNetwork> {
    await this.#address.remember(signal);
    const networks = parseNetworks(await this.#control.ask('LIST_NETWORKS'));
    const move: Move = {
      from: networks.find(({ isCurrent }) => isCurrent)?.id,
      enabled: networks.filter(({ isEnabled }) => isEnabled).map(({ id }) => id),
      to: undefined,
      isKept: false,
    };
    signal.throwIfAborted();
    this.#move = move;
    const to = await this.#add(credential);
    await this.#select(to, new Association(to, credential.ssid), this.#associationMs, signal);
    const address = await this.#address.obtain(signal);
    await this.#settle(move, to);
    return { interface: this.#interface, address, kept: move.isKept };
  }

  async back(): Promise<void> {
    const move = this.#move;
    if (move === undefined) {
      return;
    }
    this.#move = undefined;
    const { from, to, enabled, isKept } = move;
    if (to !== undefined) {
      await this.#control.ask(`REMOVE_NETWORK ${to}`);
    }
    const on = from === undefined ? undefined : this.#select(from, new Association(from, ''), backMs, new AbortController().signal);
    // Selecting one has disabled the others.
    const others = enabled.filter((id) => id !== from);
    await Promise.all([
      ...others.map((id) => this.#control.ask(`ENABLE_NETWORK ${id}${from === undefined ? '' : ' no-connect'}`)),
      ...(isKept ? [this.#control.ask('SAVE_CONFIG')] : []),
      this.#address.restore(),
      on,
    ]);
  }

  async close(): Promise<void> {
    this.#fail = () => {};
    this.#control.close();
  }

  async #add(credential: Credential): Promise<number> {
    const [answer = 'no answer'] = await this.#control.ask('ADD_NETWORK');
    const id = Number(answer);
    if (!/^\d+$/.test(answer)) {
      throw this.#unwilling('takes no further network', answer);
    }
    this.#move!.to = id;
    for (const [name, value] of variables(credential)) {
      const [reply = 'no answer'] = await this.#control.ask(`SET_NETWORK ${id} ${name} ${value}`);
      if (reply !== 'OK') {
        throw this.#unwilling(`does not take the ${name} of the network`, reply);
      }
    }
    return id;
  }

  /** Leaves whatever network it is on for this one, and resolves when it is there. */
  async #select(id: number, association: Association, withinMs: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const select = () => void this.#control.ask(`SELECT_NETWORK ${id}`).then(([reply = 'no answer']) => {
      if (reply !== 'OK') {
        reject(this.#unwilling('does not select the network', reply));
      }
    }, reject);
    const onAbort = () => reject(signal.reason);
    const timer = setTimeout(() => reject(association.overdue(withinMs / 1000)), withinMs);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) {
      onAbort();
    }
    this.#fail = reject;
    this.#hear = (event) => act(association.hear(event));
    const act = (heard: Heard) => {
      if (heard === 'on') {
        resolve();
      } else if (heard === 'again') {
        select();
      } else if (heard !== undefined) {
        reject(heard);
      }
    };
    try {
      select();
      await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      this.#hear = () => {};
      this.#fail = () => {};
    }
  }

  /**
   * The networks that it also knew are there again for when this one is not, but for the one that was left, which it would
   * not leave again by itself, and earlier ones of the same name, whose password is another.
   */
  async #settle(move: Move, to: number): Promise<void> {
    const networks = parseNetworks(await this.#control.ask('LIST_NETWORKS'));
    const ssid = networks.find(({ id }) => id === to)?.ssid;
    const others = networks.filter((network) => move.enabled.includes(network.id) && network.id !== move.from && network.ssid !== ssid);
    for (const { id } of others) {
      await this.#control.ask(`ENABLE_NETWORK ${id} no-connect`);
    }
    const [reply] = await this.#control.ask('SAVE_CONFIG');
    move.isKept = reply === 'OK';
  }

  #unwilling(what: string, reply: string): LatchkeyError {
    return new LatchkeyError('wifi_unavailable', `wpa_supplicant ${what} (${reply}).`, { hint: 'Look into wpa_supplicant’s own log.' });
  }
}

/** A network's variables (wpa_supplicant.conf(5)), in hexadecimal, which nothing between here and there can misread. */
function variables({ ssid, password, security }: Credential): readonly (readonly [name: string, value: string])[] {
  const name = ['ssid', Buffer.from(ssid).toString('hex')] as const;
  return security === 'wpa3-sae'
    ? [name, ['key_mgmt', 'SAE'], ['ieee80211w', '2'], ['sae_password', Buffer.from(password).toString('hex')]]
    : [name, ['key_mgmt', 'WPA-PSK'], ['psk', wpaKey(password, ssid)]];
}
