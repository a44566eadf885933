import { randomUUID } from 'node:crypto';
import { access, constants, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LatchkeyError } from '../../domain/errors.ts';
import { quoted } from '../../domain/shown-text.ts';
import { runAdministrationProgram } from '../../programs/run-administration-program.ts';
import type { Credential, NetworkJoiner, OnNetwork } from '../../roles/device/ports.ts';

export interface NetworkManagerOptions {
  readonly interface: string;
  /** The text of a profile (nm-settings-keyfile(5)) for the network. */
  readonly keyfile: (credential: Credential, uuid: string) => string;
  /** Where NetworkManager keeps its profiles. */
  readonly folder?: string | undefined;
}

/** What there was before, and what was added. */
interface Move {
  /** The profile that the interface was on. */
  readonly from: string | undefined;
  /** Whether that is one to which NetworkManager goes by itself. */
  readonly isFromAutomatic: boolean;
  readonly to: string;
  readonly file: string;
}

interface Ran {
  readonly code: number | undefined;
  readonly output: string;
}

const usualFolder = '/etc/NetworkManager/system-connections';
/** Getting onto the network, and an address. */
const upSeconds = 60;
const backSeconds = 10;

/** nmcli(1), exit status. */
const timedOut = 3;
const notRunning = 8;
const isNotThere = 10;

/** NMDeviceState (NetworkManager's D-Bus API): from here on it is on the network, and without an address. */
const gettingAddress = 70;
const unmanaged = 10;

/**
 * NetworkManager does it. It reads the password from a profile in its own folder (mode 0600), so that is in no argument of
 * nmcli. Errors of opening: `wifi_unavailable`.
 */
export class NetworkManagerJoiner implements NetworkJoiner {
  readonly #interface: string;
  readonly #keyfile: NetworkManagerOptions['keyfile'];
  readonly #folder: string;
  #move: Move | undefined;

  private constructor({ interface: name, keyfile, folder = usualFolder }: NetworkManagerOptions) {
    this.#interface = name;
    this.#keyfile = keyfile;
    this.#folder = folder;
  }

  static async open(options: NetworkManagerOptions, signal: AbortSignal): Promise<NetworkManagerJoiner> {
    const joiner = new NetworkManagerJoiner(options);
    await joiner.#check(signal);
    return joiner;
  }

  async join(credential: Credential, signal: AbortSignal): Promise<OnNetwork> {
    const move = await this.#prepare(signal);
    this.#move = move;
    const { to, file } = move;
    await this.#write(file, this.#keyfile(credential, to));
    await this.#must(['connection', 'load', file], signal);
    const up = await nmcli(['--wait', String(upSeconds), 'connection', 'up', 'uuid', to, 'ifname', this.#interface], signal);
    signal.throwIfAborted();
    if (up.code !== 0) {
      throw await this.#failure(up, credential, signal);
    }
    const address = await this.#address(signal);
    if (address === undefined) {
      throw this.#noAddress('it has given none of IPv4');
    }
    if (move.isFromAutomatic) {
      // It is the next best when this one is away, and would not be left again.
      await this.#setAutomatic(move, 'no', signal);
    }
    return { interface: this.#interface, address, kept: true };
  }

  async back(): Promise<void> {
    const move = this.#move;
    if (move === undefined) {
      return;
    }
    this.#move = undefined;
    const signal = new AbortController().signal;
    await nmcli(['connection', 'delete', 'uuid', move.to], signal);
    await rm(move.file, { force: true });
    if (move.from !== undefined) {
      if (move.isFromAutomatic) {
        await this.#setAutomatic(move, 'yes', signal);
      }
      await this.#must(['--wait', String(backSeconds), 'connection', 'up', 'uuid', move.from, 'ifname', this.#interface], signal);
    }
  }

  async close(): Promise<void> {}

  async #check(signal: AbortSignal): Promise<void> {
    const state = await this.#state(signal);
    if (state === unmanaged) {
      throw unavailable(`NetworkManager does not manage ${this.#interface}.`, `Let it: nmcli device set ${this.#interface} managed yes.`);
    }
    try {
      await access(this.#folder, constants.W_OK);
    } catch (error) {
      throw unavailable(`${this.#folder}, where NetworkManager keeps its profiles, cannot be written.`, 'Run it as root.', error);
    }
  }

  async #prepare(signal: AbortSignal): Promise<Move> {
    const [from] = await this.#values(['GENERAL.CON-UUID', 'device', 'show', this.#interface], signal);
    const [automatic] = from === undefined ? [] : await this.#values(['connection.autoconnect', 'connection', 'show', 'uuid', from], signal);
    const to = randomUUID();
    return { from, isFromAutomatic: automatic === 'yes', to, file: join(this.#folder, `latchkey-${to}.nmconnection`) };
  }

  async #write(file: string, text: string): Promise<void> {
    try {
      await writeFile(file, text, { mode: 0o600, flag: 'wx', flush: true });
    } catch (error) {
      throw unavailable(`${file} could not be written (${(error as NodeJS.ErrnoException).code}).`, undefined, error);
    }
  }

  async #setAutomatic({ from }: Move, value: 'yes' | 'no', signal: AbortSignal): Promise<void> {
    await this.#must(['connection', 'modify', 'uuid', from!, 'connection.autoconnect', value], signal);
  }

  async #address(signal: AbortSignal): Promise<string | undefined> {
    const values = await this.#values(['IP4.ADDRESS', 'device', 'show', this.#interface], signal);
    return values.flatMap((value) => /^(\d+\.\d+\.\d+\.\d+)\/\d+/.exec(value)?.[1] ?? [])[0];
  }

  async #state(signal: AbortSignal): Promise<number> {
    const [state = ''] = await this.#values(['GENERAL.STATE', 'device', 'show', this.#interface], signal);
    return parseInt(state, 10);
  }

