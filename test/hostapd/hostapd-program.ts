import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** A real hostapd without a radio, on `lo`: it reads its files and answers on its control socket, and no station ever comes. */
export class HostapdProgram implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'latchkey-hostapd-'));
  readonly controlDirectory = join(this.folder, 'control');
  readonly configuration = join(this.folder, 'hostapd.conf');
  #child: ChildProcess | undefined;

  /** `textOf` makes its configuration, for the folder in which its control sockets are to be. */
  constructor(textOf: (program: HostapdProgram) => string) {
    writeFileSync(this.configuration, textOf(this));
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  /** Resolves when it serves. Throws what it says if it refuses. */
  async start(): Promise<void> {
    const child = spawn('hostapd', [this.configuration], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    const said: string[] = [];
    for await (const line of createInterface(child.stdout)) {
      said.push(line);
      if (line.includes('AP-ENABLED')) {
        child.stdout.resume();
        return;
      }
    }
    throw new Error(said.join('\n'));
  }

  /** What it says of its network, by name. */
  async status(): Promise<Record<string, string>> {
    const { stdout } = await execute('hostapd_cli', ['-p', this.controlDirectory, '-i', 'lo', 'status']);
    return Object.fromEntries(stdout.split('\n').map((line) => [line.split('=', 1)[0]!, line.slice(line.indexOf('=') + 1)]));
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill(signal);
      await gone;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGKILL');
    rmSync(this.folder, { recursive: true });
  }
}

/** One whose network gives each grant a password of its own. */
export class HostapdForGrants extends HostapdProgram {
  readonly ssid = 'Home';
  readonly pskFile = join(this.folder, 'wpa_psk');

  constructor(keyManagement: readonly ('WPA-PSK' | 'SAE')[] = ['WPA-PSK'], { vlans = true } = {}) {
    super(({ folder, controlDirectory }) => [
      'interface=lo', 'driver=none', `ctrl_interface=${controlDirectory}`, 'ssid=Home',
      'wpa=2', `wpa_key_mgmt=${keyManagement.join(' ')}`, 'rsn_pairwise=CCMP', 'ieee80211w=1',
      ...(keyManagement.includes('WPA-PSK') ? [`wpa_psk_file=${join(folder, 'wpa_psk')}`] : []),
      ...(keyManagement.includes('SAE') ? ['sae_pwe=2'] : []),
      ...(vlans ? ['dynamic_vlan=1'] : []),
      '',
    ].join('\n'));
    writeFileSync(this.pskFile, '', { mode: 0o600 });
  }
}
