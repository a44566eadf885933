import type { Lab } from './lab.ts';
import type { LabProcess } from './lab-process.ts';

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
    return new AccessPoint(lab, process);
  }

  /** Sends a command to the control socket of one of its interfaces, and resolves with the answer. */
  async command(face: string, command: string): Promise<string> {
    return (await this.#lab.do(`hostapd_cli -p /run/hostapd -i ${face} raw ${command}`)).trim();
  }
}