  /** The values of one field, as `nmcli -g` prints them. */
  async #values(args: readonly string[], signal: AbortSignal): Promise<string[]> {
    const { output } = await this.#must(['-g', ...args], signal);
    return output.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  }

  async #must(args: readonly string[], signal: AbortSignal): Promise<Ran> {
    const ran = await nmcli(args, signal);
    signal.throwIfAborted();
    if (ran.code !== 0) {
      throw this.#isAway(ran) ?? unavailable(`nmcli does not do what it was told (${lastLine(ran.output)}).`);
    }
    return ran;
  }

  #isAway({ code }: Ran): LatchkeyError | undefined {
    switch (code) {
      case notRunning:
        return unavailable('NetworkManager does not run.');
      case isNotThere:
        return unavailable(`NetworkManager knows no interface ${this.#interface}.`, 'See what there is: nmcli device.');
      default:
        return undefined;
    }
  }

  /** nmcli has one exit code for all that can go wrong here; its words are NMDeviceStateReason’s. */
  async #failure(up: Ran, { ssid }: Credential, signal: AbortSignal): Promise<LatchkeyError> {
    const { code, output } = up;
    const name = quoted(ssid);
    if (/secrets were required/i.test(output)) {
      return new LatchkeyError('wifi_wrong_password', `The access point does not take the password of the network ${name}.`);
    }
    if (/network could not be found/i.test(output)) {
      return new LatchkeyError('wifi_not_found', `The network ${name} was not found.`);
    }
    if (/IP configuration could not be reserved/i.test(output)) {
      return this.#noAddress('no address came by DHCP');
    }
    if (code === timedOut) {
      return (await this.#state(signal)) >= gettingAddress
        ? this.#noAddress('no address came by DHCP')
        : new LatchkeyError('timed_out', `This device did not get onto the network ${name} within ${upSeconds} s.`);
    }
    return this.#isAway(up) ?? new LatchkeyError('wifi_refused', `This device did not get onto the network ${name} (NetworkManager: ${lastLine(output)}).`, {
      hint: 'Look into NetworkManager’s own log.',
    });
  }

  #noAddress(why: string): LatchkeyError {
    return new LatchkeyError('wifi_no_address', `This device is on the network, but has no address there on ${this.#interface}: ${why}.`);
  }
}

async function nmcli(args: readonly string[], signal: AbortSignal): Promise<Ran> {
  let output = '';
  const env = { LC_ALL: 'C.UTF-8' };
  try {
    const code = await runAdministrationProgram(['nmcli', ...args], { signal, env, onOutput: (text) => (output += text) });
    return { code, output };
  } catch (error) {
    throw unavailable('There is no NetworkManager here: its program nmcli is missing.', 'Install it, or use --apply wpa_supplicant.', error);
  }
}

function unavailable(message: string, hint?: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('wifi_unavailable', message, { ...(hint === undefined ? {} : { hint }), cause });
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1)?.replace(/^Error: /, '').replace(/\.$/, '') || 'it says nothing';
}
