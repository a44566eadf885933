import type { Lab } from './lab.ts';
import type { LabProcess, UntilOptions } from './lab-process.ts';
import type { Station } from './station.ts';

interface AccessPointOptions {
  readonly name: string;
  /** As hostapd takes it; each network in it has `ctrl_interface=/run/hostapd`. */
  readonly configuration: string;
  readonly namespace?: string;
}

/** hostapd in the guest. */
export class AccessPoint {
  readonly process: LabProcess;
  readonly #lab: Lab;

  private constructor(lab: Lab, process: LabProcess) {
    this.#lab = lab;
    this.process = process;
  }

  /** Starts it and waits until it is on the air. */
  static async start(lab: Lab, { name, configuration, namespace }: AccessPointOptions): Promise<AccessPoint> {
    const file = lab.write(`${name}/hostapd.conf`, configuration);
    const process = await lab.start(name, `hostapd ${file}`, namespace === undefined ? {} : { namespace });
    await process.until(/AP-ENABLED/);
    const ap = new AccessPoint(lab, process);
    if (/^wpa_key_mgmt=.*(?:OWE|DPP)/m.test(configuration)) {
      await ap.#warmUp(/^interface=(.+)/m.exec(configuration)![1]!);
    }
    return ap;
  }

  /** Waits until a station is in, and resolves with the `keyid` of the key that it has shown, if that has one. */
  async joined({ mac }: Pick<Station, 'mac'>, options: UntilOptions = {}): Promise<string | undefined> {
    const [, keyid] = await this.process.until(new RegExp(`AP-STA-CONNECTED ${mac}(?: keyid=(\\S+))?.*\\n`), options);
    return keyid;
  }

  /**
   * The first use of elliptic curves takes hostapd longer than a station waits for an answer; it asks again, gets
   * another key, and the two fail. So this makes a key, and drops it.
   */
  async #warmUp(face: string): Promise<void> {
    const id = await this.command(face, 'DPP_BOOTSTRAP_GEN type=qrcode');
    await this.command(face, `DPP_BOOTSTRAP_REMOVE ${id}`);
  }

  /** Sends a command to the control socket of one of its interfaces, and resolves with the answer. */
  async command(face: string, command: string): Promise<string> {
    return (await this.#lab.do(`hostapd_cli -p /run/hostapd -i ${face} raw ${command}`)).trim();
  }
}
