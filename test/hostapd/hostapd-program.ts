import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A real hostapd without a radio: it reads its files and answers on its control socket, and no station ever comes. */
export class HostapdProgram {
  readonly folder = mkdtempSync(join(tmpdir(), 'latchkey-hostapd-'));
  readonly controlDirectory = join(this.folder, 'control');
  readonly pskFile = join(this.folder, 'wpa_psk');
  readonly interface = 'lo';
  readonly ssid = 'Home';
  readonly log: string[] = [];
  #child: ChildProcess | undefined;

  constructor(keyManagement: readonly ('WPA-PSK' | 'SAE')[] = ['WPA-PSK'], { vlans = true } = {}) {
    writeFileSync(this.pskFile, '', { mode: 0o600 });
    const lines = [
      `interface=${this.interface}`, 'driver=none', `ctrl_interface=${this.controlDirectory}`, `ssid=${this.ssid}`,
      'wpa=2', `wpa_key_mgmt=${keyManagement.join(' ')}`, 'rsn_pairwise=CCMP', 'ieee80211w=1',
      ...(keyManagement.includes('WPA-PSK') ? [`wpa_psk_file=${this.pskFile}`] : []),
      ...(keyManagement.includes('SAE') ? ['sae_pwe=2'] : []),
      ...(vlans ? ['dynamic_vlan=1'] : []),
    ];
    writeFileSync(this.configuration, `${lines.join('\n')}\n`);
  }

  get configuration(): string {
    return join(this.folder, 'hostapd.conf');
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  async start(): Promise<void> {
    const child = spawn('hostapd', [this.configuration], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    for await (const line of createInterface(child.stdout)) {
      this.log.push(line);
      if (line.includes('AP-ENABLED')) {
        break;
      }
    }
    child.stdout.resume();
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGKILL');
    rmSync(this.folder, { recursive: true });
  }
}
